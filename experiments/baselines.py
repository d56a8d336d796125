"""What a recurrent network has to beat: the most frequent class, and classifiers of word counts."""

import keras
import numpy as np
from keras import layers

import data
from training import evaluation

EMBED_SIZE, BATCH_SIZE, EPOCHS, LEARNING_RATE = 64, 128, 2, 0.004
VOCAB_SIZE, BUCKETS = 30000, 32


def majority_class(train_labels, test_labels):
    """Computes the test accuracy of always predicting the most frequent class in train.

    Args:
        train_labels, test_labels: int arrays.
    """
    return float(np.mean(test_labels == np.bincount(train_labels).argmax()))


def tf_idf(train, test, text):
    """Trains a logistic regression on TF-IDF of words and pairs of words.

    Args:
        train, test: `corpus.Rows`.
        text: "title" or "title+description".

    Returns:
        (test accuracy, number of parameters); None without scikit-learn, or if no word of two
        letters or more occurs twice, or if all rows have the same class.
    """
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
    except ModuleNotFoundError:
        return None
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    model = LogisticRegression(C=10, max_iter=1000)
    try:
        model.fit(vectorizer.fit_transform(train.texts(text)), train.labels)
    except ValueError:
        return None
    accuracy = model.score(vectorizer.transform(test.texts(text)), test.labels)
    return float(accuracy), model.coef_.size + model.intercept_.size


def bag_of_words(corpus, text, seed):
    """Trains a network on the mean of a text's word vectors, which ignores the order of words.

    After Joulin et al., Bag of Tricks for Efficient Text Classification (fastText):
    https://arxiv.org/abs/1607.01759, without n-grams.

    Args:
        corpus: a `corpus.Corpus`.
        text: "title" or "title+description".
        seed: of the initial weights and the order of the batches.

    Returns:
        (test accuracy, number of parameters).
    """
    keras.utils.set_random_seed(seed)
    vectorizer = data.fit_vectorizer(corpus.train, text, VOCAB_SIZE)
    train, test = (data.vectorize(vectorizer, rows) for rows in (corpus.train, corpus.test))
    batches = data.TrainingBatches(train, BATCH_SIZE, BUCKETS, seed)
    model = keras.Sequential(
        [
            keras.Input(shape=(None,), dtype="int32"),
            layers.Embedding(vectorizer.vocabulary_size(), EMBED_SIZE, mask_zero=True),
            layers.GlobalAveragePooling1D(),
            layers.Dense(len(corpus.classes), activation="softmax"),
        ]
    )
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, EPOCHS * len(batches))
    model.compile(
        keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy", jit_compile=False
    )
    model.fit(batches.dataset(), epochs=EPOCHS, callbacks=[batches], verbose=0, shuffle=False)
    test_batches = data.evaluation_batches(test, batches.boundaries)
    matrix = evaluation.confusion_matrix(model, test_batches)
    return float(matrix.trace() / matrix.sum()), model.count_params()

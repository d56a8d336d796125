"""What a recurrent network has to beat: the most frequent class, and the counting of words."""

import keras
import numpy as np
from keras import layers

import data
from training import evaluation

EMBED_SIZE, BATCH_SIZE, EPOCHS, LEARNING_RATE = 64, 128, 2, 0.004
VOCAB_SIZE, BUCKETS = 30000, 32


def majority_class(train_labels, test_labels):
    """Test accuracy of the class that is most frequent in train, whatever the text.

    Args:
        train_labels, test_labels: int arrays.
    """
    return float(np.mean(test_labels == np.bincount(train_labels).argmax()))


def tf_idf(train, test, text):
    """Trains a logistic regression on which words, and pairs of words, stand in a text how often.

    Args:
        train, test: `corpus.Rows`.
        text: "title" or "title+description".

    Returns:
        (test accuracy, number of parameters); None without scikit-learn, or where no word of two
        letters or more occurs twice or all rows have one class.
    """
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
    except ModuleNotFoundError:
        return None
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    try:
        words = vectorizer.fit_transform(train.texts(text))
        model = LogisticRegression(C=10, max_iter=1000).fit(words, train.labels)
    except ValueError:
        return None
    right = model.predict(vectorizer.transform(test.texts(text))) == test.labels
    return float(np.mean(right)), model.coef_.size + model.intercept_.size


def bag_of_words(corpus, text, seed):
    """Trains a network that averages the vectors of a text's words, in whatever order they come.

    After Joulin et al., Bag of Tricks for Efficient Text Classification (fastText):
    https://arxiv.org/abs/1607.01759; single words, no n-grams.

    Args:
        corpus: a `corpus.Corpus`.
        text: "title" or "title+description".
        seed: of the initial weights and the order of the batches.

    Returns:
        (test accuracy, number of parameters).
    """
    keras.utils.set_random_seed(seed)
    vectorizer = data.fit_vectorizer(corpus.train, text, VOCAB_SIZE)
    train = data.vectorize(vectorizer, corpus.train, text)
    test = data.vectorize(vectorizer, corpus.test, text)
    batches = data.TrainingBatches(train, BATCH_SIZE, BUCKETS, seed)
    classes = len(corpus.classes)
    model = keras.Sequential(
        [
            keras.Input(shape=(None,), dtype="int32"),
            layers.Embedding(vectorizer.vocabulary_size(), EMBED_SIZE, mask_zero=True),
            layers.GlobalAveragePooling1D(),
            layers.Dense(classes, activation="softmax"),
        ]
    )
    steps = EPOCHS * len(batches)
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    model.compile(
        keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy", jit_compile=False
    )
    for batches.epoch in range(EPOCHS):
        model.fit(batches.dataset(), verbose=0, shuffle=False)
    test_batches = data.evaluation_batches(test, batches.boundaries)
    matrix = evaluation.confusion_matrix(model, test_batches)
    return evaluation.accuracy(matrix), model.count_params()

from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import in_one_line
from corpus.rows import Rows, held_out


def test_hash_order_forgets_the_order_of_the_source():
    rows = Rows(
        np.arange(4, dtype=np.int32).repeat(5),
        np.array([f"title {i}" for i in range(20)], dtype=object),
        np.array([f"text {i}" for i in range(20)], dtype=object),
    )
    ordered, content_hash = rows.in_hash_order()
    again, same_hash = rows[np.random.default_rng(0).permutation(20)].in_hash_order()
    assert ordered.titles.tolist() == again.titles.tolist() != rows.titles.tolist()
    assert content_hash == same_hash
    changed, other_hash = rows[:19].in_hash_order()
    assert other_hash != content_hash


def test_a_title_alone_is_the_whole_text():
    rows = Rows(np.zeros(3), np.array(["t", "", "t"], object), np.array(["d", "d", ""], object))
    assert rows.texts("title+description").tolist() == ["t d", "d", "t"]
    assert rows.texts("title").tolist() == ["t", "", "t"]


def test_columns_are_checked():
    with pytest.raises(ValueError, match="description"):
        Rows(np.zeros(0), np.zeros(0), np.zeros(0)).texts("description")


@pytest.mark.parametrize(
    ("titles", "descriptions", "spaces"),
    [
        (["国际足联宣布新的比赛规则"], [""], False),
        (["国际足联宣布新的比赛规则"], ["规则将在下个赛季开始实行"], False),
        (["New rules of the game"], ["They begin with the next season"], True),
        (["Yes", "No"], ["", ""], True),
    ],
)
def test_languages_without_spaces_are_noticed(titles, descriptions, spaces):
    rows = Rows(
        np.zeros(len(titles), int), np.array(titles, object), np.array(descriptions, object)
    )
    assert rows.has_spaces("title+description") == spaces


def test_what_a_library_says_is_told_in_one_line():
    assert in_one_line(ValueError("no\n  such   file\n")) == "no such file"
    assert in_one_line(OSError()) == "OSError"
    assert in_one_line(ValueError("words " * 99)) == "words " * 32 + "..."
    assert in_one_line(TypeError("It could not. Exception encountered: no class X")) == "no class X"


LABELLED = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=12)


def split(rows):
    """Rows, pairs of a class and a text, as `held_out` splits them: (train, held out)."""
    aside = held_out(*np.array(rows).T)
    return [
        [row for row, is_aside in zip(rows, aside, strict=True) if is_aside == side]
        for side in (False, True)
    ]


def classes(rows):
    return {label for label, _ in rows}


@given(LABELLED)
def test_equal_texts_stay_together_and_then_classes_are_in_train_and_then_held_out(rows):
    train, aside = split(rows)
    texts = {text for _, text in rows}
    assert {text for _, text in train}.isdisjoint(text for _, text in aside)
    assert classes(train) == classes(rows)
    most = 0
    for chosen in chain.from_iterable(combinations(texts, n) for n in range(len(texts))):
        sides = [[row for row in rows if (row[1] in chosen) == side] for side in (False, True)]
        if classes(sides[0]) == classes(rows):
            most = max(most, len(classes(sides[1])))
    assert len(classes(aside)) == most


@given(st.lists(st.integers(0, 4), min_size=1, max_size=200))
def test_of_different_texts_the_last_tenth_of_each_class_is_held_out(labels):
    labels = np.array(labels)
    aside = held_out(labels, np.random.default_rng(0).permutation(len(labels)))
    for label in set(labels.tolist()):
        rows = np.flatnonzero(labels == label)
        count = -(-len(rows) // 10) if len(rows) > 1 else 0
        assert np.flatnonzero(aside[rows]).tolist() == [*range(len(rows) - count, len(rows))]


@pytest.mark.parametrize("labels", [[0] * 200, [0, 1, 2, 3] * 50, [0, 1, 2, 3] * 4])
def test_a_text_of_half_of_all_rows_is_not_held_out_where_others_serve(labels):
    rows = [(i % 4, i) for i in range(len(labels))] + [(label, 200) for label in labels]
    aside = np.array(split(rows)[1])
    assert 200 not in aside[:, 1]
    tenth = -(-np.bincount([label for label, _ in rows]) // 10)
    assert np.bincount(aside[:, 0]).tolist() == tenth.tolist()

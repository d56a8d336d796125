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
        (["日本代表が勝利　決勝へ進出"], ["選手 が 東京 で 会見"], False),
        (["新华社 北京 Apple 发布 新款 手机"], ["他 说 这 很 重要"], False),
        (["ธนาคารประกาศ กำไร เพิ่มขึ้น"], ["ทีมชาติ ชนะ การแข่งขัน"], False),
        (["ທະນາຄານ ປະກາດ ກຳໄລ"], ["ທີມຊາດ ຊະນະ"], False),
        (["ធនាគារ ប្រកាស ប្រាក់ចំណេញ"], ["ក្រុម ឈ្នះ"], False),
        (["ဘဏ် အမြတ် တိုးတက်"], ["အသင်း အနိုင်ရ"], False),
        (["대표팀이 결승에 진출했다"], ["은행의 이익이 늘었다"], True),
        (["The word 日本 means Japan"], ["So does Nippon"], True),
        (["some_words_without_spaces"], [""], False),
        (["12 34 56", "!!! ..."], ["7 8", ""], True),
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
def test_equal_texts_stay_together_and_every_class_stays_in_train(rows):
    train, aside = split(rows)
    assert {text for _, text in train}.isdisjoint(text for _, text in aside)
    assert classes(train) == classes(rows)


@given(st.lists(st.integers(0, 15), min_size=1, max_size=30))
def test_each_class_with_two_texts_is_on_both_sides(texts):
    _, aside = split([(text % 4, text) for text in texts])
    assert classes(aside) == {c for c in range(4) if len({t for t in texts if t % 4 == c}) > 1}


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

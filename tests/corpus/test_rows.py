import numpy as np
import pytest

from corpus.errors import in_one_line
from corpus.rows import Rows


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

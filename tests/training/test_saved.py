import dataclasses
import json
import zipfile

import keras
import pytest

from training import saved

READING = saved.Reading(("no", "yes"), ("0", "1"), ("text",), "title", "characters")


@pytest.fixture
def file(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    saved.save(model, READING, tmp_path / "m.keras")
    return tmp_path / "m.keras"


def test_what_was_saved_is_in_the_file_that_keras_loads(file):
    assert keras.models.load_model(file, safe_mode=True).output_shape == (None, 2)
    assert saved.reading_of(file, 2) == READING


def test_a_file_of_keras_alone_has_numbers_for_classes(tmp_path):
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)]).save(tmp_path / "m.keras")
    assert saved.reading_of(tmp_path / "m.keras", 3).classes == ("1", "2", "3")


@pytest.mark.parametrize(("made", "newer"), [("99.1.0", "99.1.0"), ("3.0.0", None), ("x", None)])
def test_a_newer_keras_is_told(made, newer, tmp_path):
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as file:
        file.writestr("metadata.json", json.dumps({"keras_version": made}))
    assert saved.newer_keras(tmp_path / "m.keras") == newer
    assert saved.newer_keras(tmp_path / "absent.keras") is None


@pytest.mark.parametrize(
    "changed",
    [
        {"classes": ["no"], "labels": ["0"]},
        {"classes": [0, 1]},
        {"classes": "ab"},
        {"classes": ["a", "a"]},
        {"labels": ["0", "0"]},
        {"text": "x"},
        {"tokens": []},
        {"more": 1},
    ],
)
def test_damage_is_noticed(changed, tmp_path):
    check_damaged(dataclasses.asdict(READING) | changed, tmp_path / "m.keras")


@pytest.mark.parametrize("values", [[], {"classes": ["no", "yes"]}])
def test_what_is_no_reading_is_damage(values, tmp_path):
    check_damaged(values, tmp_path / "m.keras")


def check_damaged(values, path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(saved.MEMBER, json.dumps(values))
    with pytest.raises(ValueError, match="damaged"):
        saved.reading_of(path, 2)

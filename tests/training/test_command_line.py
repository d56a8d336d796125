import re
from dataclasses import dataclass
from typing import Literal

import pytest
from conftest import status

import compare
import demo
import predict
import reproduce
import sweep
import train_bilstm
import train_lstm
import train_rnn
from training import Recipe, Switches
from training.command_line import parse
from training.recipes import flags


@dataclass(frozen=True)
class Hyperparameters(Switches):
    # What the network reads.
    text: Literal["title", "title+description"] = "title"
    units: int = 16
    mask: bool = False
    learning_rate: float = 0.001


RECIPES = {"small": Recipe("few units", 0.8), "large": Recipe("many units", units=64)}


def parsed(*arguments, kind=Hyperparameters, recipes=RECIPES):
    return parse("train_rnn", "Trains.", kind, recipes, arguments)


def refused(capsys, *arguments, **of_script):
    with pytest.raises(SystemExit) as stop:
        parsed(*arguments, **of_script)
    assert stop.value.code == 2
    message = capsys.readouterr().err
    assert 0 < len(message.splitlines()) < 15
    assert "Traceback" not in message
    return message


def test_a_recipe_after_an_option_is_told_its_place(capsys):
    assert "the recipe comes first: large --FIELD" in refused(capsys, "--units", "8", "large")
    assert parsed("--run-dir", "large")[2].run_dir == "large"


def test_the_first_recipe_is_the_default():
    assert parsed()[:2] == ("small", Hyperparameters())
    assert parsed("large")[:2] == ("large", Hyperparameters(units=64))


def test_an_option_changes_one_field_of_the_recipe():
    _, hyperparameters, run = parsed(
        "large", "--mask", "--text", "title+description", "--seed", "0"
    )
    assert hyperparameters == Hyperparameters(text="title+description", units=64, mask=True)
    assert run.seed == 0


def test_an_option_may_have_several_values_and_be_repeated(capsys):
    options = parsed("--text-column", "a b", "c", "--seed", "2", "--text-column", "d")[2]
    assert (options.text_column, options.seed) == (("a b", "c", "d"), 2)
    assert parsed()[2].text_column == ()
    assert flags({"text_column": options.text_column}) == ["--text-column", "a b", "c", "d"]
    assert flags({"sizes": (3, 4), "mask": False}) == ["--sizes", "3", "4", "--no-mask"]
    assert "--text-column: expected at least one" in refused(capsys, "--text-column")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["huge"], "the recipes are small, large"),
        (["--unit", "3"], "--unit"),
        (["--units", "3", "large"], "large"),
        (["--units", "many"], "--units"),
        (["--units", "1.5"], "--units"),
        (["--text", "titel"], "--text"),
        (["--units"], "--units"),
        (["--resume"], "--resume needs --run-dir"),
        (["--lr", "1"], "no option --lr (did you mean --learning-rate?)"),
        (["--unit", "1"], "did you mean --units?"),
    ],
)
def test_wrong_usage_is_refused_with_a_short_message(capsys, arguments, message):
    assert message in refused(capsys, *arguments)


@pytest.mark.parametrize("value", ["0", "-1", "1000000000000", "-9223372036854775809"])
@pytest.mark.parametrize("flag", ["--units"])
def test_numbers_out_of_range_are_refused(capsys, flag, value):
    assert f"{flag} {value}: must be between" in refused(capsys, flag, value)
    assert flag in refused(capsys, flag, "1" * 400)


@pytest.mark.parametrize("value", ["0", "-0.1", "inf", "-inf", "nan", "1e30", "1e-30"])
def test_a_learning_rate_is_positive_and_finite(capsys, value):
    assert "--learning-rate" in refused(capsys, "--learning-rate", value)


@pytest.mark.parametrize("flag", ["--test-rows", "--seed"])
def test_zero_rows_and_a_seed_of_zero_are_meant(capsys, flag):
    parsed(flag, "0")
    assert flag in refused(capsys, flag, "-1")
    assert flag in refused(capsys, flag, "99999999999")


@pytest.mark.parametrize("script", [train_rnn, train_lstm, train_bilstm])
def test_every_number_of_every_recipe_is_checked(capsys, script):
    for name, recipe in script.RECIPES.items():
        for field, value in vars(recipe.hyperparameters(script.Hyperparameters)).items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            flag = "--" + field.replace("_", "-")
            with pytest.raises(SystemExit):
                parse("script", "", script.Hyperparameters, script.RECIPES, [name, flag, "-1"])
            assert f"{flag} -1" in capsys.readouterr().err


def test_help_lists_the_recipes_and_the_fields_with_comment_and_default(capsys):
    with pytest.raises(SystemExit) as stop:
        parsed("large", "--help")
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for part in ("few units", "many units", "What the network reads.", "(default: 64)", "\nrun:"):
        assert part in text


@pytest.mark.parametrize("script", [train_rnn, train_lstm, train_bilstm])
def test_a_script_has_the_tutorials_hyperparameters_as_its_defaults(script):
    first = next(iter(script.RECIPES.values()))
    assert first.hyperparameters(script.Hyperparameters) == script.Hyperparameters()
    assert {"fast", "best"} <= {name.rpartition("-")[2] for name in script.RECIPES}


def test_the_tutorials_recipes():
    titles, masked, lstm, bilstm = (
        script.RECIPES[name].hyperparameters(script.Hyperparameters)
        for script, name in (
            (train_rnn, "titles"),
            (train_rnn, "masked"),
            (train_lstm, "tutorial"),
            (train_bilstm, "tutorial"),
        )
    )
    columns = [
        (hp.text, hp.mask, hp.embed_size, hp.units, hp.batch_size)
        for hp in (titles, masked, lstm, bilstm)
    ]
    assert columns == [
        ("title", False, 64, 16, 16),
        ("title+description", True, 64, 16, 16),
        ("title+description", False, 64, 8, 8),
        ("title+description", True, 128, 64, 16),
    ]
    for hp in (titles, masked, lstm, bilstm):
        assert (hp.epochs, hp.learning_rate, hp.validation) == (1, 0.001, "test")
        assert (hp.vocab_size, hp.vectorizer_rows, hp.vectorizer_text) == (20000, 2000, "title")


@pytest.mark.parametrize("script", [train_rnn, train_lstm, train_bilstm])
def test_help_has_each_option_under_its_heading_with_its_comment(script, capsys):
    with pytest.raises(SystemExit):
        parse("script", "", script.Hyperparameters, script.RECIPES, ["--help"])
    sections = dict(
        re.findall(r"^(\w+):\n(.*?)(?=^\w+:\n|\Z)", capsys.readouterr().out, flags=re.M | re.S)
    )
    for title, flag in (
        ("switches", "--train-rows"),
        ("run", "--data"),
        ("hyperparameters", "--vocab-size"),
        ("hyperparameters", "--units"),
        ("hyperparameters", "--batch-size"),
        ("run", "--resume"),
    ):
        assert re.search(rf"^  {flag}\b.*\s+\w+ \w+", sections[title], flags=re.M), flag
    for field in vars(script.Hyperparameters()):
        assert sum(f"--{field.replace('_', '-')}" in part for part in sections.values()) >= 1


def test_a_path_may_begin_with_a_home_or_a_dash(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    options = parsed("--run-dir=~/x", "--tensorboard=-y", "--data", "tfds:a/b", "--label-column=~")
    assert options[2].run_dir == str(tmp_path / "x")
    assert options[2].tensorboard == str(tmp_path / "-y")
    assert (options[2].data, options[2].label_column) == ("tfds:a/b", "~")


@pytest.mark.parametrize("flag", ["--run-dir", "--data", "--tensorboard", "--embeddings"])
def test_an_address_is_no_path(capsys, flag):
    assert "'gs://b/x' is not on this machine" in refused(capsys, flag, "gs://b/x")


@pytest.mark.parametrize(
    ("main", "arguments"),
    [
        (predict.main, ["s3://b/run", "goal"]),
        (predict.main, ["run", "--export", "s3://b/x"]),
        (compare.main, ["run", "--csv", "s3://b/x"]),
        (reproduce.main, ["--dir", "s3://b/x"]),
        (demo.main, ["s3://b/x"]),
        (sweep.main, ["train_lstm.py", "--dir", "s3://b/x"]),
    ],
)
def test_an_address_is_no_path_of_any_script(capsys, main, arguments):
    assert status(main, arguments) == 2
    assert "is not on this machine; use a local path" in capsys.readouterr().err

import importlib.util
import re
import sys
from dataclasses import dataclass, fields, make_dataclass
from itertools import count
from typing import Literal

import pytest

import train_bilstm
import train_lstm
import train_rnn
from training import Recipe, Switches
from training.command_line import parse
from training.recipes import Options, differences

NUMBERS = count()


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
    assert "the recipe comes first: train_rnn.py large" in refused(capsys, "--units", "8", "large")
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
    ],
)
def test_wrong_usage_is_refused_with_a_short_message(capsys, arguments, message):
    assert message in refused(capsys, *arguments)


@pytest.mark.parametrize("value", ["0", "-1", "1000000000000", "-9223372036854775809"])
@pytest.mark.parametrize("flag", ["--units"])
def test_numbers_out_of_range_are_refused(capsys, flag, value):
    assert f"{flag} {value}: must be from" in refused(capsys, flag, value)
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


SIMPLE = {"plain": Recipe("as it is")}


@pytest.fixture
def edited(tmp_path):
    """Makes a class of hyperparameters out of lines that a user writes into a script."""

    def make(*lines):
        name = f"edited_{next(NUMBERS)}"
        file = tmp_path / f"{name}.py"
        head = "from dataclasses import dataclass\nfrom typing import Literal\n"
        head += "from training import Switches\n\n\n@dataclass(frozen=True)\n"
        head += "class Hyperparameters(Switches):\n    units: int = 16  # hidden units\n"
        file.write_text(head + "".join(f"    {line}\n" for line in lines))
        spec = importlib.util.spec_from_file_location(name, file)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
        return sys.modules[name].Hyperparameters

    yield make
    for name in [name for name in sys.modules if name.startswith("edited_")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("line", "typed", "value"),
    [
        ("clip_norm: float = 1.0", "0.5", 0.5),
        ("clip_norm: float = 1", "2", 2.0),
        ("shift: float = -1.0", "-0.5", -0.5),
        ("heads: int = 3", "4", 4),
        ("shift: float = -1.0", "-2", -2.0),
        ("shift: float | None = None", "-2", -2.0),
        ("axis: Literal[-1, 1] = 1", "-1", -1),
        ("residual: bool | None = True", "none", None),
        ("limit: int | None = None", "7", 7),
        ("limit: int | None = 7", "none", None),
        ("note: str | None = None", "ab c", "ab c"),
        ("note: str | None = None", "", ""),
        ("kind: Literal['a', 'b'] = 'a'", "b", "b"),
        ("level: Literal[1, 2] = 1", "2", 2),
        ("rate: float | Literal['auto'] = 'auto'", "0.5", 0.5),
    ],
)
def test_a_field_of_ones_own_has_a_flag(edited, line, typed, value):
    kind = edited(line)
    name = line.partition(":")[0]
    _, hyperparameters, _ = parsed(f"--{name.replace('_', '-')}={typed}", kind=kind, recipes=SIMPLE)
    assert getattr(hyperparameters, name) == value
    assert type(getattr(hyperparameters, name)) is type(value)


def test_a_switch_of_ones_own_can_be_on_and_off(edited):
    kind = edited("residual: bool = True")
    assert parsed("--no-residual", kind=kind, recipes=SIMPLE)[1].residual is False
    assert parsed(kind=kind, recipes=SIMPLE)[1].residual is True


def test_an_integer_where_a_float_belongs_is_that_float(edited):
    learning_rate = parsed(kind=edited("learning_rate: float = 1"), recipes=SIMPLE)[1].learning_rate
    assert isinstance(learning_rate, float)
    assert isinstance(parsed(kind=edited(), recipes={"a": Recipe("", dropout=0)})[1].dropout, float)


def test_comments_above_and_behind_and_headings_stand_in_the_help(edited, capsys):
    kind = edited(
        "# Above it,",
        "# in two lines.",
        "heads: int = 3  # and behind",
        "",
        "# -- my own --",
        "# About nothing below.",
        "",
        "note: str | None = None",
        "kind: Literal['a', '# b'] = (  # starts here",
        "    'a'  # goes on",
        ")",
    )
    with pytest.raises(SystemExit):
        parsed("--help", kind=kind, recipes=SIMPLE)
    text = " ".join(capsys.readouterr().out.split())
    assert "--heads INT Above it, in two lines. and behind (default: 3)" in text
    assert "my own: --note TEXT (default: none) --kind {a,# b} starts here goes on (def" in text
    assert "--units INT hidden units (default: 16)" in text


def test_without_a_source_there_are_no_comments_but_all_flags():
    kind = make_dataclass("Hyperparameters", [("heads", int, 3)], bases=(Switches,), frozen=True)
    assert parsed("--heads", "4", kind=kind, recipes=SIMPLE)[1].heads == 4


SWITCHED_ON = {
    "train_rows": "int = 100",
    "vectorizer_rows": "int = 0",
    "vectorizer_text": 'Literal["title", "title+description"] = "title+description"',
    "pooling": 'Literal["last", "max"] = "max"',
    "dropout": "float = 0.3",
    "embeddings": 'str | None = "v.txt"',
    "train_embeddings": "bool = False",
    "schedule": 'Literal["constant", "cosine"] = "cosine"',
    "validation": 'Literal["test", "held-out", "none"] = "none"',
}


def test_each_switch_can_be_written_at_the_top_of_a_script(edited):
    assert set(SWITCHED_ON) == {field.name for field in fields(Switches)}
    for name, value in SWITCHED_ON.items():
        hyperparameters = parsed(kind=edited(f"{name}: {value}"), recipes=SIMPLE)[1]
        assert getattr(hyperparameters, name) != getattr(Switches(), name)


@pytest.mark.parametrize("script", [train_rnn, train_lstm, train_bilstm])
def test_the_top_of_a_script_names_every_switch(script):
    named = set(re.findall(r"\w+", script.Hyperparameters.__doc__))
    assert {field.name for field in fields(Switches)} <= named


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("dropout: int = 0", "dropout is a switch: its type is float"),
        ("dropout: float = 5.0", "dropout 5.0: must be from 0 to 0.95"),
        ("schedule: str = 'cosine'", "schedule is a switch: its type is one of constant, cosine"),
        (
            "schedule: Literal['constant', 'cosine'] = 'linear'",
            "schedule 'linear': must be one of constant, cosine",
        ),
        ("dropout = 0.3", "dropout has no type: write `dropout: float = 0.3`"),
        ("clip_norm = 1.0", "clip_norm has no type: write `clip_norm: float = 1.0`"),
        ("heads: int = 1.5", "heads 1.5: must be int"),
        ("heads: int = True", "heads True: must be int"),
        ("sizes: tuple = ()", "sizes: no option can be tuple"),
        ("recipe: str = 'x'", "recipe is an option of every run"),
        ("seed: int = 3", "seed is an option of every run"),
        ("no_residual: int = 3\n    residual: bool = True", "--no-residual"),
    ],
)
def test_what_cannot_be_an_option_is_refused_by_name(edited, capsys, line, message):
    error = refused(capsys, kind=edited(line), recipes=SIMPLE)
    assert message in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unitz": 3}, "recipe mine: no hyperparameter 'unitz'"),
        ({"units": "3"}, "recipe mine: units '3': must be int"),
        ({"units": 0}, "recipe mine: units 0: must be from 1 to 10000"),
    ],
)
def test_a_mistake_in_any_recipe_is_named(capsys, changes, message):
    recipes = {"plain": Recipe("as it is"), "mine": Recipe("", **changes)}
    assert message in refused(capsys, recipes=recipes)


@pytest.mark.parametrize("flag", ["--data", "--run-dir", "--tensorboard", "--embeddings"])
def test_an_empty_path_is_refused(capsys, flag):
    assert f"{flag}: is empty" in refused(capsys, flag, "")


def test_a_run_says_what_differs_from_the_top_of_the_script():
    kind = train_lstm.Hyperparameters
    chosen = train_lstm.RECIPES["fast"].hyperparameters(kind, units=3, epochs=1)
    assert differences(chosen)[:2] == [
        "train_rows 30000 (top of the file: 0, all)",
        "vectorizer_rows 0, all (top of the file: 2000)",
    ]
    assert "units 3 (top of the file: 8)" in differences(chosen)
    assert not any("epochs" in line for line in differences(chosen))


def test_a_notebooks_own_command_line_is_none_of_a_script(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/x/ipykernel_launcher.py", "-f", "kernel.json"])
    assert parse("train_rnn", "Trains.", Hyperparameters, RECIPES)[0] == "small"
    monkeypatch.setattr(sys, "argv", ["train_rnn.py", "large"])
    assert parse("train_rnn", "Trains.", Hyperparameters, RECIPES)[0] == "large"


def test_no_option_of_every_run_has_the_name_of_a_hyperparameter():
    for script in (train_rnn, train_lstm, train_bilstm):
        own = {field.name for field in fields(script.Hyperparameters)}
        assert own.isdisjoint(field.name for field in fields(Options))

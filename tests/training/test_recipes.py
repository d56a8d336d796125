"""What a user writes at the top of a script: fields, headings, switches, recipes."""

import importlib.util
import re
import sys
from dataclasses import fields, make_dataclass
from itertools import count

import pytest
from test_command_line import parsed, refused

import train_bilstm
import train_lstm
import train_rnn
from training import Recipe, Switches
from training.command_line import typed_arguments
from training.recipes import Options

NUMBERS = count()
SIMPLE = {"plain": Recipe("as it is")}


@pytest.fixture
def edited(tmp_path):
    """Makes a class of hyperparameters out of lines that a user writes into a script."""

    def make(*lines):
        name = f"edited_{next(NUMBERS)}"
        file = tmp_path / f"{name}.py"
        head = "from dataclasses import dataclass\nfrom typing import Literal\n"
        head += "from training import Switches\n\n\n@dataclass(frozen=True, kw_only=True)\n"
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
        ("decay: float = 1.0", "0.5", 0.5),
        ("decay: float = 1", "2", 2.0),
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
        ("layers: tuple[str, ...] = ('x', 'y')", "z", ("z",)),
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


def test_comments_above_and_beside_a_field_and_headings_are_in_the_help(edited, capsys):
    kind = edited(
        "# Above it,",
        "# in two lines.",
        "heads: int = 3  # and behind",
        "",
        "# -- my own --",
        "note: str | None = None",
        "kind: Literal['a', 'b'] = 'a'  # of note",
    )
    with pytest.raises(SystemExit):
        parsed("--help", kind=kind, recipes=SIMPLE)
    text = " ".join(capsys.readouterr().out.split())
    assert "--heads INT Above it, in two lines. and behind (default: 3)" in text
    assert "my own: --note TEXT (default: none) --kind {a,b} of note (default: a)" in text
    assert "--units INT hidden units (default: 16)" in text


def test_without_a_source_there_are_no_comments_but_all_flags():
    kind = make_dataclass("Hyperparameters", [("heads", int, 3)], bases=(Switches,), frozen=True)
    assert parsed("--heads", "4", kind=kind, recipes=SIMPLE)[1].heads == 4


SWITCHED_ON = {
    "tokens": 'Literal["words", "characters"] = "characters"',
    "max_words": "int = 50",
    "markup": 'Literal["kept", "removed"] = "removed"',
    "train_rows": "int = 100",
    "vectorizer_rows": "int = 0",
    "vectorizer_text": 'Literal["title", "title+description"] = "title+description"',
    "pooling": 'Literal["last", "max"] = "max"',
    "dropout": "float = 0.3",
    "embeddings": 'str | None = "v.txt"',
    "train_embeddings": "bool = False",
    "schedule": 'Literal["constant", "cosine"] = "cosine"',
    "adversarial": "float = 0.1",
    "clip_norm": "float = 1.0",
    "class_weights": 'Literal["none", "balanced"] = "balanced"',
    "validation": 'Literal["test", "held-out", "none"] = "held-out"',
    "patience": "int = 2",
    "min_steps": "int = 300",
}


def test_each_switch_can_be_written_at_the_top_of_a_script(edited):
    assert set(SWITCHED_ON) == {field.name for field in fields(Switches)}
    for name, value in SWITCHED_ON.items():
        needed = {"patience": "validation", "train_embeddings": "embeddings"}.get(name, name)
        lines = {needed: SWITCHED_ON[needed], name: value}
        kind = edited(*(f"{field}: {line}" for field, line in lines.items()))
        hyperparameters = parsed(kind=kind, recipes=SIMPLE)[1]
        assert getattr(hyperparameters, name) != getattr(Switches(), name)


@pytest.mark.parametrize("script", [train_rnn, train_lstm, train_bilstm])
def test_the_top_of_a_script_names_every_switch(script):
    named = set(re.findall(r"\w+", script.Hyperparameters.__doc__))
    assert {field.name for field in fields(Switches)} <= named


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("dropout: float = 5.0", "dropout 5.0: must be between 0 and 0.95"),
        (
            "schedule: Literal['constant', 'cosine'] = 'linear'",
            "schedule 'linear': must be constant or cosine",
        ),
        ("dropout = 0.3", "dropout has no type: write `dropout: float = 0.3`"),
        ("decay: float", "'decay': give it a value at the top of the file"),
        ("decay = 1.0", "decay has no type: write `decay: float = 1.0`"),
        ("heads: int = 1.5", "heads 1.5: must be int"),
        ("heads: int = True", "heads True: must be int"),
        ("sizes: tuple = ()", "an option cannot be tuple"),
        ("seed: int = 3", "seed: conflicting option string: --seed: use another name"),
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
        ({"unitz": 3}, "no hyperparameter 'unitz'"),
        ({"units": "3"}, "--units '3': must be int"),
        ({"units": 0}, "--units 0: must be between 1 and 10000"),
    ],
)
def test_a_mistake_in_a_recipe_is_named(capsys, changes, message):
    recipes = {"plain": Recipe("as it is"), "mine": Recipe("", **changes)}
    assert message in refused(capsys, "mine", recipes=recipes)


@pytest.mark.parametrize("flag", ["--data", "--run-dir", "--tensorboard", "--embeddings"])
def test_an_empty_path_is_refused(capsys, flag):
    assert f"{flag}: is empty" in refused(capsys, flag, "")


def test_a_notebooks_own_command_line_is_not_a_scripts(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/x/ipykernel_launcher.py", "-f", "kernel.json"])
    assert typed_arguments() == []
    monkeypatch.setattr(sys, "argv", ["train_rnn.py", "large"])
    assert typed_arguments() == ["large"]


def test_no_option_of_every_run_has_the_name_of_a_hyperparameter():
    for script in (train_rnn, train_lstm, train_bilstm):
        own = {field.name for field in fields(script.Hyperparameters)}
        assert own.isdisjoint(field.name for field in fields(Options))

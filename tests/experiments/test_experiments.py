import experiments
import train_lstm
from experiments import experiment

SMALL = experiment("train_lstm", "fast", units=3)


def test_the_recipes_include_best_for_titles():
    commands = [experiment.command for experiment in experiments.recipes()]
    assert len(commands) == len(set(commands))
    assert "train_lstm.py fast" in commands
    assert "train_rnn.py best --text title" in commands


def test_an_experiment_knows_its_hyperparameters():
    asked = SMALL.hyperparameters()
    recipe = train_lstm.RECIPES["fast"].hyperparameters(train_lstm.Hyperparameters)
    assert vars(asked) == vars(recipe) | {"units": 3}


def test_every_switch_changes_its_recipe():
    for _, switch in experiments.switches():
        base = experiment(switch.script, switch.recipe)
        assert switch.hyperparameters() != base.hyperparameters()
        assert base in experiments.recipes()


def test_each_experiment_has_its_own_directory():
    every = experiments.recipes() + [switch for _, switch in experiments.switches()]
    names = {experiment.directory_name(1) for experiment in every}
    assert len(set(every)) == len(names) == len(every)

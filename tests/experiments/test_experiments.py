import experiments
import train_lstm
from experiments import experiment

SMALL = experiment("train_lstm", "fast", units=3)


def test_every_recipe_of_every_script_is_run():
    commands = [experiment.command for experiment in experiments.recipes()]
    assert len(commands) == len(set(commands)) == 13
    every = {f"{s}.py {r}" for s, module in experiments.SCRIPTS.items() for r in module.RECIPES}
    assert every <= set(commands)
    assert "train_rnn.py best --text title" in commands


def test_an_experiment_knows_its_hyperparameters():
    asked = SMALL.hyperparameters()
    recipe = train_lstm.RECIPES["fast"].hyperparameters(train_lstm.Hyperparameters)
    assert asked == vars(recipe) | {"units": 3}


def test_every_switch_changes_its_recipe():
    for _, switch in experiments.switches("vectors.txt"):
        base = experiment(switch.script, switch.recipe)
        assert switch.hyperparameters() != base.hyperparameters()
        assert base in experiments.recipes()


def test_experiments_can_be_told_apart():
    every = experiments.recipes() + [switch for _, switch in experiments.switches("v.txt")]
    assert len(set(every)) == len({experiment.name for experiment in every}) == len(every)

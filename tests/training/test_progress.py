import pytest

from training import progress


def test_what_is_done_is_shown_and_taken_away_again(capsys):
    @progress.shown("saving", 1)
    def fail():
        assert capsys.readouterr().out == "saving ..."
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        fail()
    assert capsys.readouterr().out == "\r          \r"


@pytest.mark.parametrize("verbose", [0, 2])
def test_nothing_is_shown_without_a_terminal(capsys, verbose):
    with progress.shown("saving", verbose):
        pass
    assert capsys.readouterr().out == ""

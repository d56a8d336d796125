import errno
import json
import os
from contextlib import ExitStack, suppress

import pytest

from corpus.errors import UserError
from training.atomic import atomic_write
from training.directory import RESULTS, RunDirectory, load_result


def claimed(path, resume=False, overwrite=False):
    directory = RunDirectory(path)
    with ExitStack() as stack:
        stack.callback(directory.release)
        directory.claim(resume, overwrite)
        stack.pop_all()
    return directory


def finish(directory, content, interrupted=False):
    for name in RESULTS[:-1]:
        with directory.writing(name) as path:
            path.write_text(content)
    directory.write_json(
        "result.json", {"content": content, "interrupted": interrupted, "trial": False}
    )
    directory.publish()


def contents(path):
    return {file.name: file.read_text() for file in path.iterdir() if file.is_file()}


@pytest.fixture
def finished(tmp_path):
    directory = claimed(tmp_path / "run")
    finish(directory, "first")
    directory.release()
    return directory.path


def test_a_finished_run_holds_its_results_and_nothing_else(finished):
    assert sorted(path.name for path in finished.iterdir()) == sorted(RESULTS)
    assert load_result(finished)["content"] == "first"


@pytest.mark.parametrize("exported", [True, False])
def test_an_export_is_removed_with_its_model_and_a_users_own_files_stay(exported, finished):
    for name in ("model/assets", ".partial-model"):
        (finished / name).mkdir(parents=True)
    (finished / "README.md").write_text("mine")
    (finished / "model" / "assets" / ("classes.txt" if exported else "mine.txt")).write_text("")
    directory = claimed(finished, overwrite=True)
    finish(directory, "second")
    directory.release()
    assert (finished / "model").exists() != exported
    assert (finished / "README.md").exists()
    assert not (finished / ".partial-model").exists()


@pytest.mark.parametrize("damaged", ["", "{", "[]"])
def test_a_damaged_result_can_be_replaced(damaged, finished):
    (finished / "result.json").write_text(damaged)
    directory = claimed(finished, overwrite=True)
    finish(directory, "second")
    directory.release()
    assert load_result(finished)["content"] == "second"


def test_a_claim_that_comes_to_nothing_leaves_nothing(tmp_path):
    claimed(tmp_path / "runs" / "run").release()
    assert list(tmp_path.iterdir()) == []


def test_a_directory_of_the_users_own_is_left_alone(tmp_path):
    claimed(tmp_path).release()
    assert tmp_path.is_dir()
    (tmp_path / "thesis.txt").write_text("precious")
    for overwrite in (False, True):
        with pytest.raises(UserError, match="files that do not belong to a run"):
            claimed(tmp_path, resume=False, overwrite=overwrite)
    assert contents(tmp_path) == {"thesis.txt": "precious"}


def test_a_finished_run_is_refused_and_stays(finished):
    with pytest.raises(UserError, match="use --overwrite to replace it"):
        claimed(finished, resume=False, overwrite=False)
    assert load_result(finished)["content"] == "first"


def test_resume_on_a_finished_run_has_nothing_to_do(finished):
    directory = claimed(finished, resume=True)
    assert directory.finished
    directory.release()
    assert directory.finished


def test_overwrite_replaces_a_run_only_when_the_new_one_is_complete(finished):
    directory = claimed(finished, overwrite=True)
    with directory.writing("model.keras") as path:
        path.write_text("second")
    assert contents(finished)["model.keras"] == "first"
    finish(directory, "second")
    assert contents(finished)["model.keras"] == "second"
    assert load_result(finished)["content"] == "second"


def test_a_move_that_was_cut_off_is_ended_by_the_next_claim(finished):
    directory = claimed(finished, overwrite=True)
    directory.begin({"seed": 1})
    directory.write_json("result.json", {"content": "second", "interrupted": False, "trial": False})
    directory.release()
    assert claimed(finished, resume=True).finished
    assert load_result(finished)["content"] == "second"


def test_a_setting_of_several_values_is_the_same_when_resumed(tmp_path):
    directory = claimed(tmp_path / "run")
    directory.begin({"seed": 1, "names": ("a", "b")})
    assert directory.compare({"seed": 1, "names": ("a", "b")})
    with pytest.raises(UserError, match="names was"):
        directory.compare({"seed": 1, "names": ("a",)})
    directory.release()


def test_a_directory_that_another_run_locks_first_stays(tmp_path, monkeypatch):
    def locked(*_):
        raise BlockingIOError

    monkeypatch.setattr("fcntl.flock", locked)
    with pytest.raises(UserError, match="another run is using it"):
        claimed(tmp_path / "run")  # which is made here, but not locked
    assert (tmp_path / "run").is_dir()


def test_two_claims_at_once_have_one_winner(tmp_path):
    winner = claimed(tmp_path / "run")
    with pytest.raises(UserError, match="another run is using it"):
        claimed(tmp_path / "run", resume=False, overwrite=True)
    assert winner.work.is_dir()
    winner.release()
    claimed(tmp_path / "run").release()


def test_an_unfinished_run_wants_resume_or_overwrite(tmp_path):
    directory = claimed(tmp_path / "run")
    directory.begin({"seed": 1})
    directory.write_json("checkpoint", {})
    directory.release()
    with pytest.raises(UserError, match="use --resume to continue it, or --overwrite"):
        claimed(tmp_path / "run", resume=False, overwrite=False)
    directory = claimed(tmp_path / "run", resume=True)
    directory.begin({"seed": 1})
    with pytest.raises(UserError, match="seed was 1, now 2"):
        directory.begin({"seed": 2})
    directory.release()
    directory = claimed(tmp_path / "run", overwrite=True)
    directory.begin({"seed": 2})
    directory.release()
    assert not directory.work.exists()


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    directory = claimed(tmp_path / "run")
    with pytest.raises(KeyError), directory.writing("history.csv") as path:
        path.write_text("half" + {}["an error on the way"])
    with suppress(UserError), directory.writing("history.csv") as path:
        raise OSError(path.write_text("half"))
    assert list(directory.work.iterdir()) == []


def test_an_interrupted_run_has_results_and_can_go_on(tmp_path):
    directory = claimed(tmp_path / "run")
    directory.begin({"seed": 1})
    directory.write_json("checkpoint", {})
    finish(directory, "so far", interrupted=True)
    directory.release()
    assert load_result(directory.path)["content"] == "so far"
    directory = claimed(directory.path, resume=True)
    finish(directory, "to the end")
    result = load_result(directory.path)
    assert (result["content"], result["interrupted"]) == ("to the end", False)
    assert not directory.work.exists()


def test_a_path_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("nowhere")
    for path in (tmp_path / "file", tmp_path / "file" / "run", "/proc/run"):
        with pytest.raises(UserError, match=r"cannot be written"):
            claimed(path, resume=False, overwrite=False)
    for path in (tmp_path / "link", tmp_path / "link" / "run"):
        with pytest.raises(UserError, match=f"{path}: .* a link that leads nowhere"):
            claimed(path, resume=False, overwrite=False)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_written_and_a_link_is_kept(tmp_path):
    pipe, link = tmp_path / "pipe.csv", tmp_path / "link.csv"
    os.mkfifo(pipe)
    link.symlink_to("file.csv")
    (tmp_path / "file.csv").write_text("before")
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    for path in (pipe, link):
        with atomic_write(path) as partial:
            partial.write_text("content")
    assert os.read(reader, 100) == b"content"
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert (tmp_path / "file.csv").read_text() == "content"


DEEP = "[" * 100_000, '{"a":' * 100_000


@pytest.mark.parametrize("content", ["{", "[1]", "", "null", '{"a": NaN}', '{"a": 1e999}', *DEEP])
def test_a_damaged_result_is_named(tmp_path, content):
    with pytest.raises(UserError, match="is .* a run directory"):
        load_result(tmp_path)
    (tmp_path / "result.json").write_text(content)
    with pytest.raises(UserError, match="damaged"):
        load_result(tmp_path)


def test_a_result_with_no_number_is_not_written(tmp_path):
    directory = claimed(tmp_path / "run")
    with pytest.raises(ValueError, match="JSON"):
        directory.write_json("result.json", {"test_accuracy": float("nan")})
    assert json.dumps(list(directory.work.iterdir())) == "[]"


def test_a_file_system_without_locks_is_used(tmp_path, monkeypatch):
    def flock(*arguments):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("training.directory.fcntl.flock", flock)
    directory = claimed(tmp_path / "run")
    directory.release()
    assert not (tmp_path / "run").exists()


def test_a_full_disk_is_one_line_with_advice_and_leaves_what_was_there(tmp_path, monkeypatch):
    directory = claimed(tmp_path / "run")
    directory.write_json("settings.json", {"a": 1})

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UserError, match="settings.json: cannot be written: No space .*--resume"):
        directory.write_json("settings.json", {"a": 2})
    assert contents(directory.work) == {"settings.json": '{\n  "a": 1\n}\n'}
    directory.release()

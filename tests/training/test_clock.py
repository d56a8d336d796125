import builtins
import time

from training import clock


def test_seconds_of_earlier_parts_are_added(monkeypatch):
    monkeypatch.setattr(clock, "SECONDS", {})
    monkeypatch.setattr(clock, "_before", {})
    monkeypatch.setattr(clock, "_running", {})
    clock.start("fit")
    assert 0 <= clock.so_far()["fit"] < 1
    clock.stop("fit")
    alone = clock.so_far()
    assert alone["fit"] < 1
    clock.add({"load": 2, "fit": 10.0, "total": 100})
    together = clock.so_far()
    assert (together["load"], round(together["fit"])) == (2, 10)
    assert 100 < together["total"] < 101 + alone["total"]


def test_a_run_in_a_notebook_begins_when_it_is_started(monkeypatch):
    for name, value in (("SECONDS", {}), ("_before", {}), ("_running", {}), ("_runs", 0)):
        monkeypatch.setattr(clock, name, value)
    monkeypatch.setattr(clock, "START", time.perf_counter() - 1000)
    monkeypatch.setattr(builtins, "__IPYTHON__", True, raising=False)
    clock.begin()
    assert clock.so_far()["total"] < 100

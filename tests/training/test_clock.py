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

from training import machine


def test_peak_memory_is_in_megabytes():
    assert 100 < machine.peak_memory_mb() < 20_000

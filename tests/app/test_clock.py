"""The clock tells milliseconds, and measures forwards."""

from app.clock import Clock, SystemClock, monotonic_s, now_ms

YEAR_2020_MS = 1_577_836_800_000


def test_the_wall_clock_counts_milliseconds_since_the_epoch() -> None:
    clock: Clock = SystemClock()
    assert YEAR_2020_MS < now_ms() <= clock.now_ms() < 10 * YEAR_2020_MS


def test_the_other_clock_never_runs_backwards() -> None:
    clock: Clock = SystemClock()
    assert monotonic_s() <= clock.monotonic_s()

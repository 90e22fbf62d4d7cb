"""The clock tells milliseconds, and measures forwards."""

import logging

import pytest

from app.clock import BrokerClock, Clock, SystemClock, monotonic_s, now_ms, uptime_s

YEAR_2020_MS = 1_577_836_800_000


def test_the_wall_clock_counts_milliseconds_since_the_epoch() -> None:
    clock: Clock = SystemClock()
    assert YEAR_2020_MS < now_ms() <= clock.now_ms() < 10 * YEAR_2020_MS


def test_the_other_clock_never_runs_backwards() -> None:
    clock: Clock = SystemClock()
    assert monotonic_s() <= clock.monotonic_s()
    assert uptime_s() <= uptime_s()


class Machine:
    """A machine's clocks, set by hand: its wall clock, its stopwatch, and how long it has been asleep."""

    def __init__(self, wall_ms: int = YEAR_2020_MS) -> None:
        self.wall_ms = wall_ms
        self.passed_s = 50.0
        self.asleep_s = 0.0

    def now_ms(self) -> int:
        """What it believes."""
        return self.wall_ms

    def monotonic_s(self) -> float:
        """Its stopwatch."""
        return self.passed_s

    def uptime_s(self) -> float:
        """Its stopwatch, which goes on while it sleeps."""
        return self.passed_s + self.asleep_s

    def passes(self, seconds: float) -> None:
        """Time passes."""
        self.wall_ms += int(seconds * 1000)
        self.passed_s += seconds


def told(machine: Machine) -> BrokerClock:
    """A clock that has heard from a broker, whose time is right, a tenth of a second after it was asked."""
    clock = BrokerClock(machine, machine.uptime_s)
    machine.passes(0.1)
    clock.heard(machine.passed_s - 0.1, machine.passed_s, YEAR_2020_MS + 60)
    return clock


@pytest.mark.parametrize("wrong_ms", [600_000, 3_000, -3_000, -600_000])
def test_a_wrong_wall_clock_is_not_believed(wrong_ms: int, caplog: pytest.LogCaptureFixture) -> None:
    """Given a machine that is minutes off, when a broker was heard, then it is off by what the answer took."""
    machine = Machine(YEAR_2020_MS + wrong_ms)
    with caplog.at_level(logging.WARNING):
        clock = told(machine)
        clock.heard(machine.passed_s, machine.passed_s, clock.now_ms())
    assert abs(clock.now_ms() - (YEAR_2020_MS + 100)) <= 100
    assert abs(clock.machine_ahead_ms - wrong_ms) <= 100
    assert len(caplog.records) == 1


def test_a_wall_clock_that_is_right_stays_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    """Given a machine on time, when a broker was heard, then nothing moves, and nothing is said."""
    with caplog.at_level(logging.WARNING):
        clock = told(Machine())
    assert clock.now_ms() == YEAR_2020_MS + 100
    assert not caplog.records


def test_a_step_of_the_wall_clock_moves_nothing() -> None:
    """Given a clock that has heard from a broker, when the machine's is set by an hour, then it goes on as it went."""
    machine = Machine()
    clock = told(machine)
    before_ms = clock.now_ms()
    machine.wall_ms += 3_600_000
    machine.passes(2)
    assert clock.now_ms() == before_ms + 2_000


def test_time_asleep_has_passed_too() -> None:
    """Given a machine that slept for an hour, then it is an hour later at once, and what a broker says fits."""
    machine = Machine()
    clock = told(machine)
    before_ms = clock.now_ms()
    machine.asleep_s += 3_600
    assert clock.now_ms() == before_ms + 3_600_000
    clock.heard(machine.passed_s, machine.passed_s, before_ms + 3_600_000)
    assert clock.now_ms() == before_ms + 3_600_000

"""The spread over several runs: the same measurement is one row, whatever the order of the lines."""

from __future__ import annotations

from importlib.util import find_spec

from benchmarks.figures import RUNS, grouped, read, table
from benchmarks.lines import line


def test_lowest_median_and_highest_of_the_runs() -> None:
    """Given three runs of two measurements in turn, then each has its own rows with its own spread."""
    lines = []
    for rate in (30.0, 10.0, 20.0):
        lines.append(line("engine", rate, "events/s", "stock", 5.0, per_cpu_second=2 * rate))
        lines.append(line("engine", rate, "events/s", "plain", 100.0, per_cpu_second=2 * rate))
    rows = table(lines).splitlines()[2:]
    assert rows[0] == "| engine · events/s · reference stock | value | 10.0 | 20.0 | 30.0 | 3 |"
    assert "|  | ratio | 2.0 | 4.0 | 6.0 | 3 |" in rows
    assert len(grouped(lines)) == 2


def test_rates_phases_and_points_are_measurements_of_their_own() -> None:
    lines = [line("latency", 1.0, "ms", None, None, rate=rate) for rate in (100, 500, 100)]
    lines += [line("growth", 1.0, "x", None, None, series="users", at=at) for at in (10.0, 100.0)]
    assert [len(group) for group in grouped(lines).values()] == [2, 1, 1, 1]


def test_what_is_no_result_is_passed_over() -> None:
    assert list(read(["starting", '{"bench":"engine"}', ""])) == [{"bench": "engine"}]


def test_every_run_is_a_module() -> None:
    assert all(find_spec(command[0]) is not None for command in RUNS.values())

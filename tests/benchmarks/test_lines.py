"""The lines that benchmarks print (CONTRACT section 8)."""

from __future__ import annotations

import json

import pytest

from benchmarks.lines import line, percentile, rounded, show


def test_a_line_begins_with_what_every_line_has() -> None:
    made = line("engine", 50_000.0, "events/s", "stock", 2_000.0, per_cpu_second=61_234.567)
    assert list(made)[:6] == ["bench", "value", "unit", "reference", "reference_value", "ratio"]
    assert (made["value"], made["ratio"]) == (50_000.0, 25.0)
    assert made["per_cpu_second"] == 61_230.0


def test_without_a_reference_there_is_no_ratio() -> None:
    assert line("timers", 1.0, "timers/s", "", None)["ratio"] is None


@pytest.mark.parametrize(
    ("value", "told"),
    [(123_456.7, 123_500.0), (0.000123456, 0.0001235), (123_456, 123_456), ("wall", "wall")],
)
def test_only_fractions_are_rounded(value: object, told: object) -> None:
    assert rounded(value) == told


def test_a_line_is_one_json_object_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    show(line("engine", 2.0, "events/s", "stock", 1.0))
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert json.loads(printed)["ratio"] == 2.0


@pytest.mark.parametrize(("share", "found"), [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0), (0.001, 1.0)])
def test_a_percentile_is_one_of_the_values(share: float, found: float) -> None:
    assert percentile([float(number) for number in range(100, 0, -1)], share) == found


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)

"""What a benchmark prints: one JSON object a line on stdout, for people and machines alike."""

from __future__ import annotations

import math
import sys
from typing import Any

import msgspec

DIGITS = 4


def line(
    bench: str, value: float, unit: str, reference: str | None, reference_value: float | None, **more: Any
) -> dict[str, Any]:
    """A result beside its reference (None: it has none), with their ratio; numbers with four digits that count."""
    ratio = value / reference_value if reference_value else None
    told = {
        "bench": bench,
        "value": value,
        "unit": unit,
        "reference": reference,
        "reference_value": reference_value,
        "ratio": ratio,
    } | more
    return {key: rounded(each) for key, each in told.items()}


def rounded(value: Any) -> Any:
    """A number with four digits that count; whole numbers, and what is no number, as they are."""
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def show(result: dict[str, Any]) -> None:
    """Print a result."""
    print(msgspec.json.encode(result).decode(), flush=True)


def say(text: str) -> None:
    """Say how it goes, on stderr."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least this share of all do not exceed. Raises ValueError for no values."""
    if not values:
        raise ValueError("there is nothing to take a percentile of")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

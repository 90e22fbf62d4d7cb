"""Times as arguments."""

from __future__ import annotations

import pytest

from app.cli.errors import InputError
from app.cli.output import time_text
from app.cli.times import time_ms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-07-02T00:00:00Z", 1_719_878_400_000),
        ("2024-07-02T02:00:00.250+02:00", 1_719_878_400_250),
        ("1719878400", 1_719_878_400_000),
        ("1719878400.25", 1_719_878_400_250),
        ("0", 0),
    ],
)
def test_iso_with_a_zone_or_seconds(text: str, expected: int) -> None:
    assert time_ms(text) == expected


@pytest.mark.parametrize(
    "text", ["2024-07-02T00:00:00", "2024-07-02", "soon", "", "-1", "nan", "inf", "1e300"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a time"):
        time_ms(text)


def test_a_time_is_written_in_utc() -> None:
    assert (time_text(1_719_878_400_250), time_text(None)) == ("2024-07-02T00:00:00.250Z", "-")

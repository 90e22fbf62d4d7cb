"""Start and end (C034)."""

from __future__ import annotations

import pytest

from app.domain.rules.schedule import is_within
from tests.domain.makers import a_campaign


@pytest.mark.parametrize(
    ("starts_ms", "ends_ms", "now_ms", "expected"),
    [
        (None, None, 0, True),
        (10, None, 9, False),
        (10, None, 10, True),
        (None, 20, 19, True),
        (None, 20, 20, False),
        (10, 20, 15, True),
    ],
)
def test_given_start_and_end_when_asked_then_the_start_is_inside_and_the_end_is_not(
    starts_ms: int | None, ends_ms: int | None, now_ms: int, expected: bool
) -> None:
    assert is_within(a_campaign(starts_ms=starts_ms, ends_ms=ends_ms), now_ms) is expected

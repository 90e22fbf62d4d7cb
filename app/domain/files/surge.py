"""`surge` of a campaign file: when the campaign pauses itself (C161)."""

from __future__ import annotations

from app.domain.files.section import Section, described
from app.domain.model.surge import SurgeRule

SUPPORTED = frozenset({"pause", "times", "at_least", "expected"})
MOST = 1_000_000_000
MOST_TIMES = 10_000


def read_surge(section: Section) -> SurgeRule | None:
    """The rule; the usual one where nothing is said, None where the campaign wants none."""
    usual = SurgeRule()
    given = section.section("surge", "as in surge: {times: 5}, or surge: {pause: false} for never")
    if given is None:
        return usual
    given.only(SUPPORTED)
    found = SurgeRule(
        _times(given) or usual.times,
        _number(given, "at_least") or usual.at_least,
        _number(given, "expected"),
    )
    return found if given.flag("pause", default=True) else None


def _times(section: Section) -> float | None:
    value = section.values.get("times")
    if value is None:
        return None
    if type(value) in {int, float} and 1 <= value <= MOST_TIMES:
        return float(value)
    section.refuse(
        "times", f"must be a number from 1 to {MOST_TIMES:,}, not {described(value)}", "5 is usual"
    )
    return None


def _number(section: Section, key: str) -> int | None:
    """So many who qualify in an hour."""
    value = section.values.get(key)
    if value is None or (type(value) is int and 1 <= value <= MOST):
        return value
    section.refuse(key, f"must be a whole number from 1 on, not {described(value)}", "so many in an hour")
    return None

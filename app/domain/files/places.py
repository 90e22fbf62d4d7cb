"""Where a key belongs that stands in the wrong place: `title` of the campaign instead of `what.title`."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.files import date_trigger, limits, what, when
from app.domain.files.problems import Problem, child

SECTIONS: Mapping[str, frozenset[str]] = {
    "when": when.SUPPORTED,
    "when.unless": when.UNLESS,
    "when.date": date_trigger.KEYS,
    "when.date.unless": date_trigger.UNLESS,
    "when.quiet": when.QUIET,
    "limits": limits.SUPPORTED,
    "what": what.SUPPORTED,
    "what.android": what.ANDROID,
    "inbox": what.INBOX,
}
"""Sections by path, the likeliest first."""


def put_right(problem: Problem) -> Problem:
    """A key that nothing here is near to, but that is a key elsewhere, with the place where it belongs."""
    above, _, key = problem.path.rpartition(".")
    if not problem.hint.startswith("known here") or not problem.message.startswith("unknown key"):
        return problem
    at = [child(path, key) for path, keys in SECTIONS.items() if key in keys and path != above]
    return Problem(problem.path, problem.message, f"did you mean {at[0]}?", problem.line) if at else problem

"""The oracle's verdict on one partition of users: what was sent, kept for the inbox and capped, set against it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.oracle.outcome import Outcome, message_ids

ENDS = ("sent", "inbox", "user_cap")


def ends_of(decisions: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The message ids by how they ended."""
    found: dict[str, list[str]] = {end: [] for end in ENDS}
    for each in decisions:
        end = each.get("reason", "") if each["step"] == "dropped" else each["step"]
        if end in found:
            found[end].append(each["message_id"])
    return {end: sorted(ids) for end, ids in found.items()}


def expected_of(outcomes: Sequence[Outcome]) -> dict[str, list[str]]:
    """The same, of what had to happen."""
    return {end: sorted(set().union(*message_ids(outcomes, end).values())) for end in ENDS}

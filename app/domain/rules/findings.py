"""A condition judged for explaining: not only whether it holds, but every part of it with the value that was found.

The tree agrees with the compiled function of `conditions` always; it is slower, and no event pays for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, assert_never

from msgspec import Struct

from app.domain.model.campaign import AllOf, AnyOf, Condition, Leaf, NoneOf
from app.domain.rules.comparisons import comparison
from app.domain.rules.conditions import look_up
from app.domain.rules.privacy import contact, is_hidden
from app.domain.rules.wording import leaf_text, value_text


class Kind(StrEnum):
    """What a finding is of: one comparison, or a group."""

    LEAF = "leaf"
    ALL = "all"
    ANY = "any"
    NONE = "none"


class Finding(Struct, frozen=True, omit_defaults=True):
    """One part of a condition: in words, whether it holds, and the value of its field; None: it is missing.

    Addresses and telephone numbers are masked.
    """

    kind: Kind
    text: str
    holds: bool
    field: str | None = None
    found: Any = None
    parts: tuple[Finding, ...] = ()


def find(condition: Condition, values: Mapping[str, Any], now_ms: int) -> Finding:
    """The whole tree of a condition over an event's properties or a user's traits."""
    match condition:
        case Leaf():
            value = look_up(values, condition.field)
            holds = bool(comparison(condition)(value, now_ms))
            return Finding(Kind.LEAF, leaf_text(condition), holds, condition.field, _shown(condition, value))
        case AllOf(of):
            parts = _parts(of, values, now_ms)
            return Finding(Kind.ALL, "all of", all(part.holds for part in parts), parts=parts)
        case AnyOf(of):
            parts = _parts(of, values, now_ms)
            return Finding(Kind.ANY, "at least one of", any(part.holds for part in parts), parts=parts)
        case NoneOf(of):
            parts = _parts(of, values, now_ms)
            return Finding(Kind.NONE, "none of", not any(part.holds for part in parts), parts=parts)
        case other:
            assert_never(other)


def _parts(of: Sequence[Condition], values: Mapping[str, Any], now_ms: int) -> tuple[Finding, ...]:
    return tuple(find(part, values, now_ms) for part in of)


def _shown(test: Leaf, value: Any) -> Any:
    return contact(value) if value is not None and is_hidden(test.field) else value


def blame(finding: Finding, *, wanted: bool = True) -> Iterator[tuple[Finding, bool]]:
    """The leaves that keep a finding from being as wanted, each with what it should have been."""
    if finding.holds is wanted:
        return
    if finding.kind is Kind.LEAF or not finding.parts:
        yield finding, wanted
        return
    below = wanted is not (finding.kind is Kind.NONE)
    for part in finding.parts:
        yield from blame(part, wanted=below)


def why_not(finding: Finding) -> str:
    """In words, of a finding that does not hold: which value was found, and what was asked for."""
    blamed = list(blame(finding))
    word = " or " if finding.kind is Kind.ANY else " and "
    asked = word.join(_asked(leaf, wanted) for leaf, wanted in blamed)
    fields = dict.fromkeys((leaf.field, value_text(leaf.found), leaf.found is None) for leaf, _ in blamed)
    had = ", ".join(_had(field, value, missing) for field, value, missing in fields if field is not None)
    return f"{had or 'nothing'}, and the campaign asks for {asked}"


def _asked(leaf: Finding, wanted: bool) -> str:
    return leaf.text if wanted else f"not ({leaf.text})"


def _had(field: str, value: str, missing: bool) -> str:
    return f"no {field}" if missing else f"{field} {value}"

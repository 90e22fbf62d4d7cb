"""A condition judged for explaining: not only whether it holds, but every part of it with the value that was found.

The tree agrees with the compiled function of `conditions` always; it is slower, and no event pays for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct

from app.domain.model.condition import AllOf, AnyOf, Condition, Leaf, NoneOf
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
    """The whole tree of a condition on values: an event's properties. WHO is found by `who_findings`."""

    def of_value(test: Condition) -> Finding:
        if not isinstance(test, Leaf):
            raise ValueError(f"{type(test).__name__} is no condition on values")
        value = look_up(values, test.field)
        return leaf(test.field, leaf_text(test), bool(comparison(test)(value, now_ms)), value)

    return grouped(condition, of_value)


def leaf(field: str, text: str, holds: bool, found: Any) -> Finding:
    """One comparison, with the value that was found, masked where it must be."""
    shown = contact(found) if found is not None and is_hidden(field) else found
    return Finding(Kind.LEAF, text, holds, field, shown)


def grouped(condition: Condition, of_leaf: Callable[[Condition], Finding]) -> Finding:
    """The tree of a condition, whose leaves are found by `of_leaf`."""
    match condition:
        case AllOf(of):
            parts = _parts(of, of_leaf)
            return Finding(Kind.ALL, "all of", all(part.holds for part in parts), parts=parts)
        case AnyOf(of):
            parts = _parts(of, of_leaf)
            return Finding(Kind.ANY, "at least one of", any(part.holds for part in parts), parts=parts)
        case NoneOf(of):
            parts = _parts(of, of_leaf)
            return Finding(Kind.NONE, "none of", not any(part.holds for part in parts), parts=parts)
        case _:
            return of_leaf(condition)


def _parts(of: Sequence[Condition], of_leaf: Callable[[Condition], Finding]) -> tuple[Finding, ...]:
    return tuple(grouped(part, of_leaf) for part in of)


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
    asked = word.join(_asked(each, wanted) for each, wanted in blamed)
    fields = dict.fromkeys((each.field, value_text(each.found), each.found is None) for each, _ in blamed)
    had = ", ".join(_had(field, value, missing) for field, value, missing in fields if field is not None)
    return f"{had or 'nothing'}, and the campaign asks for {asked}"


def _asked(finding: Finding, wanted: bool) -> str:
    return finding.text if wanted else f"not ({finding.text})"


def _had(field: str, value: str, missing: bool) -> str:
    return f"no {field}" if missing else f"{field} {value}"

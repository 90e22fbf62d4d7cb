"""Saved segments that refer to one another: what is missing, and what goes in a circle (C007)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from app.domain.model.condition import AllOf, AnyOf, Condition, InSegment, NoneOf


def references(condition: Condition) -> Iterator[str]:
    """The names of the segments that a condition refers to."""
    match condition:
        case InSegment(name):
            yield name
        case AllOf(of) | AnyOf(of) | NoneOf(of):
            for part in of:
                yield from references(part)
        case _:
            return


def unknown(condition: Condition, segments: Mapping[str, Condition]) -> list[str]:
    """A sentence for every reference that leads nowhere."""
    missing = dict.fromkeys(name for name in references(condition) if name not in segments)
    return [f"there is no segment {name!r}{_meant(name, segments)}" for name in missing]


def cycle_from(name: str, segments: Mapping[str, Condition]) -> tuple[str, ...] | None:
    """The names from this segment back to itself, its own at both ends; None where no way leads back."""
    came_from: dict[str, str] = {}
    waiting = [name]
    while waiting:
        here = waiting.pop(0)
        for there in references(segments[here]) if here in segments else ():
            if there == name:
                return _way(name, here, came_from)
            if there not in came_from:
                came_from[there] = here
                waiting.append(there)
    return None


def without_cycles(segments: Mapping[str, Condition]) -> dict[str, Condition]:
    """Those that do not lead back to themselves: what is left can be asked."""
    return {name: each for name, each in segments.items() if cycle_from(name, segments) is None}


def used_by(condition: Condition, segments: Mapping[str, Condition]) -> dict[str, Condition]:
    """Every known segment that a condition refers to, directly or through others."""
    found: dict[str, Condition] = {}
    waiting = list(references(condition))
    while waiting:
        name = waiting.pop()
        if name in segments and name not in found:
            found[name] = segments[name]
            waiting += references(segments[name])
    return found


def _way(name: str, last: str, came_from: Mapping[str, str]) -> tuple[str, ...]:
    way = [name, last]
    while way[-1] != name:
        way.append(came_from[way[-1]])
    return tuple(reversed(way)) if len(way) > len((name, last)) else (name, name)


def _meant(name: str, segments: Mapping[str, Condition]) -> str:
    near = get_close_matches(name, sorted(segments), n=1)
    if near:
        return f" (did you mean {near[0]!r}?)"
    known = ", ".join(sorted(segments))
    return f" (saved ones: {known})" if known else " (none is saved yet)"

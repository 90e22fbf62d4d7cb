"""Where a file names saved segments, and what is wrong with that: one that is not there, or a way back (C007)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from app.domain.files.problems import Problem, child, suggestion
from app.domain.files.segment import is_segment
from app.domain.files.yaml12 import Document, read_documents
from app.domain.model.condition import Condition
from app.domain.rules.segments import cycle_from


class Mention(NamedTuple):
    """A condition that names a segment. `owner`: the segment whose condition it is; None: a campaign's."""

    name: str
    owner: str | None
    path: str
    line: int | None


def mentions(text: str) -> Iterator[Mention]:
    """Every segment that a file names, in its order; none where it cannot be read."""
    for document in read_documents(text):
        if not isinstance(document, Document) or not isinstance(document.value, Mapping):
            continue
        value = document.value
        owner = str(value["segment"]) if is_segment(value) else None
        own = {key: each for key, each in value.items() if key != "segment"} if owner is not None else value
        for path, name in _named(own if owner is not None else {"who": own.get("who")}, ""):
            yield Mention(name, owner, path, document.line_of(path))


def reference_problems(text: str, known: Mapping[str, Condition], hint: str = "") -> list[Problem]:
    """Every segment that this file names and nobody knows, and every one of its own that leads back to itself.

    `known`: the segments of all files and the saved ones; `hint`: what to do where no name is near.
    """
    problems: list[Problem] = []
    told: set[str] = set()
    for each in mentions(text):
        if each.name not in known:
            problems.append(
                Problem(each.path, f"there is no segment {each.name!r}", _meant(each, known, hint), each.line)
            )
        way = None if each.owner is None or each.owner in told else cycle_from(each.owner, known)
        if way is not None and way[1] == each.name:
            told.add(str(each.owner))
            problems.append(
                Problem(
                    each.path,
                    f"{each.owner!r} refers to itself: {' -> '.join(way)}",
                    "take one of them out",
                    each.line,
                )
            )
    return problems


def _meant(mention: Mention, known: Mapping[str, Condition], hint: str) -> str:
    others = known.keys() - {mention.owner}
    near = suggestion(mention.name, others) if others else ""
    return near if near.startswith("did you mean") or not hint else "; ".join(filter(None, (hint, near)))


def _named(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """(path, name) of every condition below."""
    if isinstance(value, list):
        for at, item in enumerate(value):
            yield from _named(item, f"{path}[{at}]")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            below = child(path, key)
            if key == "segment" and isinstance(item, str):
                yield below, item
            elif key in ("who", "all", "any", "none"):
                yield from _named(item, below)

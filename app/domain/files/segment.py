"""A saved segment's document: `segment: name`, and a condition as it stands under `who` (C007)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.files.conditions import read_condition, read_name
from app.domain.files.problems import Problem
from app.domain.files.section import Section
from app.domain.model.campaign import Segment


def is_segment(document: Mapping[str, Any]) -> bool:
    """Does it begin as a segment does? A campaign's own condition may use one, but not as its first key."""
    return "segment" in document and "campaign" not in document


def read_segment(document: Mapping[str, Any], *, app_zone: str) -> Segment | list[Problem]:
    """The segment, or every problem it has. Its condition stands beside its name, or under `who`."""
    problems: list[Problem] = []
    section = Section(document, "", problems)
    name = read_name(section, "segment")
    beside = {key: value for key, value in document.items() if key not in {"segment", "who"}}
    if "who" in document:
        section.only(frozenset({"segment", "who"}))
        condition: Any = document["who"]
        path = "who"
    else:
        condition, path = beside, ""
    if condition in (None, {}):
        example = "as in all: [{user: country, is: US}]"
        problems.append(Problem(path, "a segment without a condition is everyone", example))
        return problems
    segment = Segment(name, read_condition(condition, path, app_zone, problems))
    return problems or segment

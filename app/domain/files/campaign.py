"""A campaign file: text or a map in; the campaign out, or every problem it has (CONTRACT section 2, C163)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.domain.files import meant
from app.domain.files.conditions import read_who
from app.domain.files.expectations import read_expectations
from app.domain.files.limits import read_limits
from app.domain.files.meant import asked
from app.domain.files.places import put_right
from app.domain.files.problems import Problem
from app.domain.files.section import Section
from app.domain.files.segment import is_segment, read_segment
from app.domain.files.surge import read_surge
from app.domain.files.what import read_inbox, read_what
from app.domain.files.when import read_when
from app.domain.files.yaml12 import Document, read_documents
from app.domain.model.campaign import Campaign, Segment
from app.domain.rules.addresses import is_address

SUPPORTED = frozenset({"campaign", "name", "owner", "who", "when", "limits", "what", "inbox", "surge"})
NOT_YET = frozenset({"channel", "goal", "amplify", "moment", "value", "replace_unopened", "prompt"})
OTHER_DOCUMENTS = ("resource",)
BESIDE = ("test", "app")
"""Documents for `campaign test`: no part of what is applied."""
ID_FORM = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def load(text: str, *, app_zone: str, amplify_default: bool) -> list[Campaign | Segment] | list[Problem]:
    """Every campaign and saved segment of a YAML text, in its order; or every problem of all its documents, with lines.

    The same one twice, and documents of another kind, are problems too. Tests are read and left out.
    """
    problems: list[Problem] = []
    loaded: list[Campaign | Segment] = []
    for document in read_documents(text):
        if isinstance(document, Problem):
            problems.append(document)
            continue
        if stands_beside(document):
            problems += _problems_of_test(document, app_zone)
            continue
        read = _read_document(document, app_zone, amplify_default)
        if isinstance(read, Campaign | Segment):
            problems += _repeated(read, loaded, document)
            loaded.append(read)
        else:
            problems += [with_line(problem, document) for problem in read]
    if not loaded and not problems:
        problems.append(Problem("", "there is no campaign in here"))
    return problems or loaded


def read_campaign(
    document: Mapping[str, Any], *, app_zone: str, amplify_default: bool
) -> Campaign | list[Problem]:
    """The campaign, or every problem it has.

    `app_zone` is where dates without a zone are; `amplify_default` stands in for a missing `inbox.fallback`.
    """
    problems: list[Problem] = []
    section = Section(document, "", problems)
    section.only(SUPPORTED, NOT_YET)
    timing = read_when(section, app_zone)
    campaign_id = _read_id(section)
    limits = read_limits(section)
    campaign = Campaign(
        id=campaign_id,
        name=section.text("name") or campaign_id,
        owner=_read_owner(section),
        who=read_who(document, app_zone, problems),
        when=timing.when,
        what=read_what(section),
        zone=timing.zone,
        starts_ms=timing.starts_ms,
        ends_ms=timing.ends_ms,
        quiet=timing.quiet,
        cut_off=timing.cut_off,
        control=limits.control,
        ignore_caps=limits.ignore_caps,
        caps_count=limits.caps_count,
        inbox=read_inbox(section, amplify_default),
        limits=limits.limits,
        surge=read_surge(section),
    )
    return [put_right(problem) for problem in problems] or campaign


def _read_document(
    document: Document, app_zone: str, amplify_default: bool
) -> Campaign | Segment | list[Problem]:
    value = document.value
    if not isinstance(value, Mapping):
        return [Problem("", "a document is a map", "as in campaign: cart-reminder")]
    other = next((key for key in OTHER_DOCUMENTS if key in value and "campaign" not in value), None)
    if other is not None:
        return [Problem(other, f"a document with {other!r} is not supported yet")]
    if is_segment(value):
        return read_segment(value, app_zone=app_zone)
    return read_campaign(value, app_zone=app_zone, amplify_default=amplify_default)


def stands_beside(document: Document) -> bool:
    """Is it a document that only `campaign test` asks for?"""
    value = document.value
    return isinstance(value, Mapping) and "campaign" not in value and any(key in value for key in BESIDE)


def _problems_of_test(document: Document, zone: str) -> list[Problem]:
    if "test" not in document.value:
        return []
    read = read_expectations(document.value, zone)
    return [with_line(problem, document) for problem in read] if isinstance(read, list) else []


def with_line(problem: Problem, document: Document) -> Problem:
    """The same problem, and the line that it stands in."""
    return Problem(problem.path, problem.message, problem.hint, document.line_of(problem.path))


def _repeated(
    read: Campaign | Segment, earlier: list[Campaign | Segment], document: Document
) -> list[Problem]:
    key, name = named(read)
    if (key, name) not in map(named, earlier):
        return []
    return [Problem(key, f"{name!r} is given twice", line=document.line_of(key))]


def named(read: Campaign | Segment) -> tuple[str, str]:
    """Of which kind a document is, and its name."""
    return ("campaign", read.id) if isinstance(read, Campaign) else ("segment", read.name)


def _read_id(section: Section) -> str:
    campaign_id = section.required_text("campaign")
    if campaign_id and not ID_FORM.fullmatch(campaign_id):
        section.refuse(
            "campaign",
            f"{campaign_id!r} is no campaign id",
            asked(meant.campaign_id(campaign_id), "up to 64 of a-z, 0-9 and -, not starting with -"),
        )
    return campaign_id


def _read_owner(section: Section) -> str | None:
    owner = section.text("owner")
    if owner is not None and not is_address(owner):
        section.refuse("owner", f"{owner!r} is no e-mail address", "as in crm@example.com")
    return owner

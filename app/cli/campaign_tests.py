"""`campaign test`: the files in scope, the verdicts, and what is told of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from app.cli.campaign_files import FileProblem, read_text
from app.domain.files.expectations import Expected
from app.domain.model.reason import EXPLANATIONS
from app.geoip import places
from app.replay.arrivals import Arrival, End
from app.replay.checking import Difference, Missing, Verdict, check
from app.replay.scope import Text, read_scope
from app.replay.why import clock_text
from app.settings import Settings


def run_tests(paths: Sequence[Path], settings: Settings) -> tuple[list[Verdict], list[FileProblem]]:
    """Every verdict; or, where a file has problems, all of these and no verdict."""
    texts: list[Text] = []
    problems: list[FileProblem] = []
    for path in paths:
        found = read_text(path)
        if isinstance(found, FileProblem):
            problems.append(found)
        else:
            texts.append(Text(str(path), found))
    if problems:
        return [], problems
    cases, flaws = read_scope(texts, settings.deciding)
    problems = [
        FileProblem(f.file, f.problem.path, f.problem.message, f.problem.hint, f.problem.line) for f in flaws
    ]
    if problems:
        return [], problems
    find_place = places(settings)
    return [check(case, find_place) for case in cases], []


def as_value(verdict: Verdict) -> dict[str, Any]:
    """A verdict for machines; times in milliseconds."""
    return {
        "test": verdict.case.expectations.name,
        "file": verdict.case.file,
        "line": verdict.case.line,
        "passed": verdict.passed,
        "missing": [
            {
                "path": each.expected.path,
                "expected": _expected_value(each.expected),
                "came": each.came,
                "differences": each.differences,
                "why": each.why,
            }
            for each in verdict.missing
        ],
        "unexpected": verdict.unexpected,
        "refused": [each._asdict() for each in verdict.refused],
    }


def _expected_value(expected: Expected) -> dict[str, Any]:
    given = {
        "user": expected.user,
        "campaign": expected.campaign,
        "at": expected.at_ms,
        "reason": expected.reason,
        "inbox": expected.inbox or None,
        **expected.compared,
    }
    return {key: value for key, value in given.items() if value is not None}


def text(verdicts: Sequence[Verdict]) -> str:
    """All verdicts, each with what is wrong, and the sum."""
    lines: list[str] = []
    for verdict in verdicts:
        lines.append(f"{'ok    ' if verdict.passed else 'FAILED'}  {verdict.case.expectations.name}")
        if not verdict.passed:
            lines.append(f"        {_place(verdict)}")
            lines += [f"        {line}" for line in _findings(verdict)]
    failed = sum(not verdict.passed for verdict in verdicts)
    count = f"{len(verdicts)} test{'' if len(verdicts) == 1 else 's'}"
    lines.append(f"{count}, {failed or 'none'} failed")
    return "\n".join(lines)


def _place(verdict: Verdict) -> str:
    return (
        verdict.case.file if verdict.case.line is None else f"{verdict.case.file}, line {verdict.case.line}"
    )


def _findings(verdict: Verdict) -> Iterator[str]:
    zone = verdict.case.rules.zone
    for refused in verdict.refused:
        yield f"{refused.path} is no event: {refused.reason}: {refused.detail}"
    for missing in verdict.missing:
        yield from _told(missing, zone)
    for arrival in verdict.unexpected:
        yield f"came, and was not expected: {described(arrival, zone)}"


def _told(missing: Missing, zone: str) -> Iterator[str]:
    if missing.came is None:
        yield f"expected: {_expected_text(missing.expected, zone)}"
        yield f"    came: nothing: {missing.why}"
        return
    yield f"expected: {_expected_text(missing.expected, zone)}"
    yield f"    came: {described(missing.came, zone)}"
    for each in missing.differences:
        yield f"          {_difference(each, zone)}"


def _difference(each: Difference, zone: str) -> str:
    if each.key == "at":
        return f"at is {clock_text(each.came, zone)} and not {clock_text(each.expected, zone)}"
    if each.key == "end":
        return f"it is {_KINDS[End(each.came)]} and not {_KINDS[End(each.expected)]}"
    return f"{each.key} is {_quoted(each.came)} and not {_quoted(each.expected)}"


_KINDS = {End.PUSH: "a push", End.DROP: "a drop", End.INBOX: "an inbox item"}


def _quoted(value: Any) -> str:
    return "nothing" if value is None else f'"{value}"' if isinstance(value, str) else str(value)


def _expected_text(expected: Expected, zone: str) -> str:
    kind = (
        "inbox item" if expected.inbox else "push" if expected.reason is None else f"drop ({expected.reason})"
    )
    parts = [kind]
    if expected.campaign is not None:
        parts.append(f"of {expected.campaign}")
    if expected.user is not None:
        parts.append(f"to {expected.user}")
    if expected.at_ms is not None:
        parts.append(f"at {clock_text(expected.at_ms, zone)}")
    return " ".join(parts)


def described(arrival: Arrival, zone: str) -> str:
    """What came, in a line."""
    head = f"{arrival.end} of {arrival.campaign} to {arrival.user} at {clock_text(arrival.at_ms, zone)}"
    if arrival.end is not End.DROP:
        return f'{head}: "{arrival.content.get("title", "")}"'
    told = "" if arrival.reason is None else f" ({arrival.reason}): {EXPLANATIONS[arrival.reason].marketer}"
    return head + told

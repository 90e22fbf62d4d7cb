"""`campaign backtest` and `campaign reach`: what campaigns would have done, read from the log itself (C014, C150)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from app.cli.broker import partition_count, run
from app.cli.campaign_files import Documents
from app.cli.campaign_records import read_all
from app.cli.errors import CommandError
from app.cli.output import bar, table, tell, time_text
from app.clock import monotonic_s, now_ms
from app.domain.model.app_rules import Throttle
from app.domain.model.campaign import Campaign, Segment
from app.domain.model.reason import EXPLANATIONS, Reason
from app.domain.rules.plan import LISTENING
from app.geoip import places
from app.replay.arrivals import End
from app.replay.crew import CrewError, replay_all
from app.replay.stretch import Answer, Question, Stretch, stretches
from app.replay.throttled import Throttled, throttled
from app.replay.together import replay_together
from app.setting_values import format_duration
from app.settings import Settings
from app.setup import app_rules

SHOWN = 20
WORTH_A_PROCESS = 50_000
"""Records: to start one more process takes as long as reading so many."""


class Window(NamedTuple):
    """From when to when the campaigns are live; None: as far as the log reaches."""

    from_ms: int | None
    to_ms: int | None


class Report(NamedTuple):
    """What came of it, and of how much. `throttle`: the app's, and what it makes of the pushes of all the campaigns."""

    window: Window
    partitions: int
    seconds: float
    answer: Answer
    throttle: Throttle | None = None
    throttled: Throttled | None = None


class Manner(NamedTuple):
    """`with_live`: beside the campaigns that are live now. `in_order`: all partitions in one process, by time, as they
    always are where a campaign has a limit that they share."""

    with_live: bool = False
    in_order: bool = False


def backtest(files: Documents, window: Window, manner: Manner, settings: Settings) -> Report:
    """Replay the events topic. Raises CommandError, SettingsError."""
    if window.from_ms is not None and window.to_ms is not None and window.to_ms <= window.from_ms:
        raise CommandError("The window is empty: --to is not after --from.")
    places(settings)  # one that cannot be read is told before the log is
    rules, campaigns = app_rules(settings), tuple(source.campaign for source in files.campaigns)
    count = run(settings.kafka, lambda: partition_count(settings.kafka, settings.events))
    found = run(settings.kafka, lambda: stretches(settings.kafka, settings.events, count))
    question = Question(
        settings.kafka,
        settings.events,
        campaigns,
        rules,
        window.from_ms or 0,
        window.to_ms if rules.stream_clock else min(now_ms(), window.to_ms or now_ms()),
        _beside(campaigns, settings) if manner.with_live else (),
        count,
        settings.partitioner,
        segments_of(files, settings, with_all=manner.with_live),
        settings.geoip,
    )
    begun_s = monotonic_s()
    answer = _replayed(question, found, settings, in_order=manner.in_order or question.shares_limits)
    answer.rows.sort(key=attrgetter("at_ms", "user", "campaign", "message_id"))
    throttle = rules.throttle
    pushes_ms = [row.at_ms for row in answer.rows if row.end is End.PUSH]
    late = throttled(pushes_ms, throttle) if throttle is not None else None
    return Report(window, count, monotonic_s() - begun_s, answer, throttle, late)


def _replayed(question: Question, found: Sequence[Stretch], settings: Settings, *, in_order: bool) -> Answer:
    total = sum(each.end - each.begin for each in found)
    tell(f"replaying {total:,} records of {question.topic} in {len(found)} partitions")
    with bar("records", total) as advance:
        behind = 0

        def progress(now_behind: int) -> None:
            nonlocal behind
            advance(now_behind - behind)
            behind = now_behind

        if in_order:
            return run(settings.kafka, lambda: replay_together(question, found, progress))
        try:
            processes = min(os.cpu_count() or 1, 1 + total // WORTH_A_PROCESS)
            return replay_all(question, found, processes, progress)
        except CrewError as error:
            raise CommandError(f"The log was not replayed: {error}. Try again once Kafka is well.") from error


def segments_of(files: Documents, settings: Settings, *, with_all: bool = False) -> tuple[Segment, ...]:
    """The segments of the files; where they name others, or with all, those that are saved. Raises CommandError."""
    here = {each.segment.name: each.segment for each in files.segments}
    if not files.elsewhere and not with_all:
        return tuple(here.values())
    saved = read_all(settings).segments
    newest = {name: found[1].segment for name in saved.names() if (found := saved.newest(name)) is not None}
    lost = files.lost({name: each.who for name, each in newest.items()})
    if lost:
        raise CommandError("; ".join(map(str, lost)))
    return tuple((newest | here).values())


def _beside(campaigns: Sequence[Campaign], settings: Settings) -> tuple[Campaign, ...]:
    """The versions in force of every campaign that may send now, but for those of the file."""
    records, ours = read_all(settings), {campaign.id for campaign in campaigns}
    standing = {
        name: standings.current for name, (standings, _) in records.standings.items() if name not in ours
    }
    return tuple(
        records.definitions[name, current.version].campaign
        for name, current in sorted(standing.items())
        if current.status in LISTENING
    )


def as_value(report: Report) -> dict[str, Any]:
    """All of it for machines; times in milliseconds."""
    answer = report.answer
    leaves_ms = iter(report.throttled.leaves_ms if report.throttled is not None else ())
    return {
        **_head(report),
        **_throttle_value(report),
        "campaigns": {name: _sums_value(answer, name) for name in sorted(answer.sums)},
        "messages": [
            {
                "at": row.at_ms,
                "user": row.user,
                "campaign": row.campaign,
                "end": row.end,
                "message_id": row.message_id,
                "reason": row.reason,
                "title": row.title,
                **({"leaves_at": next(leaves_ms)} if report.throttled and row.end is End.PUSH else {}),
            }
            for row in answer.rows
        ],
    }


def _throttle_value(report: Report) -> dict[str, Any]:
    throttle, late = report.throttle, report.throttled
    if throttle is None or late is None:
        return {}
    last_ms = late.leaves_ms[-1] if late.leaves_ms else None
    said = {"max": throttle.max, "every_ms": throttle.every_ms, "peak": late.peak}
    return {"throttle": said | {"longest_wait_ms": late.longest_wait_ms, "last_leaves_at": last_ms}}


def _throttle_text(throttle: Throttle, late: Throttled) -> str:
    last = time_text(late.leaves_ms[-1]) if late.leaves_ms else "never"
    return (
        f"throttle: at most {throttle.max:,} every {format_duration(throttle.every_ms)}. Of these campaigns alone, "
        f"at most {late.peak:,} leave in an interval, the last at {last}; the longest wait is "
        f"{late.longest_wait_ms / 1000:,.0f} s"
    )


def _head(report: Report) -> dict[str, Any]:
    answer = report.answer
    return {
        "from": report.window.from_ms or answer.first_ms,
        "to": report.window.to_ms or answer.last_ms,
        "partitions": report.partitions,
        "records": answer.records,
        "users": answer.users,
        "unreadable": answer.unreadable,
        "failures": answer.failures,
        "lost": answer.lost,
        "seconds": round(report.seconds, 3),
    }


def _sums_value(answer: Answer, campaign: str) -> dict[str, Any]:
    sums = answer.sums[campaign]
    pushes, at_ms = sums.peak()
    return {
        "qualified": sums.qualified,
        "pushes": sums.push,
        "inbox": sums.inbox,
        "dropped": sums.drop,
        "held": sums.held,
        "waiting": sums.waiting,
        "users": sums.users,
        "users_pushed": sums.users_pushed,
        "users_reachable": sums.users_reachable,
        "reasons": dict(sorted(sums.reasons.items())),
        "peak": {"pushes": pushes, "at": at_ms},
        "days": dict(sorted(sums.days.items())),
    }


def text(report: Report) -> str:
    """The same for people; of the messages only the first."""
    answer = report.answer
    parts = [_opening(report), _table_of_campaigns(answer)]
    if any(sums.reasons for sums in answer.sums.values()):
        parts.append(_table_of_reasons(answer))
    if answer.rows:
        parts += [_table_of_days(answer), _table_of_rows(answer)]
    if report.throttle is not None and report.throttled is not None:
        parts.append(_throttle_text(report.throttle, report.throttled))
    if answer.lost:
        parts.append(
            f"{answer.lost:,} times a user of one partition had to do with one of another (several ids of one "
            "person, a device that changed hands), which was left out. --in-order takes it in."
        )
    if answer.failures:
        parts.append(f"{answer.failures} steps failed, the first one with {answer.first_failure}")
    return "\n\n".join(parts)


def _opening(report: Report) -> str:
    head = _head(report)
    per_s = report.answer.records / max(report.seconds, 0.001)
    unreadable = f", {report.answer.unreadable:,} of them no events" if report.answer.unreadable else ""
    return (
        f"{time_text(head['from'])} to {time_text(head['to'])}: {head['records']:,} records of {head['users']:,} "
        f"users{unreadable}, in {report.seconds:.1f} s ({per_s:,.0f} a second)"
    )


def _table_of_campaigns(answer: Answer) -> str:
    columns = (
        "campaign",
        "qualified",
        "pushes",
        "inbox",
        "dropped",
        "held",
        "waiting",
        "peak in 15 min",
        "from",
    )
    rows = []
    for name, sums in sorted(answer.sums.items()):
        most, at_ms = sums.peak()
        counts = (sums.qualified, sums.push, sums.inbox, sums.drop, sums.held, sums.waiting, most)
        rows.append((name, *counts, time_text(at_ms)))
    return table(columns, rows)


def _table_of_reasons(answer: Answer) -> str:
    rows = [
        (name, count, reason, EXPLANATIONS[Reason(reason)].marketer)
        for name, sums in sorted(answer.sums.items())
        for reason, count in sorted(sums.reasons.items(), key=lambda each: -each[1])
    ]
    return table(("campaign", "dropped", "reason", ""), rows)


def _table_of_days(answer: Answer) -> str:
    rows = [
        (day, name, ends.get("push", 0), ends.get("inbox", 0), ends.get("drop", 0))
        for name, sums in sorted(answer.sums.items())
        for day, ends in sorted(sums.days.items())
    ]
    return table(("day", "campaign", "pushes", "inbox", "dropped"), rows)


def _table_of_rows(answer: Answer) -> str:
    rows = [
        (time_text(row.at_ms), row.user, row.campaign, row.end, row.reason or row.title or "")
        for row in answer.rows[:SHOWN]
    ]
    more = len(answer.rows) - len(rows)
    rest = f"\nand {more:,} more; --json has them all" if more else ""
    return table(("at", "user", "campaign", "end", "title or reason"), rows) + rest


def reach_value(report: Report) -> dict[str, Any]:
    """The two numbers of C014 for each campaign."""
    return {
        **_head(report),
        "campaigns": {
            name: {"users": sums.users, "reachable": sums.users_reachable}
            for name, sums in sorted(report.answer.sums.items())
        },
    }


def reach_text(report: Report) -> str:
    """The same for people."""
    rows = [(name, sums.users, sums.users_reachable) for name, sums in sorted(report.answer.sums.items())]
    return f"{_opening(report)}\n\n{table(('campaign', 'users who qualify', 'reachable by push now'), rows)}"

"""`campaign apply` and `schedule`: what is written, and what is told and done about a past that nobody counted.

With `--backfill` a campaign comes to be in three steps, each of which may be repeated: applied (a draft, whose counters
start), the past counted, scheduled. Whatever breaks off in between, the same command goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.cli.campaign_backfill import Past, count_until_taken, past_of, refuse_stream_clock
from app.cli.campaign_diff import notes
from app.cli.campaign_files import Documents, FileProblem
from app.cli.campaign_records import change
from app.cli.errors import CommandError
from app.cli.output import tell, time_text
from app.domain.files.references import mentions
from app.domain.model.condition import AllOf, AnyOf, Condition, Near, NoneOf
from app.settings import Settings
from tables.catalog import Records
from tables.catalog_writer import Act, Change, SegmentChange, applied, refuse_references, saved, scheduled

Changes = Sequence[Change | SegmentChange]


class LostSegments(Exception):
    """Files name segments that are not there, or that lead back to themselves. Has every problem."""

    def __init__(self, problems: list[FileProblem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class Manner(NamedTuple):
    """`schedule`: let it send; `backfill`: count the past before; `wait` until every worker decides by it."""

    schedule: bool = False
    backfill: bool = False
    wait: bool = True


def apply_files(found: Documents, manner: Manner, settings: Settings) -> Changes:
    """Make or change what the files hold. Raises LostSegments, CommandError."""
    ids = [each.campaign.id for each in found.campaigns]
    names = [each.segment.name for each in found.segments]
    tell_cities(found)
    if not manner.backfill:
        changes = _apply(found, settings, schedule=manner.schedule, wait=manner.wait)
        _tell_past(settings, changes, ids, names)
        return changes
    refuse_stream_clock(settings)
    before = _apply(found, settings, schedule=False, wait=False)
    count_until_taken(settings, ids, names)
    if not manner.schedule:
        return before
    return _both(before, _apply(found, settings, schedule=True, wait=manner.wait))


def schedule_campaigns(ids: Sequence[str], manner: Manner, settings: Settings) -> Changes:
    """Let campaigns send. Raises CommandError."""
    if manner.backfill:
        refuse_stream_clock(settings)
        count_until_taken(settings, ids)

    def decide(records: Records, act: Act) -> Changes:
        return [scheduled(records, each, act) for each in ids]

    changes = change(settings, decide, wait=manner.wait)
    if not manner.backfill:
        _tell_past(settings, changes, ids)
    return changes


def _apply(found: Documents, settings: Settings, *, schedule: bool, wait: bool) -> Changes:
    def decide(records: Records, act: Act) -> Changes:
        lost = found.lost(records.segments.conditions())
        if lost:
            raise LostSegments(lost)
        campaigns, segments = found.campaigns, found.segments
        refuse_references(records, [each.campaign for each in campaigns], [each.segment for each in segments])
        for note in notes(records, campaigns):
            tell(note)
        changes = [applied(records, each.campaign, each.text, act, schedule=schedule) for each in campaigns]
        return [*(saved(records, each.segment, each.text, act) for each in segments), *changes]

    return change(settings, decide, publish=True, wait=wait)


def _both(before: Changes, after: Changes) -> Changes:
    """What two steps came to."""
    return [
        later._replace(records=(*earlier.records, *later.records))
        for earlier, later in zip(before, after, strict=True)
    ]


def _tell_past(settings: Settings, changes: Changes, ids: Sequence[str], names: Sequence[str] = ()) -> None:
    """Say of everything that is asked of the past from when on it is counted, and how to count what came before."""
    if settings.clock == "stream" or not any(each.records for each in changes):
        return
    try:
        past = past_of(settings, ids, names)
    except CommandError as error:
        tell(f"whether the log has a past to count is not known: {error}")
        return
    for line in told(past, ids):
        tell(line)


def told(past: Past, ids: Sequence[str]) -> Iterator[str]:
    """Nothing where the log has nothing from before."""
    earlier = [each for each in past.kinds if past.oldest_ms is not None and past.oldest_ms < each.since_ms]
    for each in earlier:
        yield f"{each.text}: counted from {time_text(each.since_ms)} on"
    if earlier:
        command = " ".join(["python -m app campaign backfill", *ids])
        yield (
            f"the log reaches back to {time_text(past.oldest_ms)}. What happened before counts once `{command}` has "
            "run; apply and schedule do it themselves with --backfill"
        )


def tell_cities(found: Documents) -> None:
    """Say which cities are meant by the names in these files."""
    conditions = [(each.path, each.campaign.who) for each in found.campaigns]
    conditions += [(each.path, each.segment.who) for each in found.segments]
    for path, condition in conditions:
        for near in _nears(condition):
            points = near.points[len(near.points) - len(near.cities) :]
            for city, (latitude, longitude) in zip(near.cities, points, strict=True):
                tell(f"{path}: near {city}, which is at {latitude}, {longitude}")


def tell_elsewhere(found: Documents) -> None:
    """Say which segments these files name and do not have."""
    names = set(found.elsewhere)
    for path, text in found.texts.items():
        for each in mentions(text):
            if each.name in names:
                tell(
                    f"{path}: line {each.line}: {each.path}: segment {each.name!r} is not in these files; apply looks "
                    "for it among the saved ones"
                )


def _nears(condition: Condition) -> Iterator[Near]:
    match condition:
        case Near():
            yield condition
        case AllOf(of) | AnyOf(of) | NoneOf(of):
            for part in of:
                yield from _nears(part)
        case _:
            return

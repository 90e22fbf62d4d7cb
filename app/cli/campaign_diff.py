"""What `campaign apply` would change: the file against the version in force, by the very code that applies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from app.cli.campaign_files import Source
from app.domain.model.campaign import Campaign, Status
from app.domain.rules.changes import FieldChange, changes, consequences, limits_begin
from tables.catalog import Records
from tables.catalog_writer import Act, TransitionError, applied

QUOTED = frozenset({"name", "title", "body", "link", "image"})


class CampaignDiff(Struct, frozen=True):
    """One campaign. `version` None: there is none yet; `refused`: why `apply` would change nothing."""

    campaign: str
    status: str
    version: int | None
    next_version: int
    changed: bool
    changes: list[FieldChange]
    consequences: list[str]
    refused: str | None = None


def difference(records: Records, source: Source, now_ms: int) -> CampaignDiff:
    """What applying this source would change now."""
    campaign = source.campaign
    known = records.standings.get(campaign.id)
    version = None if known is None else known[0].current.version
    status = Status.DRAFT if known is None else known[0].current.status
    definition = None if version is None else records.definitions.get((campaign.id, version))
    before = None if definition is None else definition.campaign
    changed = [] if before is None else changes(before, campaign)
    try:
        change = applied(records, campaign, source.text, Act(now_ms))
    except TransitionError as error:
        newest = records.newest(campaign.id)
        return CampaignDiff(campaign.id, status, version, newest, False, changed, [], str(error))
    return CampaignDiff(
        campaign.id,
        status,
        version,
        change.version,
        bool(change.records),
        changed,
        _means(before, changed, status, campaign, now_ms),
    )


def _means(
    before: Campaign | None, changed: list[FieldChange], status: Status, campaign: Campaign, now_ms: int
) -> list[str]:
    if before is None:
        return ["It is new: `apply` makes a draft of it, and nothing is sent before it is scheduled."]
    begun = [] if status is Status.DRAFT else limits_begin(before, campaign)
    return [*consequences(changed, status, campaign, now_ms), *begun]


def notes(records: Records, sources: Sequence[Source]) -> Iterator[str]:
    """What whoever applies these must hear: new limits of campaigns that have been sent do not count the past."""
    for source in sources:
        known = records.standings.get(source.campaign.id)
        if known is not None and known[0].current.status is not Status.DRAFT:
            definition = records.definitions.get((source.campaign.id, known[0].current.version))
            begun = [] if definition is None else limits_begin(definition.campaign, source.campaign)
            yield from (f"note: {source.campaign.id}: {sentence}" for sentence in begun)


def lines(found: CampaignDiff) -> Iterator[str]:
    """The difference for people."""
    if found.version is None:
        yield f"{found.campaign}: new, it would become version {found.next_version}"
    elif found.refused is not None:
        yield f"{found.campaign}: apply refuses: {found.refused}"
    elif not found.changed:
        yield f"{found.campaign}: nothing changes; version {found.version} is in force, {found.status}"
    else:
        yield f"{found.campaign}: version {found.version} ({found.status}) would become version {found.next_version}"
    for each in found.changes:
        label = "" if each.label == each.path else f" ({each.label})"
        yield f"  {each.path}{label}: {_told(each)}"
    for sentence in found.consequences:
        yield f"  {sentence}"


def _told(change: FieldChange) -> str:
    before, after = _value(change, change.before), _value(change, change.after)
    if change.before is None:
        return f"now {after}"
    if change.after is None:
        return f"no longer {before}"
    return f"from {before} to {after}"


def _value(change: FieldChange, value: str | None) -> str:
    return f'"{value}"' if change.path.rpartition(".")[2] in QUOTED else str(value)

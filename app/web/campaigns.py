"""Campaigns as the catalog and the counts tell of them."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from app.domain.model.campaign import Campaign, When
from app.domain.rules.wording import span
from app.web.alerts import AlertView, view
from app.web.told import Loss, losses
from tables.catalog import Definition, Records, Standing
from tables.stats import Counts


class CountsView(Struct, frozen=True):
    """What became of everybody who qualified (C152). `gap` is what the sums miss: 0 at all times."""

    qualified: int
    held: int
    held_now: int
    sent: int
    accepted: int
    on_their_way: int
    attempted: int
    retried: int
    inbox: int
    inbox_after_sent: int
    gap: int
    dropped: tuple[Loss, ...]
    failed: tuple[Loss, ...]

    @property
    def dropped_in_all(self) -> int:
        """Dropped, whatever the reason."""
        return sum(loss.count for loss in self.dropped)

    @property
    def failed_in_all(self) -> int:
        """Failed, whatever the reason."""
        return sum(loss.count for loss in self.failed)


class CampaignView(Struct, frozen=True, kw_only=True):
    """One campaign. `status` None: the catalog does not know it (any more), and only its counts are left."""

    id: str
    name: str
    status: str | None
    version: int | None
    since_ms: int | None
    reason: str | None
    trigger: str
    counts: CountsView
    alert: AlertView | None = None


class VersionView(Struct, frozen=True):
    """One version of a campaign, with the file that it came from."""

    version: int
    created_ms: int
    text: str
    is_current: bool


def all_of(records: Records, sums: Mapping[str, Counts]) -> list[CampaignView]:
    """Every campaign that is known, by id."""
    known = {campaign for campaign, _ in records.definitions} | records.standings.keys() | sums.keys()
    return [_view(campaign, records, sums) for campaign in sorted(known)]


def one_of(campaign: str, records: Records, sums: Mapping[str, Counts]) -> CampaignView | None:
    """One campaign; None where nobody knows it."""
    is_known = campaign in records.standings or campaign in sums or records.newest(campaign)
    return _view(campaign, records, sums) if is_known else None


def versions_of(campaign: str, records: Records) -> list[VersionView]:
    """Its versions, newest first."""
    standing, _ = _standing(campaign, records)
    current = None if standing is None else standing.version
    found = sorted(
        ((version, told) for (known, version), told in records.definitions.items() if known == campaign),
        key=lambda each: each[0],
        reverse=True,
    )
    return [VersionView(version, told.created_ms, told.text, version == current) for version, told in found]


def count(counts: Counts) -> CountsView:
    """Counts, with what follows from them."""
    return CountsView(
        qualified=counts.qualified,
        held=counts.held,
        held_now=counts.held_now,
        sent=counts.sent,
        accepted=counts.accepted,
        on_their_way=counts.on_their_way,
        attempted=counts.attempted,
        retried=counts.retried,
        inbox=counts.inbox,
        inbox_after_sent=counts.inbox_after_sent,
        gap=counts.gap,
        dropped=tuple(losses(counts.dropped)),
        failed=tuple(losses(counts.failed)),
    )


def _view(campaign: str, records: Records, sums: Mapping[str, Counts]) -> CampaignView:
    standing, since_ms = _standing(campaign, records)
    definition = _definition(campaign, standing, records)
    return CampaignView(
        id=campaign,
        name=campaign if definition is None else definition.campaign.name,
        status=None if standing is None else str(standing.status),
        version=None if standing is None else standing.version,
        since_ms=since_ms,
        reason=None if standing is None else standing.reason,
        trigger="" if definition is None else in_words(definition.campaign),
        counts=count(sums.get(campaign, Counts())),
        alert=view(records.alerts.get(campaign)),
    )


def _standing(campaign: str, records: Records) -> tuple[Standing | None, int | None]:
    found = records.standings.get(campaign)
    return (None, None) if found is None else (found[0].current, found[1])


def _definition(campaign: str, standing: Standing | None, records: Records) -> Definition | None:
    version = records.newest(campaign) if standing is None else standing.version
    return records.definitions.get((campaign, version))


def in_words(campaign: Campaign) -> str:
    """What starts it, in a few words."""
    when = campaign.when
    unless = (
        "" if when.unless is None else f", unless {when.unless.event} within {span(when.unless.within_ms)}"
    )
    return f"on {when.event}{unless}{_delay(when)}"


def _delay(when: When) -> str:
    return f", {span(when.delay_ms)} later" if when.delay_ms else ""

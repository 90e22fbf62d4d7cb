"""The campaigns topic of a world, and the real catalog reader over simulated clients."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from app.domain.catalog import make_plan
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Campaign, Cap, Status
from app.domain.rules.plan import Plan
from app.turns.watermark import encode
from tables.catalog import SETTINGS_KEY, CatalogReader, Definition, Rules, Standing, Standings
from tests.flow.test_oracle import demo_campaigns
from tests.simulation.broker import SimBroker
from tests.simulation.network import Network

if TYPE_CHECKING:
    from tests.simulation.world import World

LONG_BEFORE_MS = 3_600_000


class _Made(NamedTuple):
    campaigns: list[Campaign]
    plans: dict[tuple[str, int], Plan]


@cache
def _made() -> _Made:
    """The demo's campaigns, read and compiled once for all worlds."""
    campaigns = demo_campaigns()
    return _Made(campaigns, {(each.id, 1): make_plan(each, 1) for each in campaigns})


def names() -> list[str]:
    """The campaigns that there are."""
    return [campaign.id for campaign in _made().campaigns]


@cache
def _first_records(has_caps: bool, is_stream: bool) -> list[tuple[bytes, bytes]]:
    rules = AppRules(caps=(Cap(3),) if has_caps else (), stream_clock=is_stream)
    records = [(SETTINGS_KEY, encode(Rules(rules)))]
    for campaign in _made().campaigns:
        records.append((f"{campaign.id}@1".encode(), encode(Definition(campaign, "", 0))))
        records.append((campaign.id.encode(), encode(Standings(Standing(Status.LIVE, 1)))))
    return records


def begin_campaigns(world: World) -> None:
    """Everything is live from long before the world begins."""
    part = world.broker.part(world.topics.campaigns, 0)
    for key, value in _first_records(world.plan.has_caps, not world.plan.is_wall):
        part.write([(key, value, ())], world.clock.now_ms() - LONG_BEFORE_MS)


def pause(world: World, campaign: str) -> None:
    """Somebody pauses a campaign, as the command does: with what was before, and since when."""
    since_ms = world.clock.now_ms() - LONG_BEFORE_MS
    standings = Standings(
        Standing(Status.PAUSED, 1, "a test"), (Standing(Status.LIVE, 1, since_ms=since_ms),)
    )
    world.broker.publish((world.topics.campaigns, 0), [(campaign.encode(), encode(standings), ())])


class CatalogClient:
    """Both of the catalog reader's clients: what it asks of them, answered by the simulated broker."""

    def __init__(self, broker: SimBroker, network: Network) -> None:
        self._broker = broker
        self._network = network
        self._at = 0

    async def end_offsets(self, places: list[Any]) -> dict[Any, int]:
        """The end, asked for now."""
        part = self._broker.part(*places[0])
        return {places[0]: await self._network.start(lambda: part.end)}

    async def getmany(self, place: Any, timeout_ms: int) -> dict[Any, list[Any]]:
        """What follows."""
        part, at = self._broker.part(*place), self._at
        records = await self._network.start(lambda: part.fetch(at, 100))
        self._at = records[-1].offset + 1 if records else part.end
        return {place: records}

    async def position(self, _place: Any) -> int:
        """How far it has been read."""
        return self._at


def catalog_reader(world: World) -> CatalogReader:
    """The worker's own catalog reader; the templates are compiled already."""
    topic = world.topics.campaigns
    reader = CatalogReader("", topic, world.clock, stream_clock=not world.plan.is_wall)
    reader._consumer = reader._asker = CatalogClient(world.broker, world.network)
    reader._plans.update(_made().plans)
    return reader

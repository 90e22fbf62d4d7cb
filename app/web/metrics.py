"""`/metrics` in Prometheus' text format: read from the partitions when it is asked for, kept nowhere else.

Seconds, `_total`, no user ids. What a campaign's figures count is true of the whole cluster, and every worker tells
the same: take the maximum over workers, not the sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.clock import monotonic_s
from app.turns.actor import Time
from app.turns.partition import Partition
from app.turns.ports import Phase, Unstored
from app.turns.timers import INDEX, index_key
from app.web.answers import Problem
from app.web.guards import Handler
from app.web.inside import Inside
from app.web.looks import Readers
from app.web.partitions import in_flight_of, lag_of, overdue_ms, owned
from tables.stats import Counts

VERSION = "0.1.0"
CAMPAIGNS = 100
OTHER = "other"
NEAR_MS = 60_000
MOST_NEAR = 100
MS_PER_S = 1000
PLACE = ("actor", "partition")
HTTP_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics(Collector):
    """All figures of one worker, in a registry of their own."""

    def __init__(self, inside: Inside, readers: Readers) -> None:
        self._inside = inside
        self._readers = readers
        self._ends: Mapping[tuple[str, int], int] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        self.http = Histogram(
            "carillon_http_seconds",
            "How long requests took, by route and status.",
            ("route", "status"),
            buckets=HTTP_SECONDS,
            registry=self._registry,
        )
        self._registry.register(self)

    async def text(self) -> bytes:
        """The whole page. Lag and dead letters are left out while Kafka does not answer."""
        partitions = list(owned(self._inside.hosts))
        asked = {(topic, partition.number) for host, partition in partitions for topic in host.topics}
        asked |= {(self._inside.topics.dead_letters, partition.number) for _, partition in partitions}
        try:
            self._ends = await self._readers.ends.of(sorted(asked))
        except Problem:
            self._ends = {}
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Everything but what is counted as it happens."""
        info = GaugeMetricFamily("carillon_build_info", "Which version runs.", labels=("version",))
        info.add_metric((VERSION,), 1)
        yield info
        yield from self._of_partitions()
        yield self._dead_letters()
        yield from _of_campaigns(self._readers.stats.sums())

    def _of_partitions(self) -> Iterator[Metric]:
        turns = CounterMetricFamily(
            "carillon_turns", "Turns appended since the partition was opened.", labels=PLACE
        )
        records = CounterMetricFamily("carillon_records", "Records decided.", labels=PLACE)
        refusals = CounterMetricFamily("carillon_refusals", "Appends refused or not answered.", labels=PLACE)
        rebuilds = CounterMetricFamily(
            "carillon_state_rebuilds",
            "State folders found damaged, foreign or outdated, and rebuilt from the journal.",
            labels=PLACE,
        )
        queued = GaugeMetricFamily(
            "carillon_queued_records", "Records fetched and not decided.", labels=PLACE
        )
        lag = GaugeMetricFamily("carillon_lag_records", "Records of its inputs not decided.", labels=PLACE)
        calls = GaugeMetricFamily("carillon_in_flight_calls", "Calls and answers under way.", labels=PLACE)
        ready = GaugeMetricFamily("carillon_partition_ready", "1 while the partition decides.", labels=PLACE)
        near = GaugeMetricFamily(
            "carillon_timers_near",
            f"Timers due within {NEAR_MS // MS_PER_S} seconds; at most {MOST_NEAR} are counted.",
            labels=PLACE,
        )
        late = GaugeMetricFamily(
            "carillon_timer_overdue_seconds", "How long the earliest timer has been due.", labels=PLACE
        )
        now_ms = self._inside.clock.now_ms()
        for host, partition in owned(self._inside.hosts):
            place = (host.name, str(partition.number))
            turns.add_metric(place, partition.turns)
            records.add_metric(place, partition.records)
            refusals.add_metric(place, partition.refusals)
            rebuilds.add_metric(place, partition.rebuilds)
            queued.add_metric(place, partition.queued)
            calls.add_metric(place, in_flight_of(partition))
            ready.add_metric(place, partition.phase is Phase.READY)
            near.add_metric(place, _near(partition, now_ms))
            late.add_metric(place, (overdue_ms(partition, now_ms) or 0) / MS_PER_S)
            if self._ends:
                lag.add_metric(place, lag_of(host, partition, self._ends))
        yield from (turns, records, refusals, rebuilds, queued, lag, calls, ready, near, late)

    def _dead_letters(self) -> Metric:
        topic = self._inside.topics.dead_letters
        letters = CounterMetricFamily(
            "carillon_dead_letters", "Dead letters in the partitions of this worker.", labels=("partition",)
        )
        for (known, partition), end in sorted(self._ends.items()):
            if known == topic:
                letters.add_metric((str(partition),), end)
        return letters


def _near(partition: Partition, now_ms: int) -> int:
    if partition.state is None:
        return 0
    clock_ms = partition.watermark.stream_ms if partition.actor.time is Time.STREAM else now_ms
    try:
        return len(partition.state.store.scan(INDEX, index_key(clock_ms + NEAR_MS, b""), MOST_NEAR))
    except Unstored:  # the partition meets it too, and opens again
        return 0


def _of_campaigns(sums: Mapping[str, Counts]) -> Iterator[Metric]:
    """The campaigns with the most people; the rest together as `other`."""
    decisions = CounterMetricFamily(
        "carillon_decisions", "User-messages by step, or by reason where lost.", labels=("campaign", "code")
    )
    gap = GaugeMetricFamily(
        "carillon_conservation_gap",
        "What the sums of a campaign miss; 0 at all times (C152).",
        labels=("campaign",),
    )
    shown: dict[str, Counts] = {}
    for campaign, counts in sorted(sums.items(), key=lambda each: -each[1].qualified):
        name = campaign if len(shown) < CAMPAIGNS else OTHER
        shown.setdefault(name, Counts()).merge(counts)
    for campaign, counts in shown.items():
        gap.add_metric((campaign,), counts.gap)
        for code, count in _codes(counts):
            decisions.add_metric((campaign, code), count)
    yield from (decisions, gap)


def _codes(counts: Counts) -> Iterator[tuple[str, int]]:
    for step in ("qualified", "held", "sent", "attempted", "accepted", "retried", "inbox"):
        yield step, getattr(counts, step)
    for reason in sorted(counts.dropped.keys() | counts.failed.keys()):
        yield reason, counts.dropped.get(reason, 0) + counts.failed.get(reason, 0)


def timed(http: Histogram) -> Any:
    """A middleware that measures every request, by the route that answered it."""

    @web.middleware
    async def measure(request: web.Request, handler: Handler) -> web.StreamResponse:
        started_s = monotonic_s()
        response = await handler(request)
        resource = request.match_info.route.resource
        route = "none" if resource is None else resource.canonical
        http.labels(route, str(response.status)).observe(monotonic_s() - started_s)
        return response

    return measure

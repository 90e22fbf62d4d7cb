"""`/metrics` in Prometheus' text format: read from the partitions when it is asked for, kept nowhere else.

Seconds, `_total`, no user ids. What a campaign's figures count is true of the whole cluster, and every worker tells
the same: take the maximum over workers, not the sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from app.clock import monotonic_s
from app.web.ages import Ages
from app.web.answers import Problem
from app.web.campaign_figures import of_alerts, of_campaigns
from app.web.guards import Handler
from app.web.inside import Inside
from app.web.looks import Readers
from app.web.partition_figures import Sums, of_partitions
from app.web.partitions import owned
from app.web.worker_figures import of_worker

HTTP_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics(Collector):
    """All figures of one worker, in a registry of their own."""

    def __init__(self, inside: Inside, readers: Readers) -> None:
        self._inside = inside
        self._readers = readers
        self._ends: Mapping[tuple[str, int], int] = {}
        self._ages = Ages(inside.clock)
        self._sums = Sums()
        self._registry = CollectorRegistry(auto_describe=False)
        self.http = Histogram(
            "carillon_http_seconds",
            "How long requests took, by route and status.",
            ("route", "status"),
            buckets=HTTP_SECONDS,
            registry=self._registry,
        )
        self._registry.register(self)
        ProcessCollector(namespace="carillon", registry=self._registry)

    async def text(self) -> bytes:
        """The whole page. Lag and dead letters are left out while Kafka does not answer."""
        partitions = list(owned(self._inside.hosts))
        asked = {(topic, partition.number) for host, partition in partitions for topic in host.topics}
        asked |= {(self._inside.topics.dead_letters, partition.number) for _, partition in partitions}
        try:
            self._ends = await self._readers.ends.of(sorted(asked))
        except Problem:
            self._ends = {}
        for host, partition in partitions:
            for topic in host.topics:
                place = (topic, partition.number)
                self._ages.note(place, self._ends.get(place), partition.next_offset(topic))
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Everything but what is counted as it happens."""
        yield from of_worker(self._inside)
        yield from of_partitions(self._inside, self._ends, self._ages)
        yield from self._sums.collect(self._inside.hosts)
        yield self._dead_letters()
        yield from of_campaigns(self._readers.stats.sums())
        yield of_alerts(self._inside.catalog.records.alerts)

    def _dead_letters(self) -> Metric:
        topic = self._inside.topics.dead_letters
        letters = CounterMetricFamily(
            "carillon_dead_letters", "Dead letters in the partitions of this worker.", labels=("partition",)
        )
        for (known, partition), end in sorted(self._ends.items()):
            if known == topic:
                letters.add_metric((str(partition),), end)
        return letters


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

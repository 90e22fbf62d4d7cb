"""What is told of the worker process as a whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from app.web.inside import Inside

VERSION = "0.1.0"


def of_worker(inside: Inside) -> Iterator[Metric]:
    """Which build it is, whether it has a broker, and how its loop, its group and its disk are."""
    info = GaugeMetricFamily("carillon_build_info", "Which version runs.", labels=("version",))
    info.add_metric((VERSION,), 1)
    yield info
    watcher, engine = inside.watcher, inside.engine
    yield GaugeMetricFamily(
        "carillon_broker_reachable", "1 while the watchdog's probe finds a broker.", watcher.broker_there
    )
    yield GaugeMetricFamily(
        "carillon_watchdog_gave_up", "1 once the watchdog ends this worker.", watcher.gave_up is not None
    )
    yield GaugeMetricFamily(
        "carillon_loop_late_seconds",
        "How long ago the event loop last showed itself; it does so twice a second.",
        watcher.loop_late_s,
    )
    yield CounterMetricFamily(
        "carillon_rebalances",
        "Times that the group began to share out its partitions.",
        engine.rebalancing_count,
    )
    yield GaugeMetricFamily("carillon_rebalancing", "1 while it does.", engine.rebalancing)
    yield GaugeMetricFamily(
        "carillon_clock_ahead_seconds",
        "How far the clock of this machine is ahead of the brokers', by which everything is decided.",
        inside.machine_ahead_ms / 1000,
    )
    yield from _of_disk(inside)


def _of_disk(inside: Inside) -> Iterator[Metric]:
    free = GaugeMetricFamily("carillon_disk_free_bytes", "Room on the disk of the state folder.")
    size = GaugeMetricFamily("carillon_disk_size_bytes", "Size of the disk of the state folder.")
    if inside.settings.data.exists():
        usage = shutil.disk_usage(inside.settings.data)
        free.add_metric((), usage.free)
        size.add_metric((), usage.total)
    yield from (free, size)

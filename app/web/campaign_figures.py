"""What is told of campaigns: the whole cluster's counts, of the largest by name, of the rest together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from tables.stats import Counts

CAMPAIGNS = 100
OTHER = "other"


def of_campaigns(sums: Mapping[str, Counts]) -> Iterator[Metric]:
    """The campaigns with the most people; the rest together as `other`."""
    decisions = CounterMetricFamily(
        "carillon_decisions", "User-messages by step, or by reason where lost.", labels=("campaign", "code")
    )
    gap = GaugeMetricFamily(
        "carillon_conservation_gap",
        "What the sums of a campaign miss; 0 at all times (C152).",
        labels=("campaign",),
    )
    unfinished = GaugeMetricFamily(
        "carillon_unfinished_messages",
        "User-messages that are held, or on their way; never below 0 (C152).",
        labels=("campaign", "place"),
    )
    shown: dict[str, Counts] = {}
    for campaign, counts in sorted(sums.items(), key=lambda each: -each[1].qualified):
        name = campaign if len(shown) < CAMPAIGNS else OTHER
        shown.setdefault(name, Counts()).merge(counts)
    for campaign, counts in shown.items():
        gap.add_metric((campaign,), counts.gap)
        unfinished.add_metric((campaign, "held"), counts.held_now)
        unfinished.add_metric((campaign, "on_their_way"), counts.on_their_way)
        for code, count in _codes(counts):
            decisions.add_metric((campaign, code), count)
    yield from (decisions, gap, unfinished)


def _codes(counts: Counts) -> Iterator[tuple[str, int]]:
    for step in ("qualified", "held", "sent", "attempted", "accepted", "retried", "inbox"):
        yield step, getattr(counts, step)
    for reason in sorted(counts.dropped.keys() | counts.failed.keys()):
        yield reason, counts.dropped.get(reason, 0) + counts.failed.get(reason, 0)

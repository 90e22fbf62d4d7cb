"""What is told of campaigns: the whole cluster's counts, of the largest by name, of the rest together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from app.domain.model.alert import AlertNote, Posting
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
        "What the sums of a campaign miss; 0 at all times (C152). Of `other`, what theirs miss, whatever the sign.",
        labels=("campaign",),
    )
    unfinished = GaugeMetricFamily(
        "carillon_unfinished_messages",
        "User-messages that are held, or on their way; never below 0 (C152).",
        labels=("campaign", "place"),
    )
    places = GaugeMetricFamily(
        "carillon_user_messages",
        "Every user-message by where it is: qualified = sent + inbox_only + dropped + held + gap, "
        "and sent = accepted + failed + on_their_way (C152).",
        labels=("campaign", "place", "reason"),
    )
    shown: dict[str, Counts] = {}
    missing: dict[str, int] = {}
    for campaign, counts in sorted(sums.items(), key=lambda each: -each[1].qualified):
        name = campaign if len(shown) < CAMPAIGNS else OTHER
        shown.setdefault(name, Counts()).merge(counts)
        missing[name] = counts.gap if name == campaign else missing.get(name, 0) + abs(counts.gap)
    for campaign, counts in shown.items():
        gap.add_metric((campaign,), missing[campaign])
        for place, reason, count in _places(counts):
            places.add_metric((campaign, place, reason), count)
        unfinished.add_metric((campaign, "held"), counts.held_now)
        unfinished.add_metric((campaign, "on_their_way"), counts.on_their_way)
        for code, count in _codes(counts):
            decisions.add_metric((campaign, code), count)
    yield from (decisions, gap, unfinished, places)


def of_alerts(alerts: Mapping[str, AlertNote]) -> Metric:
    """What became of the mails of alerts: all but `sent` are worth a look."""
    mails = GaugeMetricFamily(
        "carillon_alert_mails",
        "Campaigns by what became of the mail of their latest alert.",
        labels=("posting",),
    )
    found = Counter(note.posting for note in alerts.values())
    for posting in Posting:
        mails.add_metric((posting,), found[posting])
    return mails


def _codes(counts: Counts) -> Iterator[tuple[str, int]]:
    for step in ("qualified", "held", "sent", "attempted", "accepted", "retried", "inbox"):
        yield step, getattr(counts, step)
    for reason in sorted(counts.dropped.keys() | counts.failed.keys()):
        yield reason, counts.dropped.get(reason, 0) + counts.failed.get(reason, 0)


def _places(counts: Counts) -> Iterator[tuple[str, str, int]]:
    """The terms of both sums; a reason only where a message is lost for one."""
    yield "qualified", "", counts.qualified
    yield "sent", "", counts.sent
    yield "inbox_only", "", counts.inbox
    yield "held", "", counts.held_now
    yield "accepted", "", counts.accepted
    yield "on_their_way", "", counts.on_their_way
    for place, lost in (("dropped", counts.dropped), ("failed", counts.failed)):
        for reason, count in sorted(lost.items()):
            yield place, reason, count

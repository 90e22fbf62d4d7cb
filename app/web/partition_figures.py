"""What is told of partitions: where each stands; and, of an actor's partitions together, how its turns go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate
from operator import add

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from app.turns.actor import Time
from app.turns.figures import Figures, Histogram
from app.turns.host import Host
from app.turns.partition import Partition
from app.turns.ports import Phase, Unstored
from app.turns.timers import INDEX, index_key
from app.web.ages import Ages
from app.web.inside import Inside
from app.web.partitions import in_flight_of, lag_of, overdue_ms, owned, throttled_of, tokens_of

PLACE = ("actor", "partition")
MS_PER_S = 1000
NEAR_MS = 60_000
MOST_TIMERS = 1000
Ends = Mapping[tuple[str, int], int]
COUNTERS = {
    "carillon_turns": "Turns appended since the partition was opened.",
    "carillon_records": "Records decided.",
    "carillon_refusals": "Appends refused or not answered, and writes that failed: each is a reopening.",
    "carillon_state_rebuilds": "State folders found damaged, foreign or outdated, and rebuilt from the journal.",
    "carillon_openings": "Times that this process has opened the partition.",
    "carillon_answers": "Answers of its provider.",
    "carillon_state_hits": "Values that a turn found in memory.",
    "carillon_state_misses": "Values that a turn had to read from the store.",
}
GAUGES = {
    "carillon_partition_ready": "1 while the partition decides.",
    "carillon_lag_records": "Records of its inputs not decided.",
    "carillon_oldest_undecided_seconds": "Age of the oldest record of its inputs that is not decided.",
    "carillon_queued_records": "Records fetched and not decided.",
    "carillon_in_flight_calls": "Calls and answers under way.",
    "carillon_timers_near": f"Timers due within {NEAR_MS // MS_PER_S} seconds; at most {MOST_TIMERS} are counted.",
    "carillon_timers_due": f"Timers that are due and have not fired; at most {MOST_TIMERS} are counted.",
    "carillon_timer_overdue_seconds": "How long the earliest timer has been due.",
    "carillon_restore_remaining_records": "Records of the journal that a restore has yet to read.",
    "carillon_opening_seconds": "How long the last opening took.",
    "carillon_throttled_messages": "Messages that wait for a throttle token.",
    "carillon_throttle_tokens": "Throttle tokens lent in this interval, less those that came back.",
}
HISTOGRAMS = {
    "turn_records": "Records that a turn took.",
    "turn_seconds": "From the beginning of a turn until it is in the journal.",
    "append_seconds": "How long the append of a turn took.",
    "relay_seconds": "How long the relay of a turn's messages took.",
    "late_seconds": "How late the first timer of a turn fired.",
}
NAMES = {"late_seconds": "carillon_timer_late_seconds"}


def of_partitions(inside: Inside, ends: Ends, ages: Ages) -> Iterator[Metric]:
    """Every partition that is ours."""
    families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {
        **{name: CounterMetricFamily(name, says, labels=PLACE) for name, says in COUNTERS.items()},
        **{name: GaugeMetricFamily(name, says, labels=PLACE) for name, says in GAUGES.items()},
    }
    now_ms = inside.clock.now_ms()
    for host, partition in owned(inside.hosts):
        told = {**_counts(partition), **_stands(host, partition, now_ms)}
        if ends:
            told["carillon_lag_records"] = lag_of(host, partition, ends)
            told["carillon_oldest_undecided_seconds"] = _age_s(host, partition, ages, now_ms)
        for name, value in told.items():
            if value is not None:
                families[name].add_metric((host.name, str(partition.number)), value)
    yield from families.values()


def _counts(partition: Partition) -> dict[str, float | None]:
    figures, state = partition.figures, partition.state
    return {
        "carillon_turns": partition.turns,
        "carillon_records": partition.records,
        "carillon_refusals": partition.refusals,
        "carillon_state_rebuilds": partition.rebuilds,
        "carillon_openings": figures.openings,
        "carillon_answers": figures.answers,
        "carillon_state_hits": None if state is None else state.looks - state.misses,
        "carillon_state_misses": None if state is None else state.misses,
    }


def _stands(host: Host, partition: Partition, now_ms: int) -> dict[str, float | None]:
    progress = partition.progress
    return {
        "carillon_partition_ready": partition.phase is Phase.READY,
        "carillon_queued_records": partition.queued,
        "carillon_in_flight_calls": in_flight_of(partition),
        "carillon_timers_near": _timers(partition, now_ms, NEAR_MS),
        "carillon_timers_due": _timers(partition, now_ms, 0),
        "carillon_timer_overdue_seconds": (overdue_ms(partition, now_ms) or 0) / MS_PER_S,
        "carillon_restore_remaining_records": progress.end - progress.at if progress.restoring else 0,
        "carillon_opening_seconds": partition.figures.opening_seconds,
        "carillon_throttled_messages": throttled_of(partition),
        "carillon_throttle_tokens": tokens_of(partition, now_ms),
    }


def _age_s(host: Host, partition: Partition, ages: Ages, now_ms: int) -> float:
    """By the record that has waited here longest; where the fetch brings none, by when one was first seen to wait."""
    oldest_ms = partition.standing[0].oldest_ms
    seen_s = max(ages.of((topic, partition.number)) for topic in host.topics)
    return seen_s if oldest_ms is None else max(seen_s, (now_ms - oldest_ms) / MS_PER_S)


def _timers(partition: Partition, now_ms: int, within_ms: int) -> int:
    if partition.state is None:
        return 0
    clock_ms = partition.watermark.stream_ms if partition.actor.time is Time.STREAM else now_ms
    try:
        return len(partition.state.store.scan(INDEX, index_key(clock_ms + within_ms, b""), MOST_TIMERS))
    except Unstored:  # the partition meets it too, and opens again
        return 0


class Sums:
    """Histograms of an actor's partitions together. Those of a partition that has left stay in the sum."""

    def __init__(self) -> None:
        self._live: dict[int, tuple[str, Figures]] = {}
        self._gone: dict[tuple[str, str], Histogram] = {}

    def collect(self, hosts: Mapping[str, Host]) -> Iterator[Metric]:
        """One histogram for each figure, by actor."""
        live = {id(part.figures): (host.name, part.figures) for host, part in owned(hosts)}
        for left in self._live.keys() - live.keys():
            self._bury(*self._live[left])
        self._live = live
        for figure, says in HISTOGRAMS.items():
            family = HistogramMetricFamily(NAMES.get(figure, f"carillon_{figure}"), says, labels=("actor",))
            for actor in sorted(hosts):
                mine = [getattr(figures, figure) for name, figures in live.values() if name == actor]
                gone = self._gone.get((actor, figure))
                _add(family, actor, [*mine, *([gone] if gone else [])])
            yield family

    def _bury(self, actor: str, figures: Figures) -> None:
        for figure in HISTOGRAMS:
            histogram: Histogram = getattr(figures, figure)
            gone = self._gone.setdefault((actor, figure), Histogram(histogram.kind))
            gone.counts = list(map(add, gone.counts, histogram.counts))
            gone.total += histogram.total


def _add(family: HistogramMetricFamily, actor: str, histograms: list[Histogram]) -> None:
    if histograms:
        counts = list(accumulate(sum(each) for each in zip(*(one.counts for one in histograms), strict=True)))
        units, least, greatest = histograms[0].kind
        buckets = [(f"{2**bits / units:.4g}", float(counts[bits])) for bits in range(least, greatest + 1)]
        buckets.append(("+Inf", float(counts[-1])))
        family.add_metric((actor,), buckets, sum(one.total for one in histograms) / units)

"""What can be said of a partition from outside: how far it is, and what of its work is open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from app.domain.model.throttle import Gate, Lending
from app.domain.rules.gate import waiting
from app.topics import THROTTLE_KEY
from app.turns.actor import Time
from app.turns.host import Host
from app.turns.partition import Partition
from app.turns.ports import Phase
from app.turns.state import State
from app.turns.timers import INDEX, index_key
from app.web.ends import Ends
from app.web.inside import Inside
from tables.ledger import GATE, LEDGER, THE_GATE, Delivery, Stage
from tables.quotas import LENDING

RETRIES_WITHIN_MS = 3_600_000
MOST_RETRIES = 500
PERCENT = 100


class PartitionView(Struct, frozen=True):
    """One partition of one actor.

    `lag`: records of its inputs that it has not decided. `in_flight`: calls under way and answers not decided; a
    partition that is not ready counts as one, because opening it is work under way. `timers_due`, `retries_due`:
    1 or more where something is due, or waits to be called again. `position`: the next offset of each input.
    """

    actor: str
    partition: int
    phase: str
    percent: int | None
    lag: int
    in_flight: int
    timers_due: int
    retries_due: int
    position: dict[str, int]
    turn: int
    stream_ms: int
    queued: int


async def views(inside: Inside, ends: Ends) -> list[PartitionView]:
    """Every partition that is ours. Raises Problem where the broker does not say where the inputs end."""
    asked = [(topic, partition.number) for host, partition in owned(inside.hosts) for topic in host.topics]
    found = await ends.of(asked)
    return [_view(host, partition, found, inside.clock.now_ms()) for host, partition in owned(inside.hosts)]


def owned(hosts: Mapping[str, Host]) -> Iterator[tuple[Host, Partition]]:
    """The partitions of all actors that are ours now, in order."""
    for name in sorted(hosts):
        host = hosts[name]
        for number in sorted(host.partitions):
            yield host, host.partitions[number]


def lag_of(host: Host, partition: Partition, ends: Mapping[tuple[str, int], int]) -> int:
    """Records of its inputs that are not decided; what came to us after the ends were asked for counts as none."""
    return sum(
        max(0, ends[place] - partition.reached(topic))
        for topic in host.topics
        if (place := (topic, partition.number)) in ends
    )


def in_flight_of(partition: Partition) -> int:
    """Calls under way, and answers that wait for the next turn."""
    calls: int = getattr(partition.actor, "in_flight", 0)
    return calls + partition.results_waiting


def percent_of(partition: Partition) -> int | None:
    """How much of the journal is restored; None unless it is being restored."""
    progress = partition.progress
    if not progress.restoring:
        return None
    total = progress.end - progress.start
    return PERCENT if total <= 0 else PERCENT * (progress.at - progress.start) // total


def overdue_ms(partition: Partition, now_ms: int) -> int | None:
    """How long the earliest timer has been due by the partition's clock; None where none is.

    What is due at this very moment fires once the clock is later (a tick fires it, and then it is gone).
    """
    due_ms = None if partition.state is None else partition.state.timers.peek()
    if due_ms is None:
        return None
    if partition.actor.time is Time.STREAM:
        now_ms = partition.watermark.stream_ms
    return now_ms - due_ms if due_ms < now_ms else None


def _view(
    host: Host, partition: Partition, ends: Mapping[tuple[str, int], int], now_ms: int
) -> PartitionView:
    is_ready = partition.phase is Phase.READY
    return PartitionView(
        actor=host.name,
        partition=partition.number,
        phase=partition.phase.value,
        percent=percent_of(partition),
        lag=lag_of(host, partition, ends),
        in_flight=in_flight_of(partition) + (not is_ready),
        timers_due=int(overdue_ms(partition, now_ms) is not None),
        retries_due=_retries(partition, now_ms),
        position={topic: partition.next_offset(topic) for topic in host.topics},
        turn=partition.watermark.turn,
        stream_ms=partition.watermark.stream_ms,
        queued=partition.queued,
    )


def _retries(partition: Partition, now_ms: int) -> int:
    """Deliveries of a sender that have not ended, among those that wait for the next hour, or for a throttle token."""
    state = partition.state
    if state is None or LEDGER not in partition.actor.tables:
        return 0
    limit = index_key(now_ms + RETRIES_WITHIN_MS, b"")
    keys = {entry[9:] for entry in state.store.scan(INDEX, limit, MOST_RETRIES)}
    first = state.timers.first()
    if first is not None:
        keys.add(first[1])
    return (throttled_of(partition) or 0) + sum(
        _is_open(state, key) for key in keys if key[:1] == LEDGER.prefix
    )


def throttled_of(partition: Partition) -> int | None:
    """Messages of a sender that wait for a throttle token; None where it never had anything to do with one."""
    if partition.state is None or GATE not in partition.actor.tables:
        return None
    gate: Gate | None = partition.state.find(GATE, GATE.prefix + THE_GATE).value
    return None if gate is None else waiting(gate)


def tokens_of(partition: Partition, now_ms: int) -> int | None:
    """Throttle tokens lent in the interval of now, by the coordinator that lends them; None for everybody else."""
    if partition.state is None or LENDING not in partition.actor.tables:
        return None
    lending: Lending | None = partition.state.find(LENDING, LENDING.prefix + THROTTLE_KEY).value
    if lending is None:
        return None
    return lending.lent if now_ms < lending.ends_ms else 0


def _is_open(state: State, full: bytes) -> bool:
    delivery: Delivery | None = state.find(LEDGER, full).value
    return delivery is not None and delivery.stage is not Stage.DONE

"""How a partition looks from outside, in plain numbers: for the watchdog, and for its last words."""

from __future__ import annotations

from collections.abc import Collection

from app.turns.partition import Partition
from app.turns.ports import Phase
from app.turns.watchdog import InputSight, Sight


def sight_of(partition: Partition, journal: str, out_of_range: Collection[str] = ()) -> Sight:
    """One partition now. Asked from within the event loop, between two steps of it.

    `out_of_range`: inputs, as `topic/partition`, that cannot move before an operator has said where to go on.
    """
    queue, relay, held_back = partition.standing
    figures = partition.figures
    relaying_s = None if relay is None else relay.asked_s
    asked = [at_s for at_s in (figures.asked_s, relaying_s) if at_s is not None]
    is_ready = partition.phase is Phase.READY
    return Sight(
        name=partition.name,
        number=partition.number,
        phase=partition.phase,
        journal=journal,
        inputs=tuple(
            InputSight(each.topic, _reached(partition, each.topic), queue.handed.get(each.topic, 0))
            for each in partition.inputs
            if f"{each.topic}/{partition.number}" not in out_of_range
        ),
        turns=partition.turns,
        records=partition.records,
        answers=figures.answers,
        waiting=partition.results_waiting,
        in_flight=partition.actor.in_flight,
        has_room=not is_ready or partition.actor.room() > 0,
        held_back=held_back,
        furthest=partition.progress.furthest,
        refused=figures.refused,
        failures=figures.failures,
        unstored=figures.unstored and partition.phase is Phase.REFUSED,
        asked_s=min(asked, default=None),
        stored=relay.stored if relay is not None else 0,
        turn_records=figures.turn_pairs,
    )


def _reached(partition: Partition, topic: str) -> int:
    """What is decided, or known to be no record; before it is open, the group's client knows nothing of it."""
    if partition.phase is not Phase.READY:
        return partition.next_offset(topic)
    return partition.reached(topic)

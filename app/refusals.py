"""What `setup` and `worker` refuse, because going on would lose or mix up something: a changed partition count, a
journal that is gone where one had been, a topic of events that is another log now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaConsumer

from app.topics import ACTORS, Spec, Topics
from app.turns.deciding import Input
from app.turns.journals import has_identity
from tables.catalog import Records


class SetupRefused(Exception):
    """Going on would lose or mix up something; the message says what, and what to do."""


def known_events_id(records: Records) -> str:
    """The id of the topic of events that users' state rests on; empty where it is not known."""
    return "" if records.rules is None else records.rules[0].events_id


def made_anew(events: str) -> str:
    """What to say of a topic of events that is another log than the one that was decided on."""
    return (
        f"topic {events} was deleted and made anew since it was decided on: the places that the journals remember are "
        "those of another log. Say where to go on: `python -m app setup --restart-from latest` decides only what comes "
        "from now on, `--restart-from 2026-11-22T09:00:00Z` what came since then; what is known of users stays."
    )


def refuse_changed_counts(specs: list[Spec], counts: Mapping[str, int], records: Records) -> None:
    """Users are where their key's hash put them: another number of partitions would tear them apart."""
    known = records.rules[0].partitions if records.rules is not None else None
    for spec in specs:
        found = counts.get(spec.name)
        if found is not None and found != spec.partitions:
            raise SetupRefused(
                f"topic {spec.name} has {found} partitions, and the settings say {spec.partitions}. Users' state is "
                "kept by partition, so the number cannot change: set `partitions` back, or begin a new CARILLON_APP."
            )
        if known is not None and spec.partitions not in {1, known}:
            raise SetupRefused(
                f"this app was set up with {known} partitions, and the settings say {spec.partitions}. "
                "The number cannot change: set `partitions` back, or begin a new CARILLON_APP."
            )


async def lost_journals(
    consumer: AIOKafkaConsumer,
    topics: Topics,
    counts: Mapping[str, int],
    records: Records,
    inputs: Mapping[str, Sequence[Input]],
) -> list[str]:
    """Journals of an app that was set up before, which have no identity now.

    An actor of which there is no mailbox either is new in this build: nothing of it was lost.
    """
    if records.rules is None:
        return []
    lost = []
    for actor in ACTORS:
        journal = topics.journal(actor)
        if journal not in counts and not any(topic in counts for topic, *_ in inputs[actor]):
            continue
        partitions = range(counts.get(journal, 0))
        if not partitions or not all([await has_identity(consumer, journal, p) for p in partitions]):
            lost.append(journal)
    return lost


def refuse_lost_journals(lost: list[str]) -> None:
    """Nobody may decide on state that cannot be known."""
    if lost:
        raise SetupRefused(
            f"{', '.join(lost)} had been set up and is gone or empty. The state that it held cannot be known. "
            "Say where to go on: `python -m app setup --restart-from latest` decides only what comes from now on, "
            "`--restart-from 2026-11-22T09:00:00Z` what came since then."
        )

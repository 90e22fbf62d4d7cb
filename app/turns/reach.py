"""Do the inputs still hold the place at which a partition is to read on?"""

from __future__ import annotations

from collections.abc import Mapping

from app.turns.ports import Log, OutOfRange


async def see_that_inputs_reach(log: Log, partition: int, stands: Mapping[str, int]) -> None:
    """A topic that ends before what is decided of it was made anew: its next records would all look decided.

    `stands`: from where each topic is to be read. Raises OutOfRange, Unanswered.
    """
    for topic, offset in stands.items():
        end = await log.end_of(topic) if offset else 0
        if offset > end:
            raise OutOfRange(
                f"{topic}/{partition} ends at offset {end}, and offset {offset - 1} is decided: the topic was made "
                "anew or has lost records. Stop the workers and say where to go on: "
                "`python -m app setup --restart-from latest`, or a time"
            )

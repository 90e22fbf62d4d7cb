"""What a turn is timed at: the clock, and no later than what its actor knows."""

from __future__ import annotations

from app.turns.actor import Time
from tests.app.turns.test_deciding import SumActor
from tests.app.turns.test_partition import filled, owned, total

KNOWN_MS = 1_600_000_000_000


class Behind(SumActor):
    """Knows what it needs only up to a moment."""

    async def prepare(self) -> int:
        return KNOWN_MS


async def test_a_turn_is_timed_no_later_than_what_its_actor_knows() -> None:
    """Given a clock beyond what the actor knows, then the turn is timed at what it knows."""
    async with owned(filled("1"), make_actor=lambda _partition: Behind(Time.WALL)) as one:
        await one.ready()
        one.feed()
        await one.until(lambda: total(one.store) == 1)
        assert one.partition.watermark.time_ms == KNOWN_MS < one.clock.now_ms()

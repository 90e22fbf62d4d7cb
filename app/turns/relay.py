"""What a turn leaves to do once it is in the journal: relay its mail, then save its state.

The next turn decides meanwhile, and appends only once this is through: each outbox is relayed whole before the next
exists.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from app.turns.deciding import Decided
from app.turns.figures import Figures
from app.turns.opening import POSITION_KEY, WRITTEN_KEY, number
from app.turns.ports import Clock, Log, Mail, Pair, Refused, Store, Unanswered, Unstored
from app.turns.saving import Saving
from app.turns.state import State
from app.turns.watermark import Outbox, sender_header


class Relay:
    """The relay and the save of one opened partition's last turn. `wake` is called when they are through.

    `saved`: the last offset of each input that the store holds. `stored`: the journal offset that it has reached.
    `asked_s`: since when a relay is unanswered.
    """

    saving = Saving()

    def __init__(
        self,
        name: str,
        log: Log,
        store: Store,
        state: State,
        clock: Clock,
        wake: Callable[[], None],
        figures: Figures,
    ) -> None:
        self._name = name
        self._log = log
        self._store = store
        self._state = state
        self._clock = clock
        self._wake = wake
        self._task: asyncio.Task[None] | None = None
        self._figures = figures
        self.saved: dict[str, int] = {}
        self.stored = 0
        self.asked_s: float | None = None

    @property
    def is_busy(self) -> bool:
        """Is something not through, or not looked at yet?"""
        return self._task is not None

    def begin(self, decided: Decided, position: int) -> None:
        """Start on a turn that was appended; `position`: where the journal goes on."""
        self._state.appended(decided.turn.watermark.turn, decided.changes)
        committed, index = self._state.timers.commit()
        self._task = asyncio.create_task(self._run(decided, position, committed, index))
        self._task.add_done_callback(lambda _: self._wake())

    async def _run(self, decided: Decided, position: int, committed: int, index: list[Pair]) -> None:
        turn, now_ms = decided.turn, self._clock.now_ms()
        if turn.mail:
            self.asked_s = asked_s = self._clock.monotonic_s()
            await self._log.relay(self._addressed(turn.watermark.turn, turn.mail), now_ms)
            self._figures.relayed(self._clock.monotonic_s() - asked_s)
            self.asked_s = None
        place = [(POSITION_KEY, number(position)), (WRITTEN_KEY, number(now_ms))]
        await self.saving.write(self._store, [*decided.pairs, *index, *place], self._clock)
        self._state.saved(turn.watermark.turn, decided.changes)
        self._state.timers.saved(committed, index)
        self.saved, self.stored = turn.watermark.inputs, position

    async def again(self, outbox: Outbox) -> None:
        """At opening: the last outbox once more, under the same sources."""
        if outbox.mail:
            await self._log.relay(self._addressed(outbox.turn, outbox.mail), self._clock.now_ms())

    def _addressed(self, turn: int, mail: Sequence[Mail]) -> list[tuple[Mail, bytes]]:
        sender = sender_header(self._name, turn)
        return [(message, b"%b%d" % (sender, place)) for place, message in enumerate(mail)]

    async def check(self) -> None:
        """Raise what went wrong meanwhile; never waits."""
        if self._task is not None and self._task.done():
            await self.through()

    async def through(self) -> None:
        """Wait until the last turn is relayed and saved. Raises Refused, Unanswered, Unstored."""
        if (task := self._task) is not None:
            try:
                await task
            finally:
                self._task = None

    async def cancel(self) -> None:
        """Give up: whoever opens next relays it again."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Refused, Unanswered, Unstored):
                await self._task
            self._task = None

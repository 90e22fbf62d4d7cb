"""Leases at hand: those that a turn has asked for, and who began to wait in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.domain.model.campaign import Limits
from app.domain.model.quota import Lease, Waiter
from app.domain.rules.lease import join, share_of
from app.turns.turn import Turn
from tables.leases import waiter_key


class LiveLeases:
    """The leases of one users partition. `turn` is the one that runs; `load` reads a lease from its state.

    What was touched and who has come to wait is put down by the actor, which alone writes its tables.
    """

    def __init__(self, turn: Callable[[], Turn | None], load: Callable[[Turn, str], Lease]) -> None:
        self._of_turn = turn
        self._load = load
        self._turn: Turn | None = None
        self._touched: dict[str, Lease] = {}
        self._joined: dict[bytes, Waiter] = {}

    def of(self, campaign: str) -> Lease:
        """A lease as this turn leaves it."""
        turn = self._begun()
        lease = self._touched.get(campaign)
        if lease is None:
            lease = self._touched[campaign] = self._load(turn, campaign)
        return lease

    def ask(self, campaign: str, period: int, limits: Limits) -> None:
        """The coordinator is asked once a turn, for all who wait."""

    def wait(self, campaign: str, period: int, user: str, message_id: str) -> None:
        """This message joins the queue."""
        number = join(share_of(self.of(campaign), period))
        self._joined[waiter_key(campaign, period, number)] = Waiter(user, message_id)

    def touched(self, turn: Turn) -> Mapping[str, Lease]:
        """The leases that this turn has asked for."""
        return self._touched if turn is self._turn else {}

    def joined(self, turn: Turn) -> Mapping[bytes, Waiter]:
        """Who has come to wait since it was last asked."""
        if turn is not self._turn:
            return {}
        joined, self._joined = self._joined, {}
        return joined

    def _begun(self) -> Turn:
        turn = self._of_turn()
        if turn is None:
            raise RuntimeError("leases are asked for outside a turn")
        if turn is not self._turn:
            self._turn, self._touched, self._joined = turn, {}, {}
        return turn

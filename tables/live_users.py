"""Users at hand: whoever an event has just spoken of, another one soon will, again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from app.domain.model.user import User
from app.turns.state import State
from app.turns.turn import Turn

KEPT = 2_000


class LiveUsers:
    """Users by id, in two generations; `load` makes one from the state. Dropped whenever the state drops its values."""

    def __init__(self, load: Callable[[Turn, str], User]) -> None:
        self._load = load
        self._turn: Turn | None = None
        self._state: State | None = None
        self._undone = 0
        self._touched: dict[str, User] = {}
        self._young: dict[str, User] = {}
        self._old: dict[str, User] = {}

    def get(self, turn: Turn, user_id: str) -> User:
        """A user as this turn leaves them."""
        if turn is not self._turn:
            self._begin(turn)
        user = self._touched.get(user_id)
        if user is None:
            user = self._touched[user_id] = self._find(turn, user_id)
        return user

    @property
    def turn(self) -> Turn | None:
        """The turn that asked last."""
        return self._turn

    def enter(self, turn: Turn) -> None:
        """A step of this turn begins that may ask for nobody."""
        if turn is not self._turn:
            self._begin(turn)

    def touched(self, turn: Turn) -> Iterable[User]:
        """Whom this turn has asked for."""
        return self._touched.values() if turn is self._turn else ()

    def _begin(self, turn: Turn) -> None:
        state = turn.state
        if state is not self._state or state.undone != self._undone:
            self._state, self._undone = state, state.undone
            self._young, self._old = {}, {}
        self._turn, self._touched = turn, {}

    def _find(self, turn: Turn, user_id: str) -> User:
        user = self._young.get(user_id)
        if user is None:
            user = self._old.get(user_id) or self._load(turn, user_id)
            if len(self._young) >= KEPT:
                self._young, self._old = {}, self._young
            self._young[user_id] = user
        return user

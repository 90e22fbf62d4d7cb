"""One partition of users once more: the core over users in memory, under a virtual clock. No IO, no clock of its own.

Decides as `agents/users.py` does under the turns of a worker: timers between records, in the order of (due, user,
campaign, instance). What push services would answer is an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from app.domain import decide
from app.domain.deliver import Context
from app.domain.model.app_rules import AppRules
from app.domain.model.effect import ClaimId, Effect, MoveToken, Post, Send
from app.domain.model.event import Event, Tick
from app.domain.model.mail import Outcome, Result, UserMail
from app.domain.model.user import OnItsWay, User
from app.domain.rules.plan import Catalog
from app.replay.catalogs import not_live
from app.replay.dues import NOTHING, Dues
from app.replay.neighbours import Neighbours
from app.replay.users import Users

Told = Callable[[User, Sequence[Effect], int], None]
"""Hears of every step that had effects: whose, which, and when on the virtual clock."""
Provider = Callable[[User, Send], Sequence[Outcome]]
"""What a push service would answer."""
NOBODY = Catalog({}, {})


def accepts_all(user: User, send: Send) -> Sequence[Outcome]:
    """A push service that takes whatever it gets, on the first device."""
    push, first = send.order.push, send.order.targets[0]
    return (
        Outcome(
            user.id,
            push.message_id,
            push.campaign,
            first.device,
            first.token,
            send.transport,
            Result.ACCEPTED,
            1,
        ),
    )


class Replay:
    """Takes events and ticks in the order of the log.

    Until the clock is at `live_from_ms` the campaigns are not live: events only say who everybody is. Under a stream
    clock time is what events and ticks say, else it is what the broker wrote on each record.
    """

    def __init__(
        self,
        catalog: Catalog,
        rules: AppRules,
        told: Told,
        *,
        live_from_ms: int = 0,
        provider: Provider = accepts_all,
        number: int = 0,
        neighbours: Neighbours | None = None,
    ) -> None:
        self.users = Users()
        self.dues = Dues()
        self.clock_ms = 0
        self.failures = 0
        self.first_failure = ""
        self._told = told
        self._provider = provider
        self._streaming = rules.stream_clock
        self._live_from_ms = live_from_ms
        self._neighbours = neighbours or Neighbours()
        self._live = Context(catalog, catalog, rules, 0, self._neighbours.leases)
        before = not_live(catalog)
        self._warming = Context(before, before, rules, 0, self._neighbours.leases)
        self._neighbours.join(number, self)

    def take(self, event: Event, offset: int) -> None:
        """Decide on one event, and before it on everything that was due before its time."""
        at_ms = event.time_ms if self._streaming else event.recorded_ms
        if self.dues.soonest_ms < at_ms:
            self.fire(at_ms - 1)
        self.clock_ms = max(self.clock_ms, at_ms)
        user = self.users.get(event.user)
        try:
            effects = decide.on_event(user, event, offset, self._context(self.clock_ms))
        except Exception as error:  # noqa: BLE001 - a bug in a step: a worker buries the record and goes on
            self._failed(error)
            return
        if effects or user.agenda_changed:
            self._carry_out(user, effects, self.clock_ms)

    def tick(self, tick: Tick) -> None:
        """A tick of the log: it moves a stream clock, and no other."""
        if self._streaming:
            self.pass_by(tick.time_ms)

    def next_due_ms(self) -> int | None:
        """When the next timer is due."""
        first = self.dues.first()
        return None if first is None else first[0]

    def pass_by(self, time_ms: int) -> None:
        """It is at least this late: everything due by then is decided."""
        self.fire(time_ms)
        self.clock_ms = max(self.clock_ms, time_ms)

    def fire(self, until_ms: int) -> None:
        """Decide on everything that is due by then, in its order."""
        while (first := self.dues.first()) is not None and first[0] <= until_ms:
            due_ms, user_id = first
            user = self.users.get(user_id)
            self.clock_ms = max(self.clock_ms, due_ms)
            try:
                effects: Sequence[Effect] = decide.on_due(user, due_ms, self._context(due_ms))
            except Exception as error:  # noqa: BLE001 - as above: what was due ends without a push
                self._failed(error)
                effects = ()
            self._carry_out(user, effects, due_ms)
            self.dues.forget(user_id, due_ms)

    def waiting(self) -> Iterator[User]:
        """Every user for whom something is due later."""
        return (self.users.get(user) for user in self.dues)

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        self.first_failure = self.first_failure or f"{type(error).__name__}: {error}"

    def _context(self, now_ms: int) -> Context:
        context = self._live if self.clock_ms >= self._live_from_ms else self._warming
        context.now_ms = now_ms
        return context

    def _carry_out(self, user: User, effects: Sequence[Effect], now_ms: int) -> None:
        if effects:
            self._told(user, effects, now_ms)
            for effect in effects:
                if isinstance(effect, Send):
                    self._answer(user, effect, now_ms)
                elif isinstance(effect, (MoveToken, ClaimId, Post)):
                    self._neighbours.send(user, effect)
        if user.agenda_changed:
            user.agenda_changed = False
            entries = user.agenda.entries
            waits = (
                frozenset(e.due_ms for e in entries if not isinstance(e, OnItsWay)) if entries else NOTHING
            )
            self.dues.put(user.id, waits)

    def _answer(self, user: User, send: Send, now_ms: int) -> None:
        for outcome in self._provider(user, send):
            self._mail(user, outcome, now_ms)

    def receive(self, mail: UserMail) -> None:
        """Mail for a user of this partition, from other users."""
        self._mail(self.users.get(mail.user), mail, self.clock_ms)

    def _mail(self, user: User, mail: UserMail, now_ms: int) -> None:
        self._carry_out(user, decide.on_mail(user, mail, self._context(now_ms)), now_ms)

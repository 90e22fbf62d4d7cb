"""users: everything that a user's fate depends on arrives here, in order; decides, and sends what was decided."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, assert_never

from app import wire
from app.domain import decide
from app.domain.deliver import Context
from app.domain.model.effect import Effect, Keep, MoveToken, Record, Send
from app.domain.model.event import Tick
from app.domain.model.mail import TokenClaim
from app.domain.model.user import Activity, Agenda, Profile, User
from app.topics import Topics
from app.turns.actor import Read, Time, Unreadable
from app.turns.partition import Partition
from app.turns.ports import Clock
from app.turns.turn import Turn
from tables.catalog import CatalogReader
from tables.users import ACTIVITY, AGENDA, PROFILE, TABLES

PROCESSING = 4000


class Shared:
    """What the users partitions of one worker have in common."""

    def __init__(
        self,
        topics: Topics,
        catalog: CatalogReader,
        clock: Clock,
        partitions: int,
        partition_of: Callable[[bytes], int],
        misplaced: Callable[[str, int], None],
        *,
        stream_clock: bool,
    ) -> None:
        self.topics = topics
        self.catalog = catalog
        self.clock = clock
        self.partitions = partitions
        self.partition_of = partition_of
        self.misplaced = misplaced
        self.stream_clock = stream_clock
        self.reader = wire.EventReader()


class _Parts:
    """The parts of one user out of the turn."""

    __slots__ = ("key", "turn")

    def __init__(self, turn: Turn, key: bytes) -> None:
        self.turn = turn
        self.key = key

    def profile(self) -> Profile:
        return self.turn.get(PROFILE, self.key) or Profile()

    def activity(self) -> Activity:
        return self.turn.get(ACTIVITY, self.key) or Activity()

    def agenda(self) -> Agenda:
        return self.turn.get(AGENDA, self.key) or Agenda()


class UsersActor:
    """One partition of users."""

    tables = TABLES

    def __init__(self, partition: Partition, shared: Shared) -> None:
        self._partition = partition
        self._shared = shared
        self._topics = shared.topics
        self.time = Time.STREAM if shared.stream_clock else Time.CAUGHT_UP

    @property
    def in_flight(self) -> int:
        """Users call nobody."""
        return 0

    async def prepare(self) -> None:
        """Every decision rests on the campaigns topic read to its end."""
        await self._shared.catalog.until_current()

    def room(self) -> int:
        """A turn's worth."""
        return PROCESSING

    def opened(self, turn: Turn) -> None:
        """Nothing is in doubt: timers come back with the state."""

    def read(self, record: Any) -> Read | Unreadable:
        """An event, a tick, or mail."""
        if record.topic == self._topics.users_mail:
            return Read(wire.decode_user_mail(record.value))
        now_ms = None if self._shared.stream_clock else self._shared.clock.now_ms()
        found = self._shared.reader.read(record, now_ms)
        if isinstance(found, wire.Bad):
            return Unreadable(found.reason, found.detail)
        return Read(found, found.time_ms, includes=isinstance(found, Tick))

    def step(self, turn: Turn, record: Any, read: Read) -> None:
        """Decide on one event or one piece of mail."""
        message = read.message
        if isinstance(message, Tick):
            return
        key = message.user.encode("utf-8", "surrogatepass")
        user = User(message.user, _Parts(turn, key))
        if record.topic == self._topics.users_mail:
            effects = decide.on_mail(user, message, self._context(turn, turn.now_ms))
        else:
            if turn.get(ACTIVITY, key) is None:
                self._check_place(key, message.user)
            time_ms = min(record.timestamp, turn.now_ms)
            effects = decide.on_event(user, message, record.offset, self._context(turn, time_ms))
        self._keep(turn, key, user)
        self._carry_out(turn, key, effects)

    def due(self, turn: Turn, key: bytes, due_ms: int) -> None:
        """Timers and held messages of one user."""
        user_key = key[1:]
        user = User(user_key.decode("utf-8", "surrogatepass"), _Parts(turn, user_key))
        effects = decide.on_due(user, due_ms, self._context(turn, turn.now_ms))
        self._keep(turn, user_key, user)
        self._carry_out(turn, user_key, effects)

    def abandon(self, turn: Turn, key: bytes, due_ms: int) -> None:
        """Deciding what is due failed: it ends without a push; the failure is in the log and among the dead letters."""
        user_key = key[1:]
        agenda = turn.get(AGENDA, user_key)
        if agenda is not None:
            agenda.entries = [e for e in agenda.entries if getattr(e, "due_ms", due_ms + 1) > due_ms]
            turn.put(AGENDA, user_key, agenda)

    def bury(self, turn: Turn, record: Any, reason: str, detail: str) -> None:
        """A dead letter, under the record's own key."""
        turn.send(self._topics.dead_letters, record.key, wire.dead_letter(record, reason, detail))

    def done(self, turn: Turn, result: Any) -> None:
        """Users call nobody."""

    def finish(self, turn: Turn) -> None:
        """Nothing is said once a turn."""

    def appended(self, turn: Turn) -> None:
        """Users call nobody."""

    async def closing(self) -> None:
        """Nothing is under way."""

    def _context(self, turn: Turn, time_ms: int) -> Context:
        catalog = self._shared.catalog.at(time_ms)[0]
        current, rules = self._shared.catalog.at(turn.now_ms)
        return Context(catalog, current, rules, turn.now_ms)

    def _check_place(self, key: bytes, user: str) -> None:
        if self._shared.partition_of(key) != self._partition.number:
            self._shared.misplaced(user, self._partition.number)

    def _keep(self, turn: Turn, key: bytes, user: User) -> None:
        if user.activity_changed:
            turn.put(ACTIVITY, key, user.activity)
        if user.profile_changed:
            turn.put(PROFILE, key, user.profile)
        if user.agenda_changed:
            if user.agenda.entries:
                turn.put(AGENDA, key, user.agenda)
            else:
                turn.delete(AGENDA, key)

    def _carry_out(self, turn: Turn, key: bytes, effects: list[Effect]) -> None:
        topics = self._topics
        for effect in effects:
            match effect:
                case Record(decision):
                    turn.send(topics.decisions, key, wire.encode_decision(decision))
                case Send(transport, order):
                    turn.send(topics.sends(transport), key, wire.encode_pack(order))
                case Keep(item):
                    turn.send(topics.inbox, key, wire.encode_pack(item))
                case MoveToken(token, device):
                    self._claim(turn, key, token, device)
                case other:
                    assert_never(other)

    def _claim(self, turn: Turn, key: bytes, token: str, device: str) -> None:
        name = blake2b(token.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        user = key.decode("utf-8", "surrogatepass")
        claim = TokenClaim(token, user, device, self._partition.number)
        place = int.from_bytes(name[:4], "big") % self._shared.partitions
        turn.send(self._topics.tokens_mail, name, wire.encode_pack(claim), place)

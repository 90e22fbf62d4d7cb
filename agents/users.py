"""users: everything that a user's fate depends on arrives here, in order; decides, and sends what was decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, assert_never

from app import wire
from app.domain import decide, undecided
from app.domain.deliver import Context
from app.domain.model.app_rules import AppRules
from app.domain.model.effect import ClaimId, Effect, Keep, MoveToken, Post, Record, Send
from app.domain.model.event import Event, Tick
from app.domain.model.history import History
from app.domain.model.mail import IdClaim, PassedOn, TokenClaim
from app.domain.model.quota import CallUp, Lease, Loan, Waiter
from app.domain.model.user import Activity, Agenda, Held, OnItsWay, Profile, User, Waiting
from app.domain.rules import lease as lending
from app.domain.rules.plan import Catalog
from app.topics import Topics, coordinator_of
from app.turns.actor import Read, Time, Unreadable
from app.turns.partition import Partition
from app.turns.ports import Clock
from app.turns.turn import Turn
from tables.catalog import CatalogReader
from tables.leases import LEASES, WAITERS, waiter_key
from tables.leases import TABLES as LEASE_TABLES
from tables.live_leases import LiveLeases
from tables.live_users import LiveUsers
from tables.users import ACTIVITY, AGENDA, HISTORY, PROFILE, TABLES

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


class UsersActor:
    """One partition of users."""

    tables = (*TABLES, *LEASE_TABLES)

    def __init__(self, partition: Partition, shared: Shared) -> None:
        self._partition = partition
        self._shared = shared
        self._topics = shared.topics
        self.time = Time.STREAM if shared.stream_clock else Time.CAUGHT_UP
        self._users = LiveUsers(self._load)
        self._leases = LiveLeases(lambda: self._users.turn, _lease)
        self._last: Context | None = None
        self._moment: tuple[Catalog, AppRules] | None = None

    @property
    def in_flight(self) -> int:
        """Users call nobody."""
        return 0

    async def prepare(self) -> int:
        """Every decision rests on the campaigns topic read to its end."""
        return await self._shared.catalog.until_current()

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
        return Read(found, found.time_ms, found.__class__ is Tick)

    def step(self, turn: Turn, record: Any, read: Read) -> None:
        """Decide on one event or one piece of mail."""
        message, now_ms = read.message, turn.now_ms
        if message.__class__ is Tick:
            return
        if message.__class__ is Event:
            user = self._users.get(turn, message.user)
            context = self._context(now_ms, record.timestamp)
            effects = decide.on_event(user, message, record.offset, context)
        elif isinstance(message, (Loan, CallUp)):
            self._users.enter(turn)
            self._on_limit(turn, message)
            return
        else:
            user = self._users.get(turn, message.user)
            passed_on = message.__class__ is PassedOn
            recorded_ms = message.event.recorded_ms if passed_on else now_ms
            effects = decide.on_mail(user, message, self._context(now_ms, recorded_ms))
        if effects or user.agenda_changed:
            self._carry_out(turn, user, effects)

    def _on_limit(self, turn: Turn, mail: Loan | CallUp) -> None:
        """The coordinator has spoken, or it is the turn of somebody who waits for a limit (C026)."""
        share = lending.share_of(self._leases.of(mail.campaign), mail.period)
        context = self._context(turn.now_ms, turn.now_ms)
        if isinstance(mail, Loan):
            plan = context.current.in_force(mail.campaign)
            limits = None if plan is None else plan.campaign.limits
            is_limited = limits is not None and limits.is_shared
            lending.heed(share, mail, waits_for_it=is_limited and context.current.is_live(mail.campaign))
            return
        share.serving -= 1
        if lending.is_up(share):
            number, refused = lending.leave(share)
            waiter = self._take_waiter(turn, mail, number)
            user = self._users.get(turn, waiter.user)
            self._carry_out(turn, user, decide.on_turn(user, waiter.message_id, refused, context))

    def _take_waiter(self, turn: Turn, mail: CallUp, number: int) -> Waiter:
        self._put_leases(turn)  # whoever has come to wait in this very turn can be found now
        key = waiter_key(mail.campaign, mail.period, number)
        waiter = turn.get(WAITERS, key)
        if waiter is None:
            raise LookupError(f"nobody has number {number} in the queue of {mail.campaign}")
        turn.delete(WAITERS, key)
        return waiter

    def due(self, turn: Turn, key: bytes, due_ms: int) -> None:
        """Timers and held messages of one user."""
        user = self._users.get(turn, key[1:].decode("utf-8", "surrogatepass"))
        self._carry_out(turn, user, decide.on_due(user, due_ms, self._context(turn.now_ms, turn.now_ms)))

    def abandon(self, turn: Turn, key: bytes, due_ms: int, why: str) -> None:
        """Deciding what is due failed: it ends without a push. A held message has a decision that says so, a timer a
        dead letter with what had started it.

        The first step of a turn that begins anew: no user is at hand yet.
        """
        agenda = turn.get(AGENDA, key[1:])
        if agenda is not None:
            over = [e for e in agenda.entries if not isinstance(e, OnItsWay) and e.due_ms <= due_ms]
            self._end_all(turn, key[1:], agenda, over, why)

    def _end_all(
        self, turn: Turn, key: bytes, agenda: Agenda, over: Sequence[Waiting | Held], why: str
    ) -> None:
        """Nobody can decide on these (C152, E6). Nothing but the entries is asked: the rest may be what is at fault."""
        names = {id(entry) for entry in over}
        agenda.entries = [entry for entry in agenda.entries if id(entry) not in names]
        turn.put(AGENDA, key, agenda)
        user = key.decode("utf-8", "surrogatepass")
        for entry in over:
            if isinstance(entry, Held):
                decision = undecided.dropped(user, entry, turn.now_ms, why)
                turn.send(self._topics.decisions, key, wire.encode_decision(decision))
            else:
                origin = undecided.origin(self._topics.events, self._partition.number, key, entry)
                letter = wire.dead_letter(origin, "failed_step", f"the timer of {entry.campaign}: {why}")
                turn.send(self._topics.dead_letters, key, letter)

    def bury(self, turn: Turn, record: Any, reason: str, detail: str) -> None:
        """A dead letter, under the record's own key. The turn of somebody that failed is over all the same."""
        turn.send(self._topics.dead_letters, record.key, wire.dead_letter(record, reason, detail))
        if reason == "failed_step" and record.topic == self._topics.users_mail:
            mail = self.read(record)
            if isinstance(mail, Read) and isinstance(mail.message, CallUp):
                self._pass_over(turn, mail.message, detail)

    def _pass_over(self, turn: Turn, mail: CallUp, why: str) -> None:
        """Deciding on the first who waits failed: they wait no more, and nothing is sent to them."""
        self._users.enter(turn)
        share = lending.share_of(self._leases.of(mail.campaign), mail.period)
        share.serving -= 1
        if lending.is_up(share):
            number, _ = lending.leave(share)
            waiter = self._take_waiter(turn, mail, number)
            agenda = turn.get(AGENDA, _key(waiter.user))
            if agenda is not None:
                held = [e for e in agenda.entries if isinstance(e, Held)]
                over = [e for e in held if e.message_id == waiter.message_id]
                self._end_all(turn, _key(waiter.user), agenda, over, why)

    def done(self, turn: Turn, result: Any) -> None:
        """Users call nobody."""

    def finish(self, turn: Turn) -> None:
        """What has changed of a user is put down once a turn (the agenda at once, for its timers)."""
        for user in self._users.touched(turn):
            if user.activity_changed:
                user.activity_changed = False
                turn.put(ACTIVITY, _key(user.id), user.activity)
            if user.profile_changed:
                user.profile_changed = False
                turn.put(PROFILE, _key(user.id), user.profile)
            if user.history_changed:
                user.history_changed = False
                turn.put(HISTORY, _key(user.id), user.history)
        for campaign, lease in self._leases.touched(turn).items():
            self._settle_up(turn, campaign, lease)
        self._put_leases(turn)

    def _settle_up(self, turn: Turn, campaign: str, lease: Lease) -> None:
        """What the coordinator must hear of a campaign's limit, once a turn; and who is called up next."""
        key, newest = campaign.encode(), max(lease.shares, default=0)
        for period, share in list(lease.shares.items()):
            report = lending.report(campaign, self._partition.number, period, share)
            if report is not None:
                place = coordinator_of(key, self._shared.partitions)
                turn.send(self._topics.campaigns_mail, key, wire.encode_pack(report), place)
            for _ in range(lending.calls(share)):
                turn.send(self._topics.users_mail, key, wire.encode_pack(CallUp(campaign, period)))
            if lending.is_over(share) and (period != newest or share.spent is None):
                del lease.shares[period]

    def _put_leases(self, turn: Turn) -> None:
        for key, waiter in self._leases.joined(turn).items():
            turn.put(WAITERS, key, waiter)
        for campaign, lease in self._leases.touched(turn).items():
            if lease.shares:
                turn.put(LEASES, campaign.encode(), lease)
            else:
                turn.delete(LEASES, campaign.encode())

    def appended(self, turn: Turn) -> None:
        """Users call nobody."""

    async def closing(self) -> None:
        """Nothing is under way."""

    def _context(self, now_ms: int, recorded_ms: int) -> Context:
        """`recorded_ms`: the record's place in time, by which campaigns trigger; never later than now."""
        at, last = self._shared.catalog.at, self._last
        moment = at(now_ms)
        catalog = (moment if recorded_ms >= now_ms else at(recorded_ms))[0]
        if last is not None and last.catalog is catalog and self._moment is moment:
            last.now_ms = now_ms
            return last
        self._moment = moment
        self._last = Context(catalog, *moment, now_ms, self._leases)
        return self._last

    def _load(self, turn: Turn, user_id: str) -> User:
        """A user as this turn leaves them; their live values are those of the state, as long as it keeps its own."""
        key = _key(user_id)
        activity = turn.get(ACTIVITY, key)
        if activity is None:
            activity = Activity()
            self._check_place(key, user_id)
        profile, agenda = turn.get(PROFILE, key) or Profile(), turn.get(AGENDA, key) or Agenda()
        return User(user_id, profile, activity, agenda, self._find_history)

    def _find_history(self, user_id: str) -> History:
        """Read when somebody asks for it, within the turn that has asked for its user."""
        turn = self._users.turn
        found = None if turn is None else turn.get(HISTORY, _key(user_id))
        return found or History()

    def _check_place(self, key: bytes, user: str) -> None:
        if self._shared.partition_of(key) != self._partition.number:
            self._shared.misplaced(user, self._partition.number)

    def _carry_out(self, turn: Turn, user: User, effects: list[Effect]) -> None:
        """The agenda's timers, and what must happen outside."""
        if user.agenda_changed:
            user.agenda_changed = False
            if user.agenda.entries or user.agenda.started:
                turn.put(AGENDA, _key(user.id), user.agenda)
            else:
                turn.delete(AGENDA, _key(user.id))
        if effects:
            self._send(turn, _key(user.id), effects)

    def _send(self, turn: Turn, key: bytes, effects: list[Effect]) -> None:
        topics = self._topics
        for effect in effects:
            match effect:
                case Record(decision):
                    turn.send(topics.decisions, key, wire.encode_decision(decision))
                case Send(transport, order):
                    turn.send(topics.sends(transport), key, wire.encode_pack(order))
                case Keep(item):
                    turn.send(topics.inbox, key, wire.encode_pack(item))
                case MoveToken() | ClaimId() | Post():
                    self._send_mail(turn, key, effect)
                case other:
                    assert_never(other)

    def _send_mail(self, turn: Turn, key: bytes, effect: MoveToken | ClaimId | Post) -> None:
        match effect:
            case MoveToken():
                self._claim_token(turn, key, effect)
            case ClaimId(previous, claimed_ms):
                self._claim_id(turn, key, previous, claimed_ms)
            case Post(mail, partition):
                turn.send(self._topics.users_mail, _key(mail.user), wire.encode_pack(mail), partition)
            case other:
                assert_never(other)

    def _claim_token(self, turn: Turn, key: bytes, moved: MoveToken) -> None:
        name = blake2b(moved.token.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        user = key.decode("utf-8", "surrogatepass")
        claim = TokenClaim(moved.token, user, moved.device, self._partition.number, moved.instead_of)
        place = int.from_bytes(name[:4], "big") % self._shared.partitions
        turn.send(self._topics.tokens_mail, name, wire.encode_pack(claim), place)

    def _claim_id(self, turn: Turn, key: bytes, previous: str, claimed_ms: int) -> None:
        """The only mail whose place is found by hashing: nobody has told this partition where that id lives."""
        user = key.decode("utf-8", "surrogatepass")
        claim = IdClaim(previous, user, self._partition.number, claimed_ms)
        name = _key(previous)
        turn.send(self._topics.users_mail, name, wire.encode_pack(claim), self._shared.partition_of(name))


def _lease(turn: Turn, campaign: str) -> Lease:
    return turn.get(LEASES, campaign.encode()) or Lease()


def _key(user_id: str) -> bytes:
    return user_id.encode("utf-8", "surrogatepass")

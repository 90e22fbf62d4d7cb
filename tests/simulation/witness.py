"""Sees every batch that reaches the broker, and every call before it is made; says at once what breaks a promise."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from app import wire
from app.domain.model.decision import Decision, Step
from app.domain.model.push import Push, Target
from app.topics import ACTORS, Topics
from app.turns.deciding import OUTBOX_KEY, WATERMARK_KEY
from app.turns.misplaced import misplaced
from app.turns.opening import OPENED_KEY
from app.turns.ports import Fence
from app.turns.watermark import (
    Outbox,
    Watermark,
    decode_opened,
    decode_outbox,
    decode_watermark,
    read_source,
)
from tables.ledger import LEDGER, Stage, ledger_key
from tables.users import AGENDA
from tests.flow.conservation import Conservation
from tests.simulation.broker import Line, Part, Place

DAY_MS = 86_400_000
PATIENCE_MS = 600_000
CAP = 3


class Message:
    """How far one message of one user has come, by the journal."""

    __slots__ = ("boxed", "dropped", "ended", "held", "qualified", "sent", "sent_ms")

    def __init__(self) -> None:
        self.qualified = self.sent = self.dropped = self.boxed = self.ended = self.held = 0
        self.sent_ms = 0


class Witness:
    """The journals as they grow. `violated` is told what is wrong, in words."""

    def __init__(
        self, topics: Topics, times_s: dict[str, int], violated: Callable[[str], None], *, has_caps: bool
    ) -> None:
        self.latest: dict[Place, dict[bytes, bytes]] = defaultdict(dict)
        self.messages: dict[str, Message] = defaultdict(Message)
        self.fences: dict[Place, Fence] = {}
        self.decisions: list[Decision] = []
        self.conservation = Conservation()
        self.outboxes: dict[tuple[str, int], list[Any]] = {}
        self.misplaced = 0
        self.relayed: Counter[tuple[str, int, int]] = Counter()
        self.doubts: Counter[tuple[str, str]] = Counter()
        self.traced: Callable[..., None] = lambda *_what: None
        self._actors = {topics.journal(actor): actor for actor in ACTORS}
        self._topics = topics
        self._times_s = times_s
        self._violated = violated
        self._has_caps = has_caps
        self._marks: dict[Place, Watermark] = {}
        self._sent: Counter[tuple[str, int]] = Counter()

    # --- what is written ---------------------------------------------------------------------------------

    def wrote(self, part: Part, offset: int, lines: Sequence[Line]) -> None:
        """A batch has landed."""
        actor = self._actors.get(part.place[0])
        if actor is not None:
            self._journal(actor, part.place, offset, lines)
        elif lines[0][2]:
            for key, value, headers in lines:
                self._relayed(part, key, value, headers)

    def _journal(self, actor: str, place: Place, offset: int, lines: Sequence[Line]) -> None:
        pairs: dict[bytes, bytes | None] = {key or b"": value for key, value, _ in lines}
        if misplaced(offset, pairs.get(WATERMARK_KEY)):
            self.misplaced += 1
            return
        if opened := pairs.get(OPENED_KEY):
            found = decode_opened(opened)
            self.fences[place] = Fence(found.pid, found.epoch)
            if actor == "fcm":
                self._doubt(place)
        self._remember(self.latest[place], pairs)
        if (packed := pairs.get(WATERMARK_KEY)) is not None:
            self._mark(place, decode_watermark(packed))
        if (packed := pairs.get(OUTBOX_KEY)) is not None:
            self._sends(actor, f"{actor}/{place[1]}", decode_outbox(packed))
        if actor == "users":
            self._conserve(self.latest[place], pairs)

    @staticmethod
    def _remember(latest: dict[bytes, bytes], pairs: dict[bytes, bytes | None]) -> None:
        for key, value in pairs.items():
            if value is None:
                latest.pop(key, None)
            else:
                latest[key] = value

    def _sends(self, actor: str, sender: str, outbox: Outbox) -> None:
        if self.outboxes.get((sender, outbox.turn)) == outbox.mail:
            return  # said again, behind what was misplaced
        if (sender, outbox.turn) in self.outboxes:
            self._violated(f"E1: two outboxes of {sender} turn {outbox.turn}")
        self.outboxes[sender, outbox.turn] = outbox.mail
        if actor == "users":
            self._decided(outbox.mail)

    def _conserve(self, latest: dict[bytes, bytes], pairs: dict[bytes, bytes | None]) -> None:
        """What was decided is what the agendas of this batch say (E6, C152)."""
        faults, self.conservation.faults = self.conservation.faults, []
        for key in pairs:
            if key[:1] == AGENDA.prefix:
                packed = latest.get(key)
                agenda = None if packed is None else AGENDA.decode(packed)
                faults += self.conservation.of_user(key[1:].decode("utf-8", "surrogatepass"), agenda)
        for fault in faults:
            self._violated(f"E6: {fault}")

    def _mark(self, place: Place, mark: Watermark) -> None:
        before = self._marks.get(place)
        self._marks[place] = mark
        if before is None:
            return
        if mark.turn <= before.turn:
            self._violated(f"E1: {place} turn {mark.turn} follows turn {before.turn}")
        for topic, offset in before.inputs.items():
            if mark.inputs.get(topic, -1) < offset:
                self._violated(f"E1: {place} goes back from {offset} to {mark.inputs.get(topic)} of {topic}")

    def _doubt(self, place: Place) -> None:
        """An opening: calls that the journal has no answer of may be made once more."""
        for key, value in self.latest[place].items():
            if key[:1] == LEDGER.prefix:
                delivery = LEDGER.decode(value)
                if delivery.stage is Stage.CALLING and delivery.order is not None:
                    name = (delivery.order.push.message_id, delivery.target.device)
                    self.doubts[name] += 1
                    self.traced("doubt", *name, delivery.attempts)

    def _decided(self, mail: Sequence[Any]) -> None:
        """Conservation, caps and timers, over everything that the users have decided so far (E4, E5, E6)."""
        touched: set[str] = set()
        for topic, _key, value, _partition in mail:
            if topic == self._topics.decisions:
                decision = wire.decode_decision(value)
                self.decisions.append(decision)
                self.conservation.add(decision)
                touched.add(decision.message_id)
                self._count(decision, self.messages[decision.message_id])
        for name in touched:
            each = self.messages[name]
            decided = each.sent + each.dropped + each.boxed + each.held
            if each.qualified != 1 or decided != 1:
                self._violated(f"E6: {name}: qualified {each.qualified}, decided {decided}")
            if each.ended > each.sent:
                self._violated(f"E6: {name}: ended {each.ended}, sent {each.sent}")

    def _count(self, decision: Decision, message: Message) -> None:
        match decision.step:
            case Step.QUALIFIED:
                message.qualified += 1
                self._check_due(decision)
            case Step.HELD | Step.RELEASED:
                message.held += 1 if decision.step is Step.HELD else -1
            case Step.SENT:
                message.sent += 1
                message.sent_ms = decision.at
                self._cap(decision)
            case Step.DROPPED:
                message.dropped += 1
                message.held -= bool(isinstance(decision.detail, dict) and decision.detail.get("held"))
            case Step.INBOX:
                message.boxed += decision.detail is None
            case Step.ACCEPTED | Step.FAILED:
                message.ended += 1

    def _check_due(self, decision: Decision) -> None:
        if decision.campaign == "cart-reminder":
            event_s = self._times_s.get(decision.trigger["event_id"])
            if event_s is None:
                self._violated(f"E2: {decision.message_id} comes of an event that nobody sent")
                return
            due_ms = event_s * 1000 + PATIENCE_MS
            if decision.at < due_ms:
                self._violated(f"E5: {decision.message_id} {due_ms - decision.at} ms before it is due")

    def _cap(self, decision: Decision) -> None:
        day = (decision.user, decision.at // DAY_MS)
        self._sent[day] += 1
        if self._has_caps and self._sent[day] > CAP:
            self._violated(f"E4: {decision.user} was sent {self._sent[day]} pushes in a day")

    def _relayed(self, part: Part, key: bytes | None, value: bytes | None, headers: Any) -> None:
        source = read_source(headers)
        if source is None:
            return
        mail = self.outboxes.get((source.sender, source.turn))
        entry = None if mail is None or source.place >= len(mail) else mail[source.place]
        if entry is None or (entry[0], entry[1], entry[2]) != (part.place[0], key, value):
            self._violated(f"E3: a relay that no journal knows: {source} to {part.place}")
        self.relayed[source] += 1

    # --- what is called ----------------------------------------------------------------------------------

    def calling(self, place: Place, mine: Fence | None, push: Push, target: Target) -> None:
        """A sender is about to call; `mine`: under which fence it writes. The journal must have said so before."""
        packed = self.latest[place].get(LEDGER.prefix + ledger_key(push.message_id, target.device))
        is_owner = mine is not None and mine == self.fences.get(place)
        stage = None if packed is None else LEDGER.decode(packed).stage
        self.traced("call", place, push.message_id, target.device, stage, "owner" if is_owner else "zombie")
        if stage is None or (is_owner and stage is not Stage.CALLING):
            self._violated(f"E3: {push.message_id} is called, and the ledger says {stage}")
        sent = self.messages.get(push.message_id)
        if sent is None or not sent.sent:
            self._violated(f"E3: {push.message_id} is called and was never sent")

    def unrelayed(self) -> list[tuple[str, int, int]]:
        """Entries of outboxes that no topic has."""
        entries = [(s, t, place) for (s, t), mail in self.outboxes.items() for place in range(len(mail))]
        return [entry for entry in entries if not self.relayed[entry]]

    def nothing_waits(self) -> bool:
        """Is no user's agenda, and no delivery, unfinished by the journals? What is kept for late events is none."""
        for (topic, _), latest in self.latest.items():
            actor = self._actors[topic]
            if actor == "users" and any(_waits(key, value) for key, value in latest.items()):
                return False
            if actor == "fcm" and any(
                LEDGER.decode(value).stage is not Stage.DONE
                for key, value in latest.items()
                if key[:1] == LEDGER.prefix
            ):
                return False
        return True


def _waits(key: bytes, packed: bytes) -> bool:
    """Is it an agenda with something unfinished? What it remembers of what is over waits for nothing."""
    return key[:1] == AGENDA.prefix and bool(AGENDA.decode(packed).entries)

"""The log, message by message, under a clock that events and ticks move on."""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from typing import Any, NamedTuple

from tests.plain.conditions import Asked, where_holds
from tests.plain.guards import Guards, Message
from tests.plain.people import OPENED, Person
from tests.plain.waiting import Heard, Start, answers, comes_true, date_due, unless_of, value_of_match
from tests.plain.wall import length_ms


class Told(NamedTuple):
    """One step of one message."""

    at_ms: int
    user: str
    campaign: str
    message_id: str
    step: str
    reason: str = ""
    until_ms: int = 0
    devices: tuple[str, ...] = ()


def name_of(campaign: str, user: str, trigger: str) -> str:
    """CONTRACT section 7."""
    whole = "\x00".join((campaign, user, trigger, "0")).encode()
    return urlsafe_b64encode(hashlib.sha256(whole).digest()).decode()[:24]


class Pipeline:
    """A world from its beginning to its end."""

    def __init__(self, world: dict[str, Any]) -> None:
        self.rules = world["rules"]
        self.campaigns = sorted(world["campaigns"], key=lambda each: each["campaign"])
        self.status = {each["campaign"]: "live" for each in self.campaigns}
        self.segments = {each["segment"]: each["who"] for each in world["segments"]}
        self.guards = Guards(self.rules, self.status)
        self.people: dict[str, Person] = {}
        self.heard: dict[str, list[Heard]] = {}
        self.tokens: dict[str, tuple[str, str]] = {}
        self.starts: list[Start] = []
        self.held: list[Message] = []
        self.told: list[Told] = []
        self.clock_ms = 0
        self.place = 0

    def run(self, log: list[dict[str, Any]]) -> list[Told]:
        """Every step that was taken."""
        for message in log:
            self.take(message)
        return self.told

    def take(self, message: dict[str, Any]) -> None:
        """One message of the log. What was due before its time comes first."""
        self.place += 1
        if message["type"] == "switch":
            self.status[message["campaign"]] = message["status"]
            return
        at_ms = round(message["timestamp"] * 1000)
        is_tick = message["type"] == "tick"
        self.fire_before(at_ms + 1 if is_tick else at_ms)
        self.clock_ms = max(self.clock_ms, at_ms)
        if not is_tick:
            self.hear(message, at_ms)

    def fire_before(self, end_ms: int) -> None:
        """Everything that is due earlier, by (due, user, campaign, instance)."""
        while True:
            due: list[tuple[Any, Any]] = [
                ((each.due_ms, each.person.name, each.campaign["campaign"], each.instance), each)
                for each in self.starts
                if each.state == "waiting" and each.due_ms < end_ms
            ]
            for held in self.held:
                start = held.start
                key = (held.until_ms, start.person.name, start.campaign["campaign"], start.event.id)
                if held.until_ms < end_ms:
                    due.append((key, held))
            if not due:
                return
            (due_ms, *_), first = min(due, key=lambda each: each[0])
            self.clock_ms = max(self.clock_ms, due_ms)
            if isinstance(first, Start):
                self.come_due(first)
            else:
                self.held.remove(first)
                self.come_back(first, due_ms)

    def come_due(self, start: Start) -> None:
        """The time of a start has come."""
        mine = [each for each in self.starts if each.person is start.person]
        is_true = comes_true(start, mine, self.heard[start.person.name], self.rules["zone"])
        start.state = "fired" if is_true else "over"
        if is_true:
            self.qualify(start, start.due_ms)

    def come_back(self, message: Message, now_ms: int) -> None:
        """The time of a held message has come."""
        if message.awaits_launch:
            cut_off_ms = self.guards.cut_off(message)
            is_cut_off = cut_off_ms is not None and cut_off_ms <= now_ms
            self.tell(message, now_ms, "dropped", "cut_off" if is_cut_off else "expired")
        else:
            self.release(message, now_ms)

    def hear(self, message: dict[str, Any], at_ms: int) -> None:
        """One event of one user."""
        name = message["userId"]
        person = self.people.setdefault(name, Person(name))
        heard = self.heard.setdefault(name, [])
        if person.is_repeat(message["messageId"]):
            return
        self.move_token(person, person.learn(message, at_ms))
        if message["type"] == "identify":
            return
        event = Heard(
            self.place, at_ms, message["messageId"], message["event"], message.get("properties", {})
        )
        person.note(message, at_ms)
        person.past.append((at_ms, event.name, event.properties))
        heard.append(event)
        self.answer(person, event)
        if at_ms >= self.clock_ms - length_ms(self.rules["max_lateness"]):
            self.trigger(person, event)

    def move_token(self, person: Person, brought: tuple[str, str] | None) -> None:
        """A token seen under another user moves, and leaves the old device suspended."""
        if brought is None:
            return
        token, device = brought
        had = self.tokens.get(token)
        self.tokens[token] = (person.name, device)
        if had is not None and had != (person.name, device):
            old = self.people[had[0]].devices[had[1]]
            old["suspended"] = old["suspended"] or old["token"] == token

    def answer(self, person: Person, event: Heard) -> None:
        """A B drops what is held, at any time before sending; a launch releases what waits for one."""
        for message in [each for each in self.held if each.start.person is person]:
            is_old = "date" in message.start.campaign["when"] and event.at_ms < message.start.event.at_ms
            if not is_old and answers(message.start, event, self.rules["zone"]):
                self.held.remove(message)
                self.tell(message, self.clock_ms, "dropped", "cancelled")
        if event.name in OPENED:
            waiting = [each for each in self.held if each.start.person is person and each.awaits_launch]
            ready = [each for each in waiting if event.at_ms >= each.ready_ms]
            key = lambda each: (each.until_ms, each.start.campaign["campaign"], each.start.event.id)  # noqa: E731
            for message in sorted(ready, key=key):
                self.held.remove(message)
                message.launched = True
                self.release(message, self.clock_ms)

    def trigger(self, person: Person, event: Heard) -> None:
        """Every live campaign in its schedule that waits for this."""
        for campaign in self.campaigns:
            if self.status[campaign["campaign"]] != "live" or not self.is_trigger(campaign, event):
                continue
            when, match = campaign["when"], value_of_match(campaign, event.properties) or ""
            start = Start(campaign, person, event, event.at_ms, match)
            if "date" in when:
                self.tell_date(start)
            elif "unless" in when:
                start.due_ms += length_ms(when["unless"]["within"])
                self.starts.append(start)
            elif self.meets_who(start, self.clock_ms):
                start.state = "fired"
                self.qualify(start, self.clock_ms)

    def is_trigger(self, campaign: dict[str, Any], event: Heard) -> bool:
        """Does the campaign wait for this event, at the event's time?"""
        trigger = campaign["when"].get("date", campaign["when"])
        where = trigger.get("where", {})
        is_meant = trigger["event"] == event.name and self.guards.in_schedule(campaign, event.at_ms)
        return is_meant and where_holds(where, event.properties, event.at_ms, self.rules["zone"])

    def tell_date(self, start: Start) -> None:
        """The newest event that tells a date counts, for each booking (C011)."""
        zone = self.guards.zone_of(start.person, start.campaign)
        due_ms = date_due(start.campaign, start.event.properties, zone)
        if due_ms is None:
            return
        start.due_ms = due_ms
        earlier = [
            each
            for each in self.starts
            if each.campaign is start.campaign and each.person is start.person and each.match == start.match
        ]
        self.starts.append(start)
        if any(each.event.at_ms > start.event.at_ms for each in earlier):
            start.state = "over"
            return
        for each in earlier:
            each.state = "over" if each.state == "waiting" else each.state
        if self.supersede(start, zone):
            self.plan(start)

    def supersede(self, start: Start, zone: str) -> bool:
        """Drop what is held for another date; False where the same one is held: it stays as it is."""
        for message in list(self.held):
            old = message.start
            if old.campaign is start.campaign and old.person is start.person and old.match == start.match:
                if date_due(old.campaign, old.event.properties, zone) == start.due_ms:
                    start.state = "over"
                    return False
                self.held.remove(message)
                self.tell(message, self.clock_ms, "dropped", "superseded")
        return True

    def plan(self, start: Start) -> None:
        """An offset already past drops; a cancellation that is known already leaves nothing to wait for."""
        if start.due_ms < self.clock_ms:
            start.state = "over"
            if self.meets_who(start, self.clock_ms):
                message = self.message_of(start)
                self.tell(message, self.clock_ms, "qualified")
                self.tell(message, self.clock_ms, "dropped", "too_late")

    def asked(self, start: Start, now_ms: int) -> Asked:
        """Who is asked about, and when."""
        zone = start.campaign["when"].get("zone") or self.rules["zone"]
        own = start.person.traits.get("timezone") or start.person.zone or zone
        return Asked(start.person, now_ms, self.rules["zone"], own, self.segments)

    def meets_who(self, start: Start, now_ms: int) -> bool:
        """Does WHO hold now?"""
        return self.asked(start, now_ms).meets(start.campaign.get("who"))

    def message_of(self, start: Start) -> Message:
        """The message of a start."""
        name = name_of(start.campaign["campaign"], start.person.name, start.event.id)
        return Message(start, name, start.due_ms + length_ms(start.campaign["when"].get("delay", "0s")))

    def qualify(self, start: Start, now_ms: int) -> None:
        """The trigger has come true; does the user meet WHO?"""
        if not self.meets_who(start, now_ms):
            return
        message = self.message_of(start)
        self.tell(message, now_ms, "qualified")
        if message.ready_ms > now_ms and message.ready_ms > start.due_ms:
            self.wait(message, now_ms, message.ready_ms, "delay")
        else:
            self.judge(message, now_ms)

    def release(self, message: Message, now_ms: int) -> None:
        """Asked again from the beginning: WHO, B, then every guard."""
        self.tell(message, now_ms, "released")
        start = message.start
        is_answered = unless_of(start.campaign) is not None and any(
            start.event.at_ms < event.at_ms <= now_ms and answers(start, event, self.rules["zone"])
            for event in self.heard[start.person.name]
        )
        if is_answered or not self.meets_who(start, now_ms):
            self.tell(message, now_ms, "dropped", "cancelled")
        else:
            self.judge(message, now_ms)

    def judge(self, message: Message, now_ms: int) -> None:
        """Guards, then text, then out."""
        campaign = message.start.campaign
        inbox = campaign.get("inbox", {})
        devices = self.asked(message.start, now_ms).chosen(campaign.get("who"))
        answer = self.guards.judge(message, devices, now_ms)
        if inbox.get("copy") and not message.launched:
            self.wait(message, now_ms, now_ms + length_ms(inbox["ttl"]), "app_launch")
        elif answer.word == "hold":
            self.hold(message, now_ms, answer.until_ms, str(answer.reason))
        elif answer.word == "drop":
            self.tell(message, now_ms, "dropped", str(answer.reason))
        elif self.is_unwritten(message):
            self.tell(message, now_ms, "dropped", "missing_variable")
        else:
            self.send(message, now_ms, answer.word == "clear", answer.reason or "", answer.devices)

    def send(
        self, message: Message, now_ms: int, is_push: bool, reason: str, devices: tuple[str, ...]
    ) -> None:
        """To devices, or to the inbox."""
        self.guards.count(message, now_ms, is_push=is_push)
        if is_push:
            self.tell(message, now_ms, "sent", devices=devices)
        if not is_push or message.start.campaign.get("inbox", {}).get("copy"):
            self.tell(message, now_ms, "inbox", reason)

    def wait(self, message: Message, now_ms: int, until_ms: int, reason: str) -> None:
        """While a campaign is paused nothing arms, and what falls due is dropped; so is it outside the schedule."""
        campaign = message.start.campaign
        if self.status[campaign["campaign"]] != "live":
            self.tell(message, now_ms, "dropped", "not_live")
        elif not self.guards.in_schedule(campaign, now_ms):
            self.tell(message, now_ms, "dropped", "outside_schedule")
        else:
            self.hold(message, now_ms, until_ms, reason)

    def hold(self, message: Message, now_ms: int, until_ms: int, reason: str) -> None:
        """The cut-off wins: what would wait until then ends here. What waits for a launch waits until then."""
        cut_off_ms = self.guards.cut_off(message)
        message.awaits_launch = reason == "app_launch"
        if cut_off_ms is not None and until_ms >= cut_off_ms:
            if not message.awaits_launch or cut_off_ms <= now_ms:
                self.tell(message, now_ms, "dropped", "cut_off")
                return
            until_ms = cut_off_ms
        message.until_ms = until_ms
        self.held.append(message)
        self.tell(message, now_ms, "held", reason, until_ms)

    def is_unwritten(self, message: Message) -> bool:
        """Does the text name a variable that there is not, where that drops it?"""
        what = message.start.campaign["what"]
        values = {"user": message.start.person.traits, "event": message.start.event.properties}
        named = re.findall(r"{{ (\w+)\.(\w+) }}", what["title"] + what["body"])
        return what.get("missing") == "drop" and any(name not in values[of] for of, name in named)

    def tell(
        self,
        message: Message,
        at_ms: int,
        step: str,
        reason: str = "",
        until_ms: int = 0,
        devices: tuple[str, ...] = (),
    ) -> None:
        """Write a step down."""
        start = message.start
        campaign = start.campaign["campaign"]
        self.told.append(
            Told(at_ms, start.person.name, campaign, message.id, step, reason, until_ms, devices)
        )

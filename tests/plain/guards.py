"""May this be sent, to this person, now? SPEC section 3's order, one line after the other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from app.domain.rules.control import is_in_control
from tests.plain.conditions import obstacle
from tests.plain.people import Person
from tests.plain.waiting import Start
from tests.plain.wall import cut_off_of, date_on_wall, instant_ms, is_quiet, length_ms, quiet_ends

HOPEFUL = ("push_ask", "no_device", "push_blocked", "suspended", "push_unsupported")


@dataclass(eq=False)
class Message:
    """One user-message. `ready_ms`: when it was due, its delay included; `until_ms`: until when it is held."""

    start: Start
    id: str
    ready_ms: int
    until_ms: int = 0
    awaits_launch: bool = False
    launched: bool = False


@dataclass
class Answer:
    """clear, hold, drop or inbox; and why, until when, to which devices."""

    word: str
    reason: str | None = None
    until_ms: int = 0
    devices: tuple[str, ...] = ()


class Guards:
    """`rules`: the app's. `status`: of each campaign. What was sent is counted here."""

    def __init__(self, rules: dict[str, Any], status: dict[str, str]) -> None:
        self.rules = rules
        self.status = status
        self.reached: Counter[str] = Counter()
        self.reached_on: Counter[tuple[str, Any]] = Counter()

    def zone_of(self, person: Person, campaign: dict[str, Any]) -> str:
        """The user's, the campaign's, the app's."""
        own = person.traits.get("timezone") or person.zone
        return str(own or campaign["when"].get("zone") or self.rules["zone"])

    def cut_off(self, message: Message) -> int | None:
        """From when on it is not sent."""
        campaign, person = message.start.campaign, message.start.person
        if "cut_off" not in campaign["when"]:
            return None
        zone = self.zone_of(person, campaign)
        return cut_off_of(campaign["when"]["cut_off"], message.ready_ms, zone, self.rules["zone"])

    def in_schedule(self, campaign: dict[str, Any], at_ms: int) -> bool:
        """[starts, ends)."""
        when, zone = campaign["when"], self.rules["zone"]
        return ("starts" not in when or at_ms >= instant_ms(when["starts"], zone)) and (
            "ends" not in when or at_ms < instant_ms(when["ends"], zone)
        )

    def judge(self, message: Message, devices: list[dict[str, Any]], now_ms: int) -> Answer:
        """`devices`: those for which WHO holds now."""
        campaign = message.start.campaign
        cut_off_ms = self.cut_off(message)
        if self.status[campaign["campaign"]] != "live":
            return Answer("drop", "not_live")
        if not self.in_schedule(campaign, now_ms):
            return Answer("drop", "outside_schedule")
        if cut_off_ms is not None and now_ms >= cut_off_ms:
            return Answer("drop", "cut_off")
        able = tuple(device["id"] for device in devices if obstacle(device) is None)
        if able:
            found = self._judge_push(message, able, now_ms)
        else:
            found = self._judge_inbox(campaign, [str(obstacle(device)) for device in devices])
        if found.word not in {"clear", "inbox"}:
            return found
        return self._control(message) or self._limits(message, now_ms) or found

    def _judge_inbox(self, campaign: dict[str, Any], obstacles: list[str]) -> Answer:
        reason = min(obstacles, key=HOPEFUL.index, default="no_device")
        return Answer("inbox" if campaign.get("inbox", {}).get("fallback") else "drop", reason)

    def _judge_push(self, message: Message, able: tuple[str, ...], now_ms: int) -> Answer:
        campaign, person = message.start.campaign, message.start.person
        zone, quiet = self.zone_of(person, campaign), campaign["when"].get("quiet")
        if quiet is not None and is_quiet(quiet, now_ms, zone):
            if quiet.get("then", "hold") == "drop":
                return Answer("drop", "quiet_hours")
            return Answer("hold", "quiet_hours", quiet_ends(quiet, now_ms, zone))
        if not campaign.get("limits", {}).get("ignore_caps") and self._is_capped(person, now_ms, zone):
            return Answer("drop", "user_cap")
        return Answer("clear", None, 0, able)

    def _is_capped(self, person: Person, now_ms: int, zone: str) -> bool:
        for cap in self.rules["caps"]:
            if cap["per"] == "day":
                today = date_on_wall(now_ms, zone)
                number = sum(date_on_wall(at_ms, zone) == today for at_ms in person.pushed_ms)
            else:
                number = sum(abs(now_ms - at_ms) < length_ms(cap["per"]) for at_ms in person.pushed_ms)
            if number >= cap["max"]:
                return True
        return False

    def _control(self, message: Message) -> Answer | None:
        campaign = message.start.campaign
        share = campaign.get("limits", {}).get("control", "0%")
        hundredths = round(float(share.rstrip("%")) * 100)
        is_control = is_in_control(campaign["campaign"], message.start.person.name, hundredths)
        return Answer("drop", "control_group") if is_control else None

    def _limits(self, message: Message, now_ms: int) -> Answer | None:
        campaign, person = message.start.campaign, message.start.person
        name, limits = campaign["campaign"], campaign.get("limits", {})
        per_user = limits.get("per_user", 1 if "total" in limits else None)
        if per_user is not None and person.reached.count(name) >= per_user:
            return Answer("drop", "per_user_limit")
        if "total" in limits and self.reached[name] >= limits["total"]:
            return Answer("drop", "total_limit")
        if "daily" in limits and self.reached_on[name, self._day(campaign, now_ms)] >= limits["daily"]:
            return Answer("drop", "daily_limit")
        return None

    def count(self, message: Message, now_ms: int, *, is_push: bool) -> None:
        """This one goes out."""
        campaign, person = message.start.campaign, message.start.person
        name = campaign["campaign"]
        person.reached.append(name)
        self.reached[name] += 1
        self.reached_on[name, self._day(campaign, now_ms)] += 1
        if is_push and campaign.get("limits", {}).get("caps_count", True):
            person.pushed_ms.append(now_ms)

    def _day(self, campaign: dict[str, Any], now_ms: int) -> Any:
        return date_on_wall(now_ms, campaign["when"].get("zone") or self.rules["zone"])

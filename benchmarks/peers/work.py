"""What an event asks for, in plain Python over plain dicts: the work that a peer in Python does.

    known id?  profile  answers  conditions  inaction timers  guards  message

Imports nothing but Python's own, because it runs where nothing of ours is installed. `Work.java` is the same in Java.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b, sha256
from typing import Any
from zoneinfo import ZoneInfo

REMEMBERED_IDS = 32
REMEMBERED_OFFSETS = 8
REMEMBERED_ANSWERS = 64
MAX_LATENESS_MS = 3_600_000
PUSHES_A_DAY = 3
zone_named = lru_cache(ZoneInfo)

State = dict[str, Any]
Rule = dict[str, Any]


def new_state() -> State:
    """A user nobody has heard of."""
    return {
        "traits": {}, "devices": {}, "zone": "UTC", "locale": "",
        "ids": [], "offsets": [], "pushes": [], "answers": {}, "agenda": [],
    }  # fmt: skip


def time_of(event: dict[str, Any]) -> int:
    """Milliseconds of the event's own time."""
    return int(datetime.fromisoformat(event["timestamp"]).timestamp() * 1000)


class Work:
    """Decides over one user's state at a time; what is to be sent comes back."""

    def __init__(self, rules: list[Rule]) -> None:
        self._rules = {rule["id"]: rule for rule in rules}
        self._by_event: dict[str, list[Rule]] = {}
        for rule in rules:
            self._by_event.setdefault(rule["event"], []).append(rule)
        self._answering = {rule["unless"] for rule in rules if rule["unless"]}

    def decide(self, user: str, state: State, event: dict[str, Any], offset: int, now_ms: int) -> list[State]:
        """One event of a user, whose timers up to now have fired."""
        orders: list[State] = []
        if not _is_new(state, event["messageId"]):
            return orders
        state["offsets"] = [*state["offsets"][1 - REMEMBERED_OFFSETS :], offset]
        _learn(state, event, now_ms)
        name = event.get("event")
        if name is None:
            return orders
        self._answer(state, name, now_ms)
        properties = event["properties"]
        for rule in self._by_event.get(name, ()):
            if rule["category"] == properties["category"] and properties["price"] >= rule["least_price"]:
                trigger = [event["messageId"], name, now_ms, properties]
                if rule["unless"]:
                    _arm(state, rule, trigger)
                elif _meets_who(rule, state):
                    _deliver(user, state, rule, trigger, now_ms, orders)
        return orders

    def fire(self, user: str, state: State, until_ms: int) -> list[State]:
        """Everything of this user that is due before `until_ms`, in order."""
        due = [e for e in state["agenda"] if e["kind"] != "sent" and e["due"] < until_ms]
        if not due:
            return []
        state["agenda"] = [e for e in state["agenda"] if e not in due]
        orders: list[State] = []
        for entry in sorted(due, key=lambda e: (e["due"], e["rule"], e["instance"])):
            rule = self._rules[entry["rule"]]
            if _meets_who(rule, state):
                _deliver(user, state, rule, entry["trigger"], entry["due"], orders)
        return orders

    def _answer(self, state: State, name: str, now_ms: int) -> None:
        rules = self._rules
        if state["agenda"]:
            state["agenda"] = [
                e for e in state["agenda"] if e["kind"] == "sent" or rules[e["rule"]]["unless"] != name
            ]
        if name in self._answering:
            known = state["answers"].setdefault(name, [])
            known[:] = [at for at in known[1 - REMEMBERED_ANSWERS :] if at > now_ms - MAX_LATENESS_MS]
            known.append(now_ms)


def _is_new(state: State, message_id: str) -> bool:
    mark = blake2b(message_id.encode(), digest_size=8).hexdigest()
    if mark in state["ids"]:
        return False
    state["ids"] = [*state["ids"][1 - REMEMBERED_IDS :], mark]
    return True


def _learn(state: State, event: dict[str, Any], now_ms: int) -> None:
    state["traits"].update(event.get("traits", ()))
    context = event["context"]
    state["zone"], state["locale"] = context["timezone"], context["locale"]
    said = context["device"]
    known = state["devices"].get(said["id"])
    if known is None or known["token"] != said["token"] or known["push"] != said["push"]:
        more = {"os": context["os"]["version"], "app": context["app"]["version"], "seen": now_ms}
        state["devices"][said["id"]] = said | more


def _meets_who(rule: Rule, state: State) -> bool:
    traits = state["traits"]
    return all(traits.get(name) in allowed for name, allowed in rule["who"].items())


def _arm(state: State, rule: Rule, trigger: list[Any]) -> None:
    at_ms = trigger[2]
    due_ms = at_ms + rule["within_ms"]
    if any(at_ms < answered_ms <= due_ms for answered_ms in state["answers"].get(rule["unless"], ())):
        return
    agenda = state["agenda"]
    running = [e for e in agenda if e["kind"] == "waiting" and e["rule"] == rule["id"]]
    if running and rule["repeat"] == "keep_first":
        return
    if rule["repeat"] == "restart":
        agenda = [e for e in agenda if e not in running]
    entry = {"kind": "waiting", "rule": rule["id"], "due": due_ms, "instance": trigger[0], "trigger": trigger}
    state["agenda"] = [*agenda, entry]


def _deliver(
    user: str, state: State, rule: Rule, trigger: list[Any], now_ms: int, orders: list[State]
) -> None:
    targets = [d for d in state["devices"].values() if d["push"] == "allowed" and d["token"]]
    if not targets:
        return
    zone = zone_named(state["zone"])
    until_ms = None if rule["quiet"] is None else _quiet_until(rule["quiet"], now_ms, zone)
    if until_ms is not None:
        if rule["quiet"]["then"] == "hold":
            entry = {"kind": "held", "rule": rule["id"], "due": until_ms, "instance": trigger[0]}
            state["agenda"] = [*state["agenda"], entry | {"trigger": trigger}]
        return
    if not rule["ignores_caps"] and _is_capped(state, now_ms, zone):
        return
    order = _order(user, state, rule, trigger)
    day_ago_ms = now_ms - 25 * 3_600_000
    state["pushes"] = [push for push in state["pushes"] if push[0] > day_ago_ms]
    state["pushes"].append([now_ms, order["message_id"]])
    sent = {name: order[name] for name in ("message_id", "title", "body", "link")}
    state["agenda"] = [*state["agenda"], {"kind": "sent", "rule": rule["id"], "trigger": trigger} | sent]
    orders.append(order | {"targets": [[d["id"], d["token"], d["type"]] for d in targets]})


def _quiet_until(quiet: dict[str, Any], now_ms: int, zone: ZoneInfo) -> int | None:
    local = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone)
    minute = local.hour * 60 + local.minute
    if quiet["to"] <= minute < quiet["from"]:
        return None
    end = local.replace(hour=quiet["to"] // 60, minute=quiet["to"] % 60, second=0, microsecond=0)
    if minute >= quiet["from"]:
        end += timedelta(days=1)
    return int(end.timestamp() * 1000)


def _is_capped(state: State, now_ms: int, zone: ZoneInfo) -> bool:
    pushes = state["pushes"]
    if len(pushes) < PUSHES_A_DAY:
        return False
    today = datetime.fromtimestamp(now_ms / 1000, zone).date()
    return sum(datetime.fromtimestamp(at / 1000, zone).date() == today for at, _ in pushes) >= PUSHES_A_DAY


def _order(user: str, state: State, rule: Rule, trigger: list[Any]) -> dict[str, Any]:
    name = f"{rule['id']}\0{user}\0{trigger[0]}\x000".encode()
    said = {"user": state["traits"], "event": trigger[3]}
    written = {field: _written(rule[field], said) for field in ("title", "body", "link")}
    return {
        "message_id": urlsafe_b64encode(sha256(name).digest())[:24].decode(),
        "campaign": rule["id"], "user": user, "trigger": trigger[0],
        "data": {"product": trigger[3]["product_id"]},
    } | written  # fmt: skip


def _written(parts: list[str], said: dict[str, dict[str, Any]]) -> str:
    text = []
    for place, part in enumerate(parts):
        if place % 2:
            path, _, default = part.partition("|")
            whose, _, name = path.partition(".")
            part = str(said[whose].get(name, default))  # noqa: PLW2901 - a place gives way to its text
        text.append(part)
    return "".join(text)

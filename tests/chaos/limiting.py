"""Campaigns with a total under demand of many times that; a push service that refuses some and never answers some."""

from __future__ import annotations

import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from tests.integration.judging import unfinished
from tests.integration.system import System
from tests.integration.waiting import until

# A token says what becomes of its calls. A message without an answer is given up at once: it lives for 5 s only.
SCRIPT = [
    {"service": "fcm", "token": "gone-*", "status": 404},
    {"service": "fcm", "token": "wrong-*", "status": 400},
    {"service": "fcm", "token": "mute-*", "no_answer": True, "delay": "100ms"},
    {"service": "fcm", "token": "busy-*", "first": 1, "status": 503, "headers": {"Retry-After": "1"}},
    {"service": "fcm", "delay": "60ms"},
]
KINDS = ("gone", "wrong", "mute", "busy", "good", "good", "good", "good", "good", "good")
FCM = "fcm"
OK, NO_ANSWER = 200, 0
WORK_S = 180.0


class Limited(NamedTuple):
    """A campaign and its total."""

    id: str
    total: int

    @property
    def file(self) -> str:
        """Its YAML."""
        return (
            f"campaign: {self.id}\nwhen: {{event: go-{self.id}}}\n"
            f"limits: {{total: {self.total}, ignore_caps: true, caps_count: false}}\n"
            "what: {title: Yours, body: One of few, ttl: 5s}\n"
        )


def limited(totals: Sequence[int]) -> list[Limited]:
    """A campaign for each total."""
    return [Limited(f"limit-{number}-{total}", total) for number, total in enumerate(totals)]


def demand(campaigns: Sequence[Limited], times: int, seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Users who qualify, mixed: `times` the total of each campaign and some; each once, and one in ten twice."""
    dice = random.Random(seed)
    wanted = [
        (campaign.id, number % (campaign.total * times + 20))
        for campaign in campaigns
        for number in range((campaign.total * times + 20) * 11 // 10)
    ]
    dice.shuffle(wanted)
    for place, (campaign, number) in enumerate(wanted):
        yield _message(campaign, number, place, seed)


def _message(campaign: str, number: int, place: int, seed: int) -> tuple[str, dict[str, Any]]:
    user = f"{campaign}-u{number}"
    kind = random.Random(f"{seed} {user}").choice(KINDS)
    device = {"id": f"d-{user}", "type": "android", "token": f"{kind}-{user}"}
    return user, {
        "type": "track",
        "userId": user,
        "messageId": f"go-{place}",
        "event": f"go-{campaign}",
        "context": {"device": device},
    }


def strike(system: System, messages: Sequence[Any], kills: int, dice: random.Random) -> list[int]:
    """Feed the messages in parts; after each, kill a worker, at work where one is. What each had before it."""
    backlog, size = [], -(-len(messages) // kills)
    for start in range(0, len(messages), size):
        system.feed(messages[start : start + size])
        until(partial(_is_ready, system), WORK_S, "somebody is ready", 0.1)
        at_work = [number for number in system.workers if system.backlog(number)]
        time.sleep(dice.uniform(0.0, 0.2))
        victim = dice.choice(at_work or [*system.workers])
        backlog.append(system.backlog(victim))
        system.workers[victim].kill()
        system.start_worker(victim)
    system.wait_until_ready(WORK_S)
    return backlog


def _is_ready(system: System) -> bool:
    return any(system.get(number, "/readyz")[0] == OK for number in system.workers)


@dataclass
class Verdict:
    """What each campaign came to, by count at the push service and by its decisions."""

    wrong: list[str] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)
    reached: dict[str, int] = field(default_factory=dict)

    @property
    def is_exact(self) -> bool:
        """Is every campaign at its total, and nothing left open?"""
        return not self.wrong

    def told(self) -> str:
        """For the summary."""
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.struck.items()))
        return f"{sum(self.reached.values())} reached of {len(self.reached)} campaigns; calls: {kinds}; {self.wrong}"


def judge(system: System, campaigns: Sequence[Limited]) -> Verdict:
    """When settled. Reached is whom the push service took a message for, or may have, where it did not answer.

    A call that died with its maker, before one that was put off until too late, may have been taken, too: only those
    that the decisions call `unanswered`, and they are told apart (`lost`).
    """
    found, taken, decisions = Verdict(), _taken(system), system.decisions()
    found.struck = Counter(kind for kind, _ in _calls(system))
    accepted = Counter(each["campaign"] for each in decisions if each["step"] == "accepted")
    standing = {each["campaign"]: each for each in _listed(system)}
    for each in campaigns:
        lost = _unanswered(decisions, each.id) - taken[each.id]
        found.struck["lost"] += len(lost)
        found.reached[each.id] = len(taken[each.id] | lost)
        now = standing[each.id]
        came_to = (found.reached[each.id], accepted[each.id], now["status"], now["reason"])
        if came_to != (each.total, each.total, "ended", "limit reached"):
            found.wrong.append(f"{each.id}: taken, accepted, status: {came_to}")
    found.wrong += [f"{len(left)} messages without an end" for left in [unfinished(decisions)] if left]
    found.wrong += [f"dead letter: {each['message']}" for each in system.dead_letters()[:3]]
    return found


def _calls(system: System) -> Iterator[tuple[str, Any]]:
    """What kind of token each call was for, and the call."""
    for line in system.received():
        if line["service"] == FCM:
            yield line["token"].partition("-")[0], line


def _taken(system: System) -> dict[str, set[str]]:
    """The messages of each campaign that the push service took, or did not answer."""
    taken: dict[str, set[str]] = defaultdict(set)
    for _, line in _calls(system):
        if line["status"] in {OK, NO_ANSWER}:
            taken[_campaign_of(line["token"])].add(line["message"])
    return taken


def _unanswered(decisions: Sequence[dict[str, Any]], campaign: str) -> set[str]:
    accepted = [each for each in decisions if each["step"] == "accepted" and each["campaign"] == campaign]
    return {each["message_id"] for each in accepted if (each.get("detail") or {}).get("unanswered")}


def _campaign_of(token: str) -> str:
    return token.partition("-")[2].rpartition("-u")[0]


def _listed(system: System) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(system.done("campaign", "list", "--json").out)
    return listed


def have_ended(system: System, campaigns: Sequence[Limited]) -> bool:
    """Has every campaign ended?"""
    standing = {each["campaign"]: each["status"] for each in _listed(system)}
    return all(standing[each.id] == "ended" for each in campaigns)

"""Random worlds: campaigns, segments, app rules, and a log in some disorder. One seed is one world."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

import msgspec

from tests.plain.audiences import audience, where
from tests.plain.messages import MINUTE_MS, ZONES, Messages, iso
from tests.plain.wall import instant_ms, length_ms, local, minute_of, moment

World = dict[str, Any]
EVES = (
    ("2026-03-28T18:00", "Europe/Paris"),
    ("2026-10-24T19:00", "Europe/Paris"),
    ("2026-10-31T20:00", "America/New_York"),
    ("2026-03-07T20:00", "America/New_York"),
    ("2026-04-04T18:00", "Australia/Lord_Howe"),
    ("2026-10-03T20:00", "Australia/Lord_Howe"),
    ("2026-09-05T20:00", "America/Santiago"),
    ("2026-11-22T08:00", "Asia/Kathmandu"),
    ("2026-12-31T20:00", "UTC"),
)
STEPS_MS = tuple(MINUTE_MS * each for each in (0, 0, 0, 1, 1, 5, 5, 5, 10, 10, 20, 45, 60, 180, 420))
HOURS = ("00:00", "01:00", "01:30", "02:00", "02:15", "02:30", "03:00", "09:00", "18:00", "21:00", "23:00")


def make(seed: int) -> World:
    """The world of a seed."""
    dice = random.Random(seed)
    begins, zone = dice.choice(EVES)
    begins_ms = instant_ms(begins, zone)
    maker = _Maker(dice, begins_ms, zone)
    lateness = dice.choice(("10m", "1h", "1h", "6h"))
    rules = {
        "zone": dice.choice((zone, zone, "UTC")),
        "caps": maker.caps(),
        "max_lateness": lateness,
    }
    segments = [
        {"segment": name, "who": maker.saved(("fans", "new")[at:])} for at, name in enumerate(("fans", "new"))
    ]
    campaigns = [maker.campaign(f"c{number}") for number in range(dice.randint(1, 4))]
    log = maker.log(campaigns, length_ms(lateness))
    world = {"seed": seed, "rules": rules, "segments": segments, "campaigns": campaigns, "log": log}
    copy: World = msgspec.json.decode(msgspec.json.encode(world))  # nothing is shared between its parts
    return copy


class _Maker(Messages):
    def __init__(self, dice: random.Random, begins_ms: int, zone: str) -> None:
        super().__init__(dice, begins_ms, zone)
        self.ended: set[str] = set()  # an end is final

    def instant(self, hours: tuple[int, ...] = (0, 1, 4, 9, 20)) -> str:
        """On the wall of the app."""
        at_ms = self.begins_ms + self.dice.choice(hours) * 3_600_000
        return iso(at_ms)

    def caps(self) -> list[dict[str, Any]]:
        every = [{"max": self.dice.randint(1, 3), "per": each} for each in ("day", "1h", "24h")]
        return self.dice.sample(every, self.dice.choice((0, 1, 1, 2, 3)))

    def saved(self, taboo: tuple[str, ...]) -> Any:
        """WHO of a saved segment, which speaks of none of these: no circle."""
        while True:
            who = audience(self.dice, self.begins_ms, 1)
            if not any(f'"segment": "{name}"' in json.dumps(who) for name in taboo):
                return who

    def campaign(self, name: str) -> dict[str, Any]:
        """A campaign file."""
        dice = self.dice
        file: dict[str, Any] = {"campaign": name, "when": self.when(), "what": {"title": "T", "body": "B"}}
        if self.often(0.4):
            file["who"] = audience(dice, self.begins_ms, 2)
        if self.often(0.4):
            file["limits"] = self.limits()
        if self.often(0.15):
            file["what"] = {"title": "{{ event.item }}", "body": "{{ user.name }}", "missing": "drop"}
        if self.often(0.4):
            file["inbox"] = {
                "copy": self.often(0.3),
                "fallback": self.often(0.7),
                "ttl": dice.choice(("30m", "6h", "7d")),
            }
        return file

    def limits(self) -> dict[str, Any]:
        """Some of them."""
        dice = self.dice
        total = dice.randint(1, 4)
        found = self.some(
            {
                "total": (0.4, total),
                "per_user": (0.3, dice.randint(1, 2)),
                "ignore_caps": (0.3, True),
                "caps_count": (0.3, False),
                "control": (0.3, dice.choice(("5%", "50%", "0.5%"))),
            }
        )
        return found | self.some({"daily": (0.3, dice.randint(1, found.get("total", 3)))})

    def when(self) -> dict[str, Any]:
        """A trigger, with what may stand beside it."""
        dice, kind = self.dice, self.dice.choice(("event", "inaction", "inaction", "inaction", "date"))
        found: dict[str, Any] = (
            {"date": self.date()} if kind == "date" else {"event": dice.choice(("cart", "cart", "view"))}
        )
        if kind != "date" and self.often(0.3):
            found["where"] = where(dice, self.begins_ms)
        if kind == "inaction":
            found["unless"] = self.unless() | {"within": dice.choice(("5m", "10m", "10m", "20m", "1h", "3h"))}
            found["repeat"] = dice.choice(("restart", "keep_first", "each"))
        begin, end = dice.sample(HOURS, 2)
        beside: dict[str, tuple[float, Any]] = {
            "delay": (0.25, dice.choice(("5m", "30m", "3h"))),
            "quiet": (0.35, {"from": begin, "to": end, "then": dice.choice(("hold", "hold", "drop"))}),
            "cut_off": (0.3, dice.choice((*HOURS, "10m", "1h", "8h", self.instant((9, 20))))),
            "starts": (0.2, self.instant((0, 1, 4))),
            "ends": (0.25, self.instant((9, 20))),
            "zone": (0.3, dice.choice(ZONES)),
        }
        return found | self.some(beside)

    def unless(self) -> dict[str, Any]:
        found: dict[str, Any] = {"event": self.dice.choice(("buy", "buy", "cancel"))}
        if self.often(0.4):
            found["match"] = "id"
        if self.often(0.25):
            found["where"] = where(self.dice, self.begins_ms)
        return found

    def date(self) -> dict[str, Any]:
        dice = self.dice
        found: dict[str, Any] = {"event": "booked", "property": "leaves"}
        if self.often(0.6):
            found["offset"] = dice.choice(("-1h", "-30m", "1h", "-1d", "1d", "-5m", "0s"))
        if self.often(0.6):
            found["at"] = dice.choice(HOURS)
        if self.often(0.4):
            found["match"] = "id"
        if self.often(0.5):
            found["unless"] = {"event": dice.choice(("buy", "cancel"))}
        if self.often(0.2):
            found["where"] = where(dice, self.begins_ms)
        return found

    def log(self, campaigns: list[dict[str, Any]], lateness_ms: int) -> list[dict[str, Any]]:
        """Messages; each is as late as it may be, or a millisecond later, or not late at all."""
        dice = self.dice
        users = [f"u{number}" for number in range(dice.choice((1, 1, 2, 3)))]
        log = [self.identify(user, number) for number, user in enumerate(users)]
        at_ms, edges_ms = self.begins_ms, self.edges(campaigns)
        for number in range(dice.choice((6, 12, 25, 60, 90))):
            at_ms += dice.choice(STEPS_MS)
            ahead_ms = [edge_ms for edge_ms in edges_ms if edge_ms > at_ms]
            if ahead_ms and self.often(0.1):
                at_ms = min(ahead_ms)
                name = dice.choice([name_of_trigger(each) for each in campaigns])
                log.append(self.track(dice.choice(users), number, at_ms, {"timestamp": at_ms / 1000}, name))
                continue
            late_ms = self.lateness(lateness_ms)
            log += self.entry(campaigns, dice.choice(users), number, at_ms, late_ms, log)
        return [*log, {"type": "tick", "timestamp": at_ms / 1000 + 40 * 86_400}]

    def edges(self, campaigns: list[dict[str, Any]]) -> list[int]:
        """Where something begins or ends on the wall: schedules, quiet hours, cut-offs."""
        found: list[int] = []
        for when in (each["when"] for each in campaigns):
            zone = when.get("zone", self.zone)
            dates = [when[key] for key in ("starts", "ends", "cut_off") if "T" in when.get(key, "")]
            hours = [*list(when.get("quiet", {}).values())[:2], when.get("cut_off", "")]
            day = local(self.begins_ms, zone).date()
            found += [instant_ms(each, self.zone) for each in dates]
            found += [
                moment(day + timedelta(days=days), minute_of(each), zone)
                for each in hours
                if ":" in each and "T" not in each
                for days in (0, 1)
            ]
        whens = [each["when"] for each in campaigns]
        waits = [each["unless"]["within"] for each in whens if "unless" in each]
        waits += [each["delay"] for each in whens if "delay" in each]
        return found + [edge_ms - length_ms(wait) for edge_ms in found for wait in waits]

    def lateness(self, most_ms: int) -> int:
        """Mostly none; up to what is allowed, and a little beyond."""
        if self.often(0.7):
            return 0
        return self.dice.choice(
            (MINUTE_MS, 5 * MINUTE_MS, 10 * MINUTE_MS, 30 * MINUTE_MS, most_ms, most_ms + 1)
        )

    def entry(
        self,
        campaigns: list[dict[str, Any]],
        user: str,
        number: int,
        at_ms: int,
        late_ms: int,
        log: list[dict[str, Any]],
    ) -> list[dict[str, Any]]:
        """One or two lines of the log."""
        draw = self.dice.random()
        time = {"timestamp": at_ms / 1000}
        if draw < 0.04:
            return [{"type": "tick", **time}]
        if draw < 0.08 and late_ms == 0:
            return [dict(self.dice.choice([each for each in log if "messageId" in each]))]
        if draw < 0.11:
            name = self.dice.choice(campaigns)["campaign"]
            status = (
                "ended"
                if name in self.ended
                else self.dice.choice(("paused",) * 4 + ("live",) * 4 + ("ended",))
            )
            self.ended |= {name} if status == "ended" else set()
            return [{"type": "tick", **time}, {"type": "switch", "campaign": name, "status": status}]
        if draw < 0.18:
            return [self.identify(user, number + 1000) | time]
        edge_ms = self.dice.choice((0, 0, 0, 0, 0, 1, -1))
        return [
            self.track(
                user, number, at_ms, {"timestamp": max(self.begins_ms, at_ms - late_ms + edge_ms) / 1000}
            )
        ]


def name_of_trigger(campaign: dict[str, Any]) -> str:
    """The event that it waits for."""
    when = campaign["when"]
    return str(when["date"]["event"] if "date" in when else when["event"])

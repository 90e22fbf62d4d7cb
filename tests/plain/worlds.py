"""Random worlds: campaigns, segments, app rules, and a log in some disorder. One seed is one world."""

from __future__ import annotations

import json
import random
from typing import Any

from tests.plain.audiences import audience, where
from tests.plain.wall import instant_ms, length_ms, local

World = dict[str, Any]
MINUTE_MS = 60_000
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
ZONES = (
    "Europe/Paris",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Santiago",
    "UTC",
)
EVENTS = ("cart", "cart", "cart", "buy", "buy", "view", "view", "booked", "booked", "cancel", "App Opened",
          "Push Permission Changed", "other")  # fmt: skip
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
    copy: World = json.loads(json.dumps(world))  # nothing is shared between its parts
    return copy


class _Maker:
    def __init__(self, dice: random.Random, begins_ms: int, zone: str) -> None:
        self.dice = dice
        self.begins_ms = begins_ms
        self.zone = zone
        self.ended: set[str] = set()  # an end is final
        self.tokens_move = dice.random() < 0.3

    def often(self, chance: float) -> bool:
        return self.dice.random() < chance

    def instant(self, hours: tuple[int, ...] = (0, 1, 4, 9, 20)) -> str:
        """On the wall of the app."""
        at_ms = self.begins_ms + self.dice.choice(hours) * 3_600_000
        return _iso(at_ms)

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
        if self.often(0.25):
            file["what"] = {"title": "{{ event.item }}", "body": "{{ user.name }}", "missing": "drop"}
        if self.often(0.4):
            file["inbox"] = {
                "copy": self.often(0.5),
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
            "starts": (0.15, self.instant((0, 1, 4))),
            "ends": (0.15, self.instant((9, 20))),
            "zone": (0.3, dice.choice(ZONES)),
        }
        return found | self.some(beside)

    def some(self, among: dict[str, tuple[float, Any]]) -> dict[str, Any]:
        """Each with its own chance."""
        return {name: value for name, (chance, value) in among.items() if self.often(chance)}

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
        users = [f"u{number}" for number in range(self.dice.choice((1, 1, 2, 3)))]
        log = [self.identify(user, number) for number, user in enumerate(users)]
        at_ms = self.begins_ms
        for number in range(self.dice.choice((6, 12, 25, 60, 90))):
            at_ms += self.dice.choice(STEPS_MS)
            late_ms = self.lateness(lateness_ms)
            log += self.entry(campaigns, self.dice.choice(users), number, at_ms, late_ms, log)
        return [*log, {"type": "tick", "timestamp": at_ms / 1000 + 40 * 86_400}]

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

    def track(self, user: str, number: int, at_ms: int, time: dict[str, Any]) -> dict[str, Any]:
        """An event with its properties."""
        dice, name = self.dice, self.dice.choice(EVENTS)
        properties: dict[str, Any] = {"price": dice.choice((5, 10, 10.0, 15, "10", True, None))}
        if self.often(0.7):
            properties["id"] = dice.choice(("x", "y", 7))
        if self.often(0.7):
            properties["item"] = dice.choice(("kettle", "pot", "version 3"))
        properties["seen"] = dice.choice((_iso(at_ms) + "Z", at_ms // 1000 - 3600, "2026-11-22", None))
        if name == "booked":
            properties["leaves"] = self.leaves(at_ms)
        if name == "Push Permission Changed":
            properties["status"] = dice.choice(("allowed", "blocked", "ask"))
            properties["device_id"] = dice.choice(("d1", "d1", "d2"))
        message = {
            "type": "track",
            "messageId": f"m{number}",
            "userId": user,
            "event": name,
            "properties": properties,
            **time,
        }
        if self.often(0.3) or name == "App Opened":
            message["context"] = self.context(user)
        return message

    def leaves(self, at_ms: int) -> Any:
        """A date to come, one gone by, one without a time, none."""
        dice = self.dice
        to_come_ms = at_ms + dice.choice((-60, 5, 60, 61, 90, 300, 1500)) * MINUTE_MS
        on_the_hour_ms = to_come_ms // 3_600_000 * 3_600_000
        return dice.choice(
            (
                _iso(to_come_ms) + "Z",
                _iso(on_the_hour_ms) + "Z",
                to_come_ms // 1000,
                _iso(to_come_ms)[:10],
                None,
                "soon",
            )
        )

    def identify(self, user: str, number: int) -> dict[str, Any]:
        dice = self.dice
        traits = {
            "name": dice.choice(("Ada", "Bo", None)),
            "age": dice.choice((25, 40, 41, "40", None)),
            "birthday": dice.choice((None, None, "2001-03-29", "1986-10-25", "1986-11-23")),
            "country": dice.choice(("FR", "France", "usa", "NO", None, 7)),
            "gender": dice.choice(("f", "Female", "male", None)),
            "tags": dice.choice((["a", "b"], ["b", 3], [], None)),
            "score": dice.choice((1, 2, 2.5, True, "2", None)),
            "joined": dice.choice((_iso(self.begins_ms - 3 * 86_400_000) + "Z", "2026-03-28", None)),
            "plan": dice.choice(({"name": "gold", "app_version": "3.10.0"}, {"name": "tin"}, "gold", None)),
            "timezone": dice.choice((None, None, None, *ZONES)),
        }
        kept = {name: value for name, value in traits.items() if self.often(0.7)}
        when = {"timestamp": self.begins_ms / 1000}
        return {"type": "identify", "messageId": f"i{number}", "userId": user, "traits": kept, **when,
                "context": self.context(user)}  # fmt: skip

    def context(self, user: str) -> dict[str, Any]:
        """A device, mostly one that may be sent to; a zone, a locale, a place."""
        dice = self.dice
        latitude, longitude = dice.choice(((48.85, 2.35), (48.85, 2.3501), (45.76, 4.84), (48.9, 2.6)))
        return self.some(
            {
                "device": (0.9, self.device(user)),
                "timezone": (0.3, dice.choice((*ZONES, "Mars/Base"))),
                "locale": (0.3, dice.choice(("fr-FR", "en", "en-US"))),
                "location": (0.3, {"latitude": latitude, "longitude": longitude}),
                "app": (0.5, {"version": dice.choice(("3.9", "3.10.0", "3.10", "3.10.0-beta", "three"))}),
                "os": (0.3, {"version": dice.choice(("14", "14.0", "9"))}),
                "library": (0.2, {"version": dice.choice(("3.5.1", "3.5"))}),
            }
        )

    def device(self, user: str) -> dict[str, Any]:
        dice, name = self.dice, self.dice.choice(("d1", "d1", "d2"))
        device: dict[str, Any] = {
            "id": name,
            "type": dice.choice(("android", "android", "android", "Android", "ios")),
        }
        if self.often(0.9):
            device["token"] = name if self.tokens_move else f"{user}-{name}"
        if self.often(0.4):
            device["push"] = dice.choice(("allowed", "allowed", "allowed", "blocked", "ask", "unsupported"))
        if self.often(0.5):
            device["manufacturer"] = dice.choice(("xiaomi", "fairphone"))
        return device


def _iso(at_ms: int) -> str:
    """Of UTC, without its name."""
    return local(at_ms, "UTC").replace(tzinfo=None).isoformat(timespec="seconds")

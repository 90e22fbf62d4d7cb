"""Random messages of users: events, traits, devices, places."""

from __future__ import annotations

import random
from typing import Any

from tests.plain.wall import local

MINUTE_MS = 60_000
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


class Messages:
    """Of one world. `zone`: where most of it is."""

    def __init__(self, dice: random.Random, begins_ms: int, zone: str) -> None:
        self.dice = dice
        self.begins_ms = begins_ms
        self.zone = zone
        self.tokens_move = dice.random() < 0.3

    def often(self, chance: float) -> bool:
        return self.dice.random() < chance

    def some(self, among: dict[str, tuple[float, Any]]) -> dict[str, Any]:
        """Each with its own chance."""
        return {name: value for name, (chance, value) in among.items() if self.often(chance)}

    def track(
        self, user: str, number: int, at_ms: int, time: dict[str, Any], name: str | None = None
    ) -> dict[str, Any]:
        """An event with its properties."""
        dice, name = self.dice, name or self.dice.choice(EVENTS)
        properties: dict[str, Any] = {"price": dice.choice((5, 10, 10.0, 15, "10", True, None))}
        if self.often(0.7):
            properties["id"] = dice.choice(("x", "y", 7))
        if self.often(0.7):
            properties["item"] = dice.choice(("kettle", "pot", "version 3"))
        properties["seen"] = dice.choice((iso(at_ms) + "Z", at_ms // 1000 - 3600, "2026-11-22", None))
        if name == "booked":
            properties["leaves"] = self.leaves(at_ms)
        if name == "Push Permission Changed":
            properties["status"] = dice.choice(("allowed", "allowed", "allowed", "blocked", "ask"))
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
                iso(to_come_ms) + "Z",
                iso(on_the_hour_ms) + "Z",
                to_come_ms // 1000,
                iso(to_come_ms)[:10],
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
            "joined": dice.choice((iso(self.begins_ms - 3 * 86_400_000) + "Z", "2026-03-28", None)),
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
            "type": dice.choice((*["android"] * 6, "Android", "ios")),
        }
        if self.often(0.9):
            device["token"] = name if self.tokens_move else f"{user}-{name}"
        if self.often(0.4):
            device["push"] = dice.choice(("allowed", "allowed", "allowed", "blocked", "ask", "unsupported"))
        if self.often(0.5):
            device["manufacturer"] = dice.choice(("xiaomi", "fairphone"))
        return device


def iso(at_ms: int) -> str:
    """Of UTC, without its name."""
    return local(at_ms, "UTC").replace(tzinfo=None).isoformat(timespec="seconds")

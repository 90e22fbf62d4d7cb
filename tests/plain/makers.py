"""Small worlds by hand."""

from __future__ import annotations

from typing import Any

from tests.plain.compare import by_the_core
from tests.plain.worlds import World

NOON_S = 1_795_435_200  # 2026-11-23T12:00:00Z
WHAT = {"title": "T", "body": "B"}
PHONE = {"device": {"id": "d1", "type": "android", "token": "t1"}}


def a_campaign(when: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A campaign file with a text."""
    return {"campaign": "c", "when": when, "what": WHAT, **more}


def said(name: str, minute: float, user: str = "u", context: Any = None, **properties: Any) -> dict[str, Any]:
    """An event, so many minutes after noon."""
    found = {
        "type": "track",
        "event": name,
        "userId": user,
        "timestamp": NOON_S + 60 * minute,
        "properties": properties,
    }
    return found | ({} if context is None else {"context": context})


def tick(minute: float) -> dict[str, Any]:
    """Time goes on."""
    return {"type": "tick", "timestamp": NOON_S + 60 * minute}


def switch(status: str) -> dict[str, Any]:
    """The campaign is paused, or goes on."""
    return {"type": "switch", "campaign": "c", "status": status}


def a_world(campaign: dict[str, Any], *log: dict[str, Any], **rules: Any) -> World:
    """One campaign; each message has an id of its own, by its place."""
    named = [{"messageId": f"m{number}", **message} for number, message in enumerate(log)]
    settings = {"zone": "UTC", "caps": [], "max_lateness": "1h", **rules}
    return {"rules": settings, "segments": [], "campaigns": [campaign], "log": [*named, tick(60_000)]}


def ends(world: World) -> list[tuple[str, str]]:
    """How every message ended, by the core: step and reason, in the order of the times."""
    return [
        (each.step, each.reason) for each in by_the_core(world) if each.step in {"sent", "dropped", "inbox"}
    ]

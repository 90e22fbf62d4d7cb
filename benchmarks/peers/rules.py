"""The benchmark's campaigns as plain rules for the peers: conditions as values, templates in parts."""

from __future__ import annotations

import re
from typing import Any

WITHIN_MS = {"10m": 600_000}
_PLACE = re.compile(r"{{\s*(.*?)\s*}}")
_DEFAULT = re.compile(r"\s*\|\s*default:\s*'(.*)'")


def rules(campaigns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One rule for each campaign document."""
    return [_rule(campaign) for campaign in campaigns]


def _rule(campaign: dict[str, Any]) -> dict[str, Any]:
    when, what = campaign["when"], campaign["what"]
    unless, quiet = when.get("unless"), when.get("quiet")
    return {
        "id": campaign["campaign"],
        "event": when["event"],
        "category": when["where"]["category"],
        "least_price": when["where"]["price"]["gte"],
        "who": {each["user"]: each["in"] for each in campaign.get("who", ())},
        "unless": unless and unless["event"],
        "within_ms": WITHIN_MS[unless["within"]] if unless else 0,
        "repeat": when.get("repeat"),
        "quiet": quiet
        and {"from": _minutes(quiet["from"]), "to": _minutes(quiet["to"]), "then": quiet["then"]},
        "ignores_caps": campaign.get("limits", {}).get("ignore_caps", False),
    } | {name: parts(what[name]) for name in ("title", "body", "link")}


def _minutes(time: str) -> int:
    hours, _, minutes = time.partition(":")
    return int(hours) * 60 + int(minutes)


def parts(template: str) -> list[str]:
    """Text and place in turn, text first; a place is `user.name` or `event.name`, a default follows a `|`."""
    found = _PLACE.split(template)
    return [_DEFAULT.sub(r"|\1", part) if place % 2 else part for place, part in enumerate(found)]

"""`campaign list` and `campaign show`: one campaign for machines, and for people."""

from __future__ import annotations

from typing import Any

from app.cli.campaign_alerts import alert_lines
from app.cli.output import table, time_text
from tables.catalog import Records


def summary(records: Records, campaign: str) -> dict[str, Any]:
    """Its status, its version in force, its name."""
    standings, time_ms = records.standings[campaign]
    current = standings.current
    definition = records.definitions.get((campaign, current.version))
    return {
        "campaign": campaign,
        "name": definition.campaign.name if definition is not None else "",
        "status": current.status,
        "version": current.version,
        "since": time_ms,
        "reason": current.reason,
        "actor": current.actor,
    }


def history(records: Records, campaign: str) -> list[dict[str, Any]]:
    """How it stood before, the oldest first."""
    standings, _ = records.standings[campaign]
    return [
        {"since": each.since_ms, "status": each.status, "version": each.version, "reason": each.reason}
        for each in standings.before
    ]


def shown(value: dict[str, Any]) -> str:
    """All of one campaign, for people."""
    why = f" ({value['reason']})" if value["reason"] else ""
    before = [
        [time_text(each["since"]), each["status"], each["version"], each["reason"] or ""]
        for each in value["history"]
    ]
    now = [time_text(value["since"]), value["status"], value["version"], value["reason"] or ""]
    return "\n".join(
        [
            f"{value['campaign']}: {value['name']}",
            f"{value['status']}{why}, version {value['version']} of {len(value['versions'])}",
            *alert_lines(value["alert"]),
            "",
            table(("since", "status", "version", "reason"), [*before, now]),
            "",
            value["file"].rstrip(),
        ]
    )

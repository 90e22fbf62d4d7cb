"""The demo's summary: as JSON, in a fixed form, and as a table."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from app.demo.fold import Fold, Tally

Summary = dict[str, Any]
_COLUMNS = ("qualified", "held", "sent", "accepted", "retried", "failed", "dropped", "inbox")


def summarise(fold: Fold, events: int, seconds: float) -> Summary:
    """Return the summary; reasons with none are left out."""
    campaigns = {campaign: _counts(tally) for campaign, tally in sorted(fold.tallies.items())}
    return {"events": events, "seconds": round(seconds, 1), "campaigns": campaigns}


def table(summary: Summary) -> Table:
    """Return the summary as a table for the terminal."""
    rate = summary["events"] / summary["seconds"] if summary["seconds"] else 0
    title = f"{summary['events']:,} events in {summary['seconds']} s, {rate:,.0f} a second"
    made = Table(title=title, box=SIMPLE_HEAD, padding=0, collapse_padding=True)
    made.add_column("campaign", no_wrap=True)
    for column in _COLUMNS:
        made.add_column(column, justify="right", no_wrap=True)
    for campaign, counts in summary["campaigns"].items():
        made.add_row(campaign, *(_cell(counts[column]) for column in _COLUMNS))
    return made


def _counts(tally: Tally) -> dict[str, Any]:
    return {
        "qualified": tally.qualified,
        "held": len(tally.held),
        "sent": tally.sent,
        "accepted": tally.accepted,
        "retried": tally.retried,
        "failed": _reasons(tally.failed),
        "dropped": _reasons(tally.dropped),
        "inbox": tally.inbox,
    }


def _reasons(counts: Mapping[str, int]) -> dict[str, int]:
    return {reason: count for reason, count in sorted(counts.items()) if count}


def _cell(value: int | dict[str, int]) -> str:
    if isinstance(value, int):
        return str(value)
    return "\n".join(f"{reason} {count}" for reason, count in value.items()) or "0"

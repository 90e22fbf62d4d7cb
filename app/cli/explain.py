"""`explain`: why a campaign was or was not sent to a user, as the worker that owns them says (C151)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from app.cli.output import AsJson, result, table, time_text
from app.cli.web_client import get
from app.settings import load_settings

app = typer.Typer(name="explain")

UserId = Annotated[str, typer.Option("--user", metavar="ID", help="The user id.", show_default=False)]
CampaignId = Annotated[
    str, typer.Option("--campaign", metavar="ID", help="The campaign id.", show_default=False)
]
INDENT = "  "


@app.command(epilog="Example: python -m app explain --user u-17 --campaign cart-reminder")
def explain(user: UserId, campaign: CampaignId, as_json: AsJson = False) -> None:
    """Say why a campaign was or was not sent to a user: events, conditions, guards, decisions. Asks a worker."""
    value = get(load_settings(), None, "users", user, "explain", campaign)
    result(value, "\n".join(lines(value)), as_json)


def lines(value: Mapping[str, Any]) -> Iterator[str]:
    """The explanation for people: the verdict, then what it rests on."""
    yield value["sentence"]
    yield ""
    yield f"{value['campaign']}: {value['name']}, version {value['version']}, {value['status']}; {value['trigger']}"
    yield f"{value['user']}: as of {time_text(value['now_ms'])}, zone {value['zone']}{_whose(value)}"
    yield from _part("The user's last events, the latest first", _events(value))
    yield from _part("Audience, as of now", _finding(value["audience"]))
    yield from _part("Open for this user", _timers(value["timers"]))
    yield from _part("Guards, as of now", _guards(value["guards"]))
    yield from _part("Devices, as of now", _devices(value["devices"]))
    yield from _part("What was decided, the latest first", _decisions(value))


def _whose(value: Mapping[str, Any]) -> str:
    """A zone that stands in for the user's own says so (C044)."""
    whose = {"campaign": "the campaign's", "app": "the app's"}.get(value.get("zone_source", ""))
    return f" ({whose}: the user's own is not known)" if whose else ""


def _part(title: str, told: Iterator[str]) -> Iterator[str]:
    yield ""
    yield f"{title}:"
    yield from (INDENT + line for line in told)


def _events(value: Mapping[str, Any]) -> Iterator[str]:
    for event in value["events"]:
        yield f"{time_text(event['time_ms'])}  {event['name']}  [{event['fate']}] {event['sentence']}"
        if event["where"] is not None:
            yield from (INDENT + line for line in _finding(event["where"]))
    if not value["events"]:
        yield "none"
    if value["events_gone"]:
        yield f"{value['events_gone']} of them are no longer in the log"


def _finding(finding: Mapping[str, Any]) -> Iterator[str]:
    """A condition and its parts. A finding that asks nothing is everyone's."""
    mark, parts = "yes" if finding["holds"] else "no ", finding.get("parts", [])
    if "field" in finding:
        found = finding.get("found")
        yield f"{mark} {finding['text']}  ({'it is missing' if found is None else f'it is {found}'})"
    elif not parts:
        yield f"{mark} {'everyone' if finding['holds'] else 'nobody'}"
    else:
        yield f"{mark} {finding['text']}"
    for part in parts:
        yield from (INDENT + line for line in _finding(part))


def _timers(timers: list[Mapping[str, Any]]) -> Iterator[str]:
    for timer in timers:
        yield f"{time_text(timer['event_ms'])}  {timer['event']}: {timer['sentence']}"
    if not timers:
        yield "nothing"


def _guards(guards: list[Mapping[str, Any]]) -> Iterator[str]:
    rows = [[guard["question"], guard["answer"], guard["reason"] or "", guard["detail"]] for guard in guards]
    yield from table(("question", "answer", "reason", "figures"), rows).split("\n")


def _devices(devices: list[Mapping[str, Any]]) -> Iterator[str]:
    for device in devices:
        why = "may be sent to" if device["reason"] is None else f"{device['reason']}: {device['sentence']}"
        why += "" if device["is_chosen"] else "; the audience does not hold for it"
        yield f"{device['device']} ({device['platform']}): {why}"
    if not devices:
        yield "none"


def _decisions(value: Mapping[str, Any]) -> Iterator[str]:
    decisions: list[Mapping[str, Any]] | None = value["decisions"]
    if decisions is None:
        yield "they cannot be read at the moment"
        return
    rows = [
        [time_text(each["at"]), each["step"], each.get("reason", ""), each["message_id"]]
        for each in decisions
    ]
    yield from table(("time", "step", "reason", "message"), rows).split("\n") if rows else ["nothing"]
    if value.get("searched"):
        yield value["searched"]

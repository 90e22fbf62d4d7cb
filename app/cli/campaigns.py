"""`campaign`: files checked and applied, and the lifecycle of what was applied (C004, C163)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.errors import FAILED, INTERRUPTED, NotFoundError
from app.cli.output import AsJson, result, table, time_text
from app.cli.times import time_ms
from app.settings import Settings, load_settings

if TYPE_CHECKING:
    from app.cli.campaign_backtests import Manner, Report
    from app.cli.campaign_files import Documents, FileProblem
    from tables.catalog import Records
    from tables.catalog_writer import Act, Change, SegmentChange

app = typer.Typer(
    name="campaign", help="Check, apply, schedule, pause, end and show campaigns.", no_args_is_help=True
)

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Campaign files, YAML.", show_default=False)
]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A campaign file, YAML.", show_default=False)]
From = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="TIME", help="From when on it is live; before that, users are only learned."
    ),
]
To = Annotated[
    str | None, typer.Option("--to", metavar="TIME", help="Until when; this very time is not in it.")
]
WithLive = Annotated[
    bool,
    typer.Option("--with-live", help="Beside the campaigns that are live now, whose pushes count for caps."),
]
InOrder = Annotated[
    bool, typer.Option("--in-order", help="All partitions in one process, in the order of time: slower.")
]
User = Annotated[str, typer.Option("--user", metavar="ID", help="Whose message.", show_default=False)]
Ids = Annotated[list[str], typer.Argument(metavar="ID...", show_default=False)]
Id = Annotated[str, typer.Argument(metavar="ID", show_default=False)]
Reason = Annotated[str | None, typer.Option("--reason", help="Why; it is kept with the status.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until every worker decides by it.")]
WithBackfill = Annotated[
    bool,
    typer.Option(
        "--backfill", help="Count for `did` what happened before, out of the log, before it is scheduled."
    ),
]
Schedule = Annotated[bool, typer.Option("--schedule", help="Schedule it as well: from then on it sends.")]


@app.command(epilog="Example: python -m app campaign check campaigns/*.yaml")
def check(files: Files, as_json: AsJson = False) -> None:
    """Read campaign files and say everything that is wrong with them. Needs no broker."""
    found = _read(files, load_settings())
    _refuse(found.problems, as_json)
    lines = [f"{each.path}: {each.campaign.id} is in order" for each in found.campaigns]
    lines += [f"{each.path}: segment {each.segment.name} is in order" for each in found.segments]
    from app.cli.campaign_applying import tell_cities, tell_elsewhere  # noqa: PLC0415 - heavy

    tell_cities(found)
    tell_elsewhere(found)
    value = {"campaigns": [each.campaign.id for each in found.campaigns], "problems": []}
    if found.segments:
        value["segments"] = [each.segment.name for each in found.segments]
    result(value, "\n".join(lines), as_json)


@app.command("test", epilog="Example: python -m app campaign test examples/rules/*.yaml")
def check_expectations(files: Files, as_json: AsJson = False) -> None:
    """Check what files expect: given these events, these pushes and no other. Needs no broker."""
    from app.cli.campaign_tests import as_value, run_tests, text  # noqa: PLC0415 - heavy

    verdicts, problems = run_tests(files, load_settings())
    _refuse(problems, as_json)
    result([as_value(each) for each in verdicts], text(verdicts), as_json)
    if not all(verdict.passed for verdict in verdicts):
        raise typer.Exit(FAILED)


@app.command(
    epilog="Example: python -m app campaign backtest examples/demo/cart-reminder.yaml --from 2024-01-01T00:00:00Z"
)
def backtest(
    file: File,
    start: From = None,
    end: To = None,
    with_live: WithLive = False,
    in_order: InOrder = False,
    as_json: AsJson = False,
) -> None:
    """Replay the events that Kafka has: who would have received it and when, who not and why (C150)."""
    from app.cli.campaign_backtests import Manner, as_value, text  # noqa: PLC0415 - heavy

    report = _backtest(file, (start, end), Manner(with_live, in_order), as_json)
    result(as_value(report), text(report), as_json)


@app.command(epilog="Example: python -m app campaign reach examples/demo/cart-reminder.yaml")
def reach(file: File, start: From = None, end: To = None, as_json: AsJson = False) -> None:
    """Replay the events that Kafka has: how many would qualify, and how many of them push reaches now (C014)."""
    from app.cli.campaign_backtests import Manner, reach_text, reach_value  # noqa: PLC0415 - heavy

    report = _backtest(file, (start, end), Manner(), as_json)
    result(reach_value(report), reach_text(report), as_json)


@app.command(epilog="Example: python -m app campaign preview examples/demo/cart-reminder.yaml --user u-17")
def preview(file: File, user: User, as_json: AsJson = False) -> None:
    """Write the message as one user would get it, with what the events in Kafka say of them (C069)."""
    from app.cli.campaign_previews import previews, text  # noqa: PLC0415 - heavy

    settings = load_settings()
    found = _read([file], settings)
    _refuse(found.problems, as_json)
    shown = previews(found, user, settings)
    result(shown, text(shown), as_json)


@app.command(epilog="Example: python -m app campaign apply --schedule examples/demo/cart-reminder.yaml")
def apply(
    files: Files,
    schedule: Schedule = False,
    backfill: WithBackfill = False,
    wait: Wait = True,
    as_json: AsJson = False,
) -> None:
    """Make campaigns and saved segments, or change them to their next version. Nothing is sent before `schedule`."""
    from app.cli.campaign_applying import LostSegments, Manner, apply_files  # noqa: PLC0415 - heavy

    settings = load_settings()
    found = _read(files, settings)
    _refuse(found.problems, as_json)
    try:
        changes = apply_files(found, Manner(schedule, backfill, wait), settings)
    except LostSegments as error:
        _refuse(error.problems, as_json)
    else:
        _say(changes, as_json)


@app.command(epilog="Example: python -m app campaign diff campaigns/cart-reminder.yaml")
def diff(file: File, as_json: AsJson = False) -> None:
    """Show what `apply` would change, field by field, and what that means for what is waiting. Changes nothing."""
    from app.cli.campaign_diff import difference, lines  # noqa: PLC0415 - heavy
    from app.cli.campaign_records import read_all  # noqa: PLC0415 - heavy
    from app.clock import now_ms  # noqa: PLC0415 - only this command asks

    settings = load_settings()
    read = _read([file], settings)
    _refuse(read.problems, as_json)
    records = read_all(settings)
    found = [difference(records, source, now_ms()) for source in read.campaigns]
    result(found, "\n".join(line for each in found for line in lines(each)), as_json)


@app.command(epilog="Example: python -m app campaign schedule cart-reminder")
def schedule(ids: Ids, backfill: WithBackfill = False, wait: Wait = True, as_json: AsJson = False) -> None:
    """Let campaigns send: at once, or from their start on."""
    from app.cli.campaign_applying import Manner, schedule_campaigns  # noqa: PLC0415 - heavy

    unique = list(dict.fromkeys(ids))
    _say(schedule_campaigns(unique, Manner(True, backfill, wait), load_settings()), as_json)


@app.command(epilog="Example: python -m app campaign pause cart-reminder --reason 'wrong price'")
def pause(campaign: Id, reason: Reason = None, wait: Wait = True, as_json: AsJson = False) -> None:
    """Let a live or scheduled campaign send nothing more until it is resumed."""
    from tables.catalog_writer import paused  # noqa: PLC0415 - heavy

    _change(
        load_settings(),
        lambda records, act: [paused(records, campaign, act)],
        as_json,
        reason=reason,
        wait=wait,
    )


@app.command(epilog="Example: python -m app campaign resume cart-reminder")
def resume(campaign: Id, wait: Wait = True, as_json: AsJson = False) -> None:
    """Let a paused campaign go on."""
    from tables.catalog_writer import resumed  # noqa: PLC0415 - heavy

    _change(load_settings(), lambda records, act: [resumed(records, campaign, act)], as_json, wait=wait)


@app.command(epilog="Example: python -m app campaign end cart-reminder --reason 'the sale is over'")
def end(campaign: Id, reason: Reason = None, wait: Wait = True, as_json: AsJson = False) -> None:
    """End a campaign for good."""
    from tables.catalog_writer import ended  # noqa: PLC0415 - heavy

    _change(
        load_settings(),
        lambda records, act: [ended(records, campaign, act)],
        as_json,
        reason=reason,
        wait=wait,
    )


@app.command(epilog="Example: python -m app campaign backfill cart-reminder")
def backfill(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="None: all, and the saved segments.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Count for `did` conditions what happened before they were applied, out of the retained events."""
    from app.cli.campaign_backfill import backfill as count_past  # noqa: PLC0415 - heavy

    done = count_past(load_settings(), ids or [])
    oldest = f", the oldest of {time_text(done.earliest_ms)}" if done.earliest_ms is not None else ""
    text = f"{done.records} records read{oldest}; {done.events} events of {done.users} users counted"
    result(done._asdict(), text, as_json)


@app.command("list", epilog="Example: python -m app campaign list --json")
def list_all(as_json: AsJson = False) -> None:
    """List every campaign: its status, its version in force, its name."""
    from app.cli.campaign_records import read_all  # noqa: PLC0415 - heavy
    from app.cli.campaign_shown import summary  # noqa: PLC0415 - heavy

    records = read_all(load_settings())
    rows = [summary(records, campaign) for campaign in sorted(records.standings)]
    columns = ("campaign", "status", "version", "since", "name")
    lines = [
        [row["campaign"], row["status"], row["version"], time_text(row["since"]), row["name"]] for row in rows
    ]
    result(
        rows,
        table(columns, lines) if rows else "There are no campaigns. `campaign apply` makes one.",
        as_json,
    )


@app.command(epilog="Example: python -m app campaign show cart-reminder")
def show(campaign: Id, as_json: AsJson = False) -> None:
    """Show one campaign: its status and those before, its versions, and the file of the one in force."""
    from app.cli.campaign_records import read_all  # noqa: PLC0415 - heavy
    from app.cli.campaign_shown import history, shown, summary  # noqa: PLC0415 - heavy

    records = read_all(load_settings())
    if campaign not in records.standings:
        raise NotFoundError(
            f"There is no campaign {campaign!r}. `python -m app campaign list` shows those there are."
        )
    value = summary(records, campaign) | {
        "history": history(records, campaign),
        "versions": sorted(version for known, version in records.definitions if known == campaign),
    }
    definition = records.definitions[campaign, value["version"]]
    value |= {
        "definition": definition.campaign,
        "file": definition.text,
        "alert": records.alerts.get(campaign),
    }
    result(value, shown(value), as_json)


def _backtest(file: Path, window: tuple[str | None, str | None], manner: Manner, as_json: bool) -> Report:
    from app.cli.campaign_backtests import Window, backtest  # noqa: PLC0415 - heavy

    settings = load_settings()
    from_ms, to_ms = (None if text is None else time_ms(text) for text in window)
    found = _read([file], settings)
    _refuse(found.problems, as_json)
    try:
        return backtest(found, Window(from_ms, to_ms), manner, settings)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _read(files: Sequence[Path], settings: Settings) -> Documents:
    from app.cli.campaign_files import read_documents  # noqa: PLC0415 - heavy

    return read_documents(files, settings)


def _refuse(problems: Sequence[FileProblem], as_json: bool) -> None:
    """Leave with every problem, where there is one."""
    if not problems:
        return
    for problem in problems:
        typer.echo(f"error: {problem}", err=True)
    if as_json:
        result({"campaigns": [], "problems": [each._asdict() for each in problems]}, "", as_json)
    raise typer.Exit(FAILED)


def _change(
    settings: Settings,
    decide: Callable[[Records, Act], Sequence[Change | SegmentChange]],
    as_json: bool,
    *,
    reason: str | None = None,
    wait: bool,
) -> None:
    from app.cli.campaign_records import change  # noqa: PLC0415 - heavy

    _say(change(settings, decide, reason=reason, wait=wait), as_json)


def _say(changes: Sequence[Change | SegmentChange], as_json: bool) -> None:
    from app.cli.campaign_records import as_values, described  # noqa: PLC0415 - heavy

    result(as_values(changes), described(changes), as_json)

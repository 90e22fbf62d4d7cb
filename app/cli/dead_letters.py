"""`dlq`: what nobody could decide on, to be looked at and sent again (C160)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from app.cli.errors import FAILED, InputError, NotFoundError
from app.cli.output import AsJson, result, table, tell, time_text
from app.domain.model.reason import DeadLetterReason
from app.settings import Settings, load_settings

if TYPE_CHECKING:
    from app.cli.dead_letter_records import Entry, Outcome

app = typer.Typer(name="dlq", help="Dead letters: list, show, replay.", no_args_is_help=True)

PLACE = "topic/partition/offset, of the dead letter itself or of the record that it holds."

VALUES = frozenset({"value", "value_base64"})

Id = Annotated[str, typer.Argument(metavar="ID", help=PLACE, show_default=False)]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID...]", help=PLACE, show_default=False)]
Reason = Annotated[DeadLetterReason | None, typer.Option("--reason", help="Only those with this reason.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest.")]
All = Annotated[bool, typer.Option("--all", help="Every one; asks first, or needs --yes.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, send nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command("list", epilog="Example: python -m app dlq list --reason unreadable --limit 20")
def list_some(reason: Reason = None, limit: Limit = 100, as_json: AsJson = False) -> None:
    """List dead letters, oldest first: where each is, what is wrong, where the record came from."""
    entries = _entries(load_settings(), reason)
    if len(entries) > limit:
        tell(f"{len(entries)} dead letters; the newest {limit} are shown")
    shown = entries[-limit:]
    rows = [
        [each.place, time_text(each.letter.time), each.letter.reason, each.origin, each.letter.message[:80]]
        for each in shown
    ]
    text = (
        table(("id", "time", "reason", "record", "message"), rows) if rows else "There are no dead letters."
    )
    result([_summary(each) for each in shown], text, as_json)


@app.command(epilog="Example: python -m app dlq show carillon.dead-letters/3/17")
def show(place: Id, as_json: AsJson = False) -> None:
    """Show one dead letter whole."""
    found = _find(_entries(load_settings(), None), place)
    value = _value(found[-1])
    said = value | {"time": time_text(found[-1].letter.time)}
    result(value, "\n".join(f"{name}: {part}" for name, part in said.items() if part != {}), as_json)


@app.command(epilog="Example: python -m app dlq replay --reason failed_step --dry-run")
def replay(
    places: Ids = None,
    reason: Reason = None,
    all_of_them: All = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Send records again, as they were, to their topic and partition, with the header x-replay-of.

    An event whose message id is among the last of its user is not decided again.
    """
    if sum((bool(places), reason is not None, all_of_them)) != 1:
        raise InputError("Say which: the ids of dead letters, or --reason, or --all.")
    settings = load_settings()
    entries = _entries(settings, reason)
    chosen = [entry for place in places or () for entry in _find(entries, place)[-1:]] if places else entries
    unique = list({entry.place: entry for entry in chosen}.values())
    if all_of_them and not (yes or dry_run):
        _confirm(len(unique))
    _finish(_replay(settings, unique, dry_run), dry_run, as_json)


def _entries(settings: Settings, reason: DeadLetterReason | None) -> list[Entry]:
    from app.cli.broker import run  # noqa: PLC0415 - heavy
    from app.cli.dead_letter_records import read_entries  # noqa: PLC0415 - heavy

    return run(settings.kafka, lambda: read_entries(settings, reason))


def _find(entries: list[Entry], place: str) -> list[Entry]:
    from app.cli.dead_letter_records import find  # noqa: PLC0415 - heavy

    found = find(entries, place)
    if not found:
        raise NotFoundError(
            f"There is no dead letter {place!r}. `python -m app dlq list` shows those there are."
        )
    return found


def _replay(settings: Settings, entries: list[Entry], dry_run: bool) -> list[Outcome]:
    from app.cli.broker import run  # noqa: PLC0415 - heavy
    from app.cli.dead_letter_records import replay as send_again  # noqa: PLC0415 - heavy

    return run(settings.kafka, lambda: send_again(settings, entries, dry_run=dry_run))


def _confirm(count: int) -> None:
    if not sys.stdin.isatty():
        raise InputError(f"--all would send {count} records again. Say --yes as well.")
    if not typer.confirm(f"Send {count} records again?", err=True):
        raise typer.Exit(FAILED)


def _finish(outcomes: list[Outcome], dry_run: bool, as_json: bool) -> None:
    """Say what became of each, and fail where one was refused."""
    done = "would be sent again" if dry_run else "sent again"
    lines = [f"{each.origin}: {f'refused: {each.refused}' if each.refused else done}" for each in outcomes]
    result(
        [each._asdict() for each in outcomes], "\n".join(lines) or "There is nothing to send again.", as_json
    )
    if any(each.refused for each in outcomes):
        raise typer.Exit(FAILED)


def _summary(entry: Entry) -> dict[str, Any]:
    """All but the value, which `show` shows."""
    return {name: part for name, part in _value(entry).items() if name not in VALUES}


def _value(entry: Entry) -> dict[str, Any]:
    return {"id": entry.place, "record": entry.origin, **msgspec.to_builtins(entry.letter)}

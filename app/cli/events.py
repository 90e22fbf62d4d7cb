"""`event`: send events from a file, follow those that come, move a stream clock on."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from app.cli.errors import INTERRUPTED, CommandError, InputError
from app.cli.output import AsJson, bar, result, tell, time_text
from app.cli.times import time_ms
from app.clock import now_ms
from app.settings import Settings, load_settings

if TYPE_CHECKING:
    from app.cli.event_lines import Line, LineProblem

app = typer.Typer(
    name="event", help="Send events, follow them, move a stream clock on.", no_args_is_help=True
)

WITNESSES = 20

File = Annotated[
    str, typer.Argument(metavar="FILE", help="JSON lines; - for standard input.", show_default=False)
]
SkipInvalid = Annotated[
    bool, typer.Option("--skip-invalid", help="Send the lines that are events, skip the others.")
]
Time = Annotated[
    str, typer.Argument(metavar="TIME", help="ISO 8601 with a zone, or seconds.", show_default=False)
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Stop after so many.")]
FromStart = Annotated[bool, typer.Option("--from-start", help="Begin with what the topic has already.")]


@app.command(epilog="Example: python -m app event send events.jsonl")
def send(file: File, skip_invalid: SkipInvalid = False, as_json: AsJson = False) -> None:
    """Send Segment-spec messages, one a line, in order. With a line that is none, nothing at all is sent."""
    from app.cli.broker import run  # noqa: PLC0415 - heavy

    settings = load_settings()
    lines, problems = _read(file, settings)
    for problem in problems[:WITNESSES]:
        tell(f"{'skipped' if skip_invalid else 'error'}: {problem}")
    if problems and not skip_invalid:
        raise InputError(
            f"Nothing was sent: {len(problems)} of {len(lines) + len(problems)} lines are no events. "
            "Correct them, or leave them out with --skip-invalid."
        )
    run(settings.kafka, lambda: _send(settings, lines))
    value = {"sent": len(lines), "skipped": len(problems), "topic": settings.events}
    skipped = f", skipped {len(problems)}" if problems else ""
    result(value, f"sent {len(lines)} events to {settings.events}{skipped}", as_json)


@app.command(epilog="Example: python -m app event tick 2024-07-02T00:00:00Z")
def tick(time: Time, as_json: AsJson = False) -> None:
    """Write a tick to every partition: under a stream clock it is at least this late from then on."""
    from app.cli.broker import run  # noqa: PLC0415 - heavy
    from app.cli.event_lines import tick_problem  # noqa: PLC0415 - heavy

    settings, at_ms = load_settings(), time_ms(time)
    value = msgspec.json.encode({"type": "tick", "timestamp": time_text(at_ms)})
    problem = tick_problem(value, now_ms(), stream_clock=settings.clock == "stream")
    if problem is not None:
        raise InputError(f"The tick was not sent: {problem}. A worker would refuse it.")
    count = run(settings.kafka, lambda: _tick(settings, value))
    result(
        {"time": time_text(at_ms), "partitions": count, "topic": settings.events},
        f"a tick of {time_text(at_ms)} is in each of the {count} partitions of {settings.events}",
        as_json,
    )


@app.command(epilog="Example: python -m app event tail --limit 10 --json")
def tail(limit: Limit = None, from_start: FromStart = False, as_json: AsJson = False) -> None:
    """Print events as they come, until Ctrl-C."""
    from app.cli.broker import run  # noqa: PLC0415 - heavy

    settings = load_settings()
    tell(f"following {settings.events}; Ctrl-C stops")
    try:
        run(settings.kafka, lambda: _tail(settings, limit, from_start, as_json))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _read(file: str, settings: Settings) -> tuple[list[Line], list[LineProblem]]:
    from app.cli.event_lines import Line, read_lines  # noqa: PLC0415 - heavy

    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InputError(
            f"{file} cannot be read: {error.strerror}. Give a file of JSON lines, or - for standard input."
        ) from error
    lines: list[Line] = []
    problems: list[LineProblem] = []
    for read in read_lines(raw.split(b"\n"), now_ms(), stream_clock=settings.clock == "stream"):
        if isinstance(read, Line):
            lines.append(read)
        else:
            problems.append(read)
    return lines, problems


async def _send(settings: Settings, lines: Sequence[Line]) -> None:
    from app.cli.broker import partition_count, producer  # noqa: PLC0415 - heavy
    from app.partitioning import partition_of  # noqa: PLC0415 - heavy

    count = await partition_count(settings.kafka, settings.events)
    if count != settings.partitions:
        raise CommandError(
            f"Nothing was sent: topic {settings.events} has {count} partitions, and the settings say "
            f"{settings.partitions}. Set `partitions` right first."
        )
    answers: list[Any] = []
    with bar("events", len(lines)) as advance:
        async with producer(settings.kafka) as client:
            for line in lines:
                partition = partition_of(line.key, count, settings.partitioner)
                answers.append(
                    await client.send(settings.events, line.value, key=line.key, partition=partition)
                )
                advance()
            for answer in answers:
                await answer


async def _tick(settings: Settings, value: bytes) -> int:
    from app.cli.broker import partition_count, producer  # noqa: PLC0415 - heavy

    count = await partition_count(settings.kafka, settings.events)
    async with producer(settings.kafka) as client:
        for partition in range(count):
            await client.send_and_wait(settings.events, value, partition=partition)
    return count


async def _tail(settings: Settings, limit: int | None, from_start: bool, as_json: bool) -> None:
    from aiokafka import TopicPartition  # noqa: PLC0415 - heavy

    from app.cli.broker import begin_at, consumer, partition_count  # noqa: PLC0415 - heavy

    count = await partition_count(settings.kafka, settings.events)
    places = [TopicPartition(settings.events, number) for number in range(count)]
    shown = 0
    async with consumer(settings.kafka) as client:
        begin_at(client, await (client.beginning_offsets if from_start else client.end_offsets)(places))
        while limit is None or shown < limit:
            for records in (await client.getmany(timeout_ms=500)).values():
                for record in records[: None if limit is None else limit - shown]:
                    _show(record, as_json)
                    shown += 1


def _show(record: Any, as_json: bool) -> None:
    value = (record.value or b"").decode("utf-8", "replace")
    key = None if record.key is None else record.key.decode("utf-8", "replace")
    place = {"partition": record.partition, "offset": record.offset, "time": record.timestamp}
    text = f"{time_text(record.timestamp)} {record.partition}/{record.offset} {key or '-'} {value}"
    result(place | {"key": key, "value": value}, text, as_json)

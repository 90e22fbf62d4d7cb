"""What commands ask a worker over HTTP, and its answers for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any, NamedTuple
from urllib.parse import quote

from app.cli.errors import CommandError, NotFoundError, UnreachableError
from app.cli.output import table, time_text
from app.settings import Settings

ANSWER_LIMIT_S = 8.0
MOST_SHOWN = 500
INDENT = "  "
_TIMES = frozenset({"at", "until", "since", "time", "due"})


class Answer(NamedTuple):
    """What a worker said: status, its phrase, and the body."""

    status: int
    phrase: str
    body: bytes


def get(settings: Settings, what: str | None, *path: str) -> Any:
    """GET below /api/v1. Raises NotFoundError, named by `what` or in the worker's own words, and UnreachableError."""
    try:
        answer = _ask(settings, f"/api/v1/{'/'.join(quote(part, safe='') for part in path)}")
        if answer.status == HTTPStatus.NOT_FOUND:
            raise NotFoundError(_missing(answer) if what is None else f"There is no {what}.")
        if answer.status != HTTPStatus.OK:
            raise _failed(settings, answer)
        return json.loads(answer.body)
    except (OSError, HTTPException, ValueError) as error:
        why = str(error) or type(error).__name__
        raise UnreachableError(
            f"No worker answers at {settings.web}: {why.rstrip('.')}. Start one with `python -m app worker`, "
            "or name a running one's address in CARILLON_WEB."
        ) from error


def _ask(settings: Settings, path: str) -> Answer:
    connection = HTTPConnection(settings.web.host, settings.web.port, timeout=ANSWER_LIMIT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return Answer(answer.status, answer.reason, answer.read())
    finally:
        connection.close()


def _failed(settings: Settings, answer: Answer) -> CommandError:
    """A worker that cannot answer yet is as good as none; anything else it refuses for a reason of its own."""
    why = f"The worker at {settings.web} answers {answer.status}: {_detail(answer).rstrip('.')}"
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return UnreachableError(
            f"{why}. Look at http://{settings.web}/readyz, and try again when it is ready."
        )
    return CommandError(f"{why}.")


def _missing(answer: Answer) -> str:
    """What the worker says is not there, as a sentence."""
    said = _detail(answer).rstrip(".")
    return f"{said[:1].upper()}{said[1:]}."


def _detail(answer: Answer) -> str:
    """What a problem document (RFC 9457) says, or the text of any other answer."""
    try:
        document = json.loads(answer.body)
    except ValueError:
        document = None
    said = document.get("detail") if isinstance(document, Mapping) else None
    return str(said or answer.body.decode("utf-8", "replace")[:MOST_SHOWN].strip() or answer.phrase)


def outline(value: Any) -> str:
    """Lay an answer out for people: a line a value, a table for a list of alike things."""
    return "\n".join(_lines(value))


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _named(str(name), part)
    elif isinstance(value, list):
        yield from _list(value)
    else:
        yield _text("", value)


def _named(name: str, part: Any) -> Iterator[str]:
    if isinstance(part, Mapping | list) and part:
        yield f"{name}:"
        yield from (INDENT + line for line in _lines(part))
    else:
        yield f"{name}: {_text(name, part)}"


def _list(values: Sequence[Any]) -> Iterator[str]:
    """A table where every item is a map of plain values, else an item after the other."""
    if values and all(isinstance(each, Mapping) for each in values):
        columns = list(dict.fromkeys(name for each in values for name in each))
        rows = [[_text(name, each.get(name)) for name in columns] for each in values]
        yield from table(columns, rows).split("\n")
        return
    for each in values:
        first, *rest = list(_lines(each)) or [""]
        yield f"- {first}"
        yield from (INDENT + line for line in rest)


def _text(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key}={_text(str(key), part)}" for key, part in value.items()) or "-"
    if isinstance(value, list):
        return ", ".join(_text(name, part) for part in value) or "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and (name.endswith("_ms") or name in _TIMES) and value > 0:
        return time_text(value)
    return "-" if value is None else str(value)

"""`commands.md`: every command, from the help that it gives itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import NoneType
from typing import Any, NamedTuple, get_args

import typer

from app.cli import errors
from app.cli.root import PLACES
from scripts.pages.markdown import block, code, codes, page, table

WORDS = {str: "text", int: "whole number", Path: "path"}
ROOTS = frozenset({"install_completion", "show_completion"})
"""Options that only a root of its own would have."""
EXITS = (
    (0, "done"),
    (errors.FAILED, "failed; the message says what happened, why, and what to do"),
    (errors.REFUSED, "wrong usage, or an argument, file or setting that cannot be used"),
    (errors.NOT_FOUND, "there is nothing of that name"),
    (errors.UNREACHABLE, "Kafka or the worker does not answer"),
)


class Known(NamedTuple):
    """One command: its words, and what it takes."""

    words: str
    command: Any

    @property
    def options(self) -> list[Any]:
        """What begins with dashes."""
        return [
            each for each in self.command.params if each.opts[0].startswith("-") and each.name not in ROOTS
        ]

    @property
    def arguments(self) -> list[Any]:
        """What stands by its place."""
        return [each for each in self.command.params if not each.opts[0].startswith("-")]


def known() -> Iterator[Known]:
    """Every command in the order of the root's help."""
    for place in PLACES:
        command: Any = typer.main.get_command(import_module(place.module).app)
        if hasattr(command, "commands"):
            for name, each in command.commands.items():
                yield Known(f"{place.name} {name}", each)
        else:
            yield Known(place.name, command)


def render() -> str:
    """The page."""
    parts: list[str | list[str]] = []
    for each in known():
        parts += [f"## `{each.words}`", _sentence(each.command.help), block("", _usage(each))]
        rows = [
            (_spelling(option), _kind(option), _default(option), option.help or "") for option in each.options
        ]
        rows = [(code(_metavar(it)), _kind(it), "", it.help) for it in each.arguments if it.help] + rows
        parts += [table(("name", "type", "default", "meaning"), rows)] if rows else []
        parts += (
            [str(each.command.epilog).replace("Example: ", "Example: `", 1) + "`"]
            if each.command.epilog
            else []
        )
    return page(
        "Commands",
        "the help of the commands in `app/cli/`",
        "From the checkout: `.venv/bin/python -m app COMMAND`. Every command has `--help`. Results go to stdout, "
        "everything else to stderr; `--json` prints the result for machines.",
        table(("exit code", "means"), [(number, meaning) for number, meaning in EXITS]),
        "`worker` ends with 0 after SIGTERM, and with 70 where it gives up on itself.",
        *parts,
    )


def _sentence(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "").strip()


def _usage(each: Known) -> str:
    words = [f"python -m app {each.words}", *(["[OPTIONS]"] if each.options else [])]
    return " ".join([*words, *(_metavar(argument) for argument in each.arguments)])


def _metavar(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _spelling(option: Any) -> str:
    return " / ".join(code(name) for name in (*option.opts, *option.secondary_opts))


def _annotation(param: Any) -> Any:
    kind = param.type_descriptor.annotation
    parts = [part for part in get_args(kind) if part is not NoneType]
    return parts[0] if parts else kind


def _kind(param: Any) -> str:
    if getattr(param, "is_flag", False):
        return "switch"
    kind = _annotation(param)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return codes(each.value for each in kind)
    if param.opts[0].startswith("-") and param.metavar and "|" in param.metavar:
        return code(param.metavar)
    return WORDS[kind] + _bounds(param)


def _bounds(param: Any) -> str:
    if param.min is None:
        return ""
    return f", from {param.min}" + ("" if param.max is None else f" to {param.max}")


def _default(option: Any) -> str:
    if getattr(option, "is_flag", False):
        return code("on") if option.default else ""
    return "" if option.default is None else code(option.default)

"""Templates: parsed once for each version of a campaign, rendered for each message (C069-C072).

Constant text and `{{ a.b }}`, `{{ a.b | default: 'x' }}` are rendered by a few lines of ours, everything else
by Liquid; the two agree. Whatever goes wrong is a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, final

from liquid import Environment
from liquid.exceptions import LiquidError, UndefinedError
from liquid.stringify import to_liquid_string
from liquid.template import BoundTemplate
from msgspec import Struct

from app.domain.model.campaign import Missing
from app.domain.model.reason import Reason
from app.domain.model.verdict import Drop
from app.domain.rules.liquid_environment import OUTPUT_BYTES, environment, render

VARIABLES = frozenset({"user", "event", "device", "campaign"})
"""What a template may begin a name with."""

NOT_YET = frozenset({"content"})
"""What it may begin a name with once linked content is there (C073)."""

_FAILURES = (LiquidError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What the library lets out over a template and its values: all of it is the template's failure, not the
turn's.
"""

_OUTPUT = re.compile(r"(\{\{.*?\}\})", re.DOTALL)
_SIMPLE = re.compile(
    r"\{\{\s*(?P<path>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+)\s*"
    r"(?:\|\s*default:\s*(?:'(?P<single>[^'\\{}]*)'|\"(?P<double>[^\"\\{}]*)\")\s*)?\}\}"
)
_COMPUTED = frozenset({"size", "first", "last"})
"""Names that Liquid computes where a map has no such key."""


class Fault(Struct, frozen=True):
    """What is wrong with a template, before it is ever rendered."""

    message: str
    hint: str = ""


class Variable(Struct, frozen=True):
    """`{{ a.b }}`, with the text that stands in where it is missing, nil, false or empty."""

    path: tuple[str, ...]
    default: str | None


@final
class Constant(Struct, frozen=True):
    """A text without any variable."""

    text: str


@final
class Simple(Struct, frozen=True):
    """Constant text and simple variables, in order."""

    parts: tuple[str | Variable, ...]
    missing: Missing


@final
class Full(Struct, frozen=True):
    """Anything else, parsed by Liquid."""

    parsed: BoundTemplate


Template = Constant | Simple | Full


def compile_template(source: str, missing: Missing) -> Template:
    """Parse once. Raises ValueError for a source in which `faults_of` finds a syntax error."""
    if "{{" not in source and "{%" not in source:
        return Constant(source)
    parts = _simple_parts(source)
    if parts is not None:
        return Simple(parts, missing)
    try:
        return Full(_environment(missing).from_string(source))
    except LiquidError as error:
        raise ValueError(f"the template cannot be parsed: {_first_line(error)}") from error


def render_template(template: Template, values: Mapping[str, Any], now_ms: int, zone: str) -> str | Drop:
    """The text for these values, or why there is none: `missing_variable` or `template_error`.

    `values` maps the names of `VARIABLES` to plain maps. "now" and dates are of `now_ms` in `zone`.
    """
    if type(template) is Simple:
        return _render_simple(template, values)
    if type(template) is Constant:
        return template.text
    return _render_full(template.parsed, values, now_ms, zone)


def faults_of(source: str) -> list[Fault]:
    """Syntax errors, unknown filters and unknown variables of a template; empty where it can be rendered."""
    try:
        parsed = _environment(Missing.DEFAULT).from_string(source)
        analysis = parsed.analyze()
    except _FAILURES as error:
        return [
            Fault(f"Liquid: {_first_line(error)}", "see docs/reference for the tags and filters there are")
        ]
    known = _environment(Missing.DEFAULT).filters
    filters = [_unknown("filter", name, known) for name in analysis.filters if name not in known]
    names = [_unknown("variable", name, VARIABLES) for name in analysis.globals if name not in VARIABLES]
    return filters + names


@lru_cache(maxsize=len(Missing))
def _environment(missing: Missing) -> Environment:
    return environment(missing)


def _unknown(kind: str, name: str, known: Any) -> Fault:
    if name in NOT_YET:
        return Fault(f"{kind} {name!r} is not supported yet")
    near = get_close_matches(name, sorted(known), n=1)
    if near:
        return Fault(f"unknown {kind} {name!r}", f"did you mean {near[0]!r}?")
    if kind == "variable":
        return Fault(f"unknown {kind} {name!r}", f"a name starts with one of {', '.join(sorted(VARIABLES))}")
    return Fault(f"unknown {kind} {name!r}")


def _simple_parts(source: str) -> tuple[str | Variable, ...] | None:
    parts: list[str | Variable] = []
    for piece in filter(None, _OUTPUT.split(source)):
        found = _SIMPLE.fullmatch(piece)
        if found is not None and _COMPUTED.isdisjoint(path := tuple(found["path"].split("."))):
            default = found["single"] if found["double"] is None else found["double"]
            parts.append(Variable(path, default))
        elif "{{" in piece or "{%" in piece:
            return None
        else:
            parts.append(piece)
    return tuple(parts)


_ABSENT = object()


def _render_simple(template: Simple, values: Mapping[str, Any]) -> str | Drop:
    texts: list[str] = []
    for part in template.parts:
        if type(part) is str:
            texts.append(part)
            continue
        text = _text_of(part, values)  # type: ignore[arg-type]
        if text is None and template.missing is Missing.DROP:
            return Drop(Reason.MISSING_VARIABLE, ".".join(part.path))  # type: ignore[union-attr]
        texts.append(text or "")
    text = "".join(texts)
    if len(text) > OUTPUT_BYTES // 4 and len(text.encode("utf-8", "replace")) > OUTPUT_BYTES:
        return Drop(Reason.TEMPLATE_ERROR, "the text gets too long")
    return text


def _text_of(variable: Variable, values: Mapping[str, Any]) -> str | None:
    """None where it is undefined and has no default."""
    value: Any = values
    for name in variable.path:
        value = value.get(name, _ABSENT) if type(value) is dict else _ABSENT
    if type(value) is str and value:
        return value
    if type(value) is int or type(value) is float:
        return str(value)
    if variable.default is not None and (value is _ABSENT or value is None or value is False):
        return variable.default
    if variable.default is not None and value in ("", [], {}):
        return variable.default
    return None if value is _ABSENT else to_liquid_string(value, autoescape=False)


def _render_full(parsed: BoundTemplate, values: Mapping[str, Any], now_ms: int, zone: str) -> str | Drop:
    try:
        return render(parsed, values, now_ms, zone)
    except UndefinedError as error:
        return Drop(Reason.MISSING_VARIABLE, _first_line(error).removesuffix(" is undefined"))
    except _FAILURES as error:
        return Drop(Reason.TEMPLATE_ERROR, _first_line(error))


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__

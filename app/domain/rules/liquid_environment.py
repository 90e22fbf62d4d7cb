"""Our Liquid: python-liquid without a clock, without a machine's zone, without other templates, and with
limits.

`now` and the zone come with each rendering, so the same message renders to the same text wherever it is
decided (C156). What a template can be made to do is bounded, because its values come from events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from liquid import Environment, FalsyStrictUndefined, Undefined
from liquid.context import RenderContext
from liquid.exceptions import FilterArgumentError, FilterValueError
from liquid.filter import with_context
from liquid.output import LimitedStringIO
from liquid.template import BoundTemplate
from liquid.utils import ReadOnlyChainMap

from app.domain.model.campaign import Missing
from app.domain.rules.zones import local, zone_info

OUTPUT_BYTES = 16_384
"""The longest text of one field; the longest payload of any provider is a quarter of it."""
LOOPS = 1_000
NUMBER_BITS = 1_024
FORMAT_CHARACTERS = 128
OTHER_TEMPLATES = ("include", "render")
NOW = frozenset({"now", "today"})


class Moment(RenderContext):
    """A rendering that knows its time and zone as arguments; `now` and `today` of the library are not in
    scope.
    """

    def __init__(self, template: BoundTemplate, values: Mapping[str, object], now_ms: int, zone: str) -> None:
        super().__init__(template, globals=values)
        self.scope = ReadOnlyChainMap(self.locals, self.globals, self.counters)
        self.now_ms = now_ms
        self.zone = zone


class LimitedEnvironment(Environment):
    """Everything that is unlimited in the library has an end here."""

    output_stream_limit = OUTPUT_BYTES
    loop_iteration_limit = LOOPS
    local_namespace_limit = 4 * OUTPUT_BYTES
    context_depth_limit = 30
    block_nesting_limit = 30

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """The standard tags and filters, less what reads other templates, each filter with a limit."""
        super().setup_tags_and_filters(extra=False)
        for name in OTHER_TEMPLATES:
            del self.tags[name]
        self.filters["date"] = _date
        self.filters = {name: _limited(name, function) for name, function in self.filters.items()}


def environment(missing: Missing) -> Environment:
    """A new environment, whose undefined variables render empty or raise, as the campaign says (C072)."""
    return LimitedEnvironment(undefined=FalsyStrictUndefined if missing is Missing.DROP else Undefined)


def render(template: BoundTemplate, values: Mapping[str, object], now_ms: int, zone: str) -> str:
    """The text. Raises whatever the library raises over this template and these values."""
    output = LimitedStringIO(OUTPUT_BYTES, newline="")  # line ends stay as they are
    template.render_with_context(Moment(template, values, now_ms, zone), output)
    return output.getvalue()


def _limited(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def limited(left: object, *arguments: Any, **named: Any) -> Any:
        _refuse_growth(name, left, arguments)
        result = function(left, *arguments, **named)
        if isinstance(result, str) and len(result) > OUTPUT_BYTES:
            raise FilterValueError(f"{name}: the text gets too long", token=None)
        if isinstance(result, int) and result.bit_length() > NUMBER_BITS:
            raise FilterValueError(f"{name}: the number gets too large", token=None)
        return result

    return limited


def _refuse_growth(name: str, left: object, arguments: tuple[Any, ...]) -> None:
    """Raises before a filter makes something huge: a list of a long range, or a text out of many
    replacements.
    """
    for value in (left, *arguments):
        if isinstance(value, range) and value.stop - value.start > LOOPS:
            raise FilterValueError(f"{name}: the range is too long", token=None)
    if name.startswith("replace") and len(arguments) > 1:
        searched, written = str(left), str(arguments[1])
        if len(written) * searched.count(str(arguments[0])) > OUTPUT_BYTES:
            raise FilterValueError(f"{name}: the text gets too long", token=None)


@with_context
def _date(value: Any, form: Any = None, *, context: Moment) -> str:
    """Liquid's `date`: "now", ISO 8601 text or seconds since the epoch, written by `form` in the user's zone.

    Text without a zone is taken as the user's wall clock. What is no date is given back unchanged, as in the
    reference implementation.
    """
    if isinstance(value, Undefined):
        return str(value)
    if not isinstance(form, str) or len(form) > FORMAT_CHARACTERS:
        raise FilterArgumentError(f"date: the format is text of at most {FORMAT_CHARACTERS}", token=None)
    moment = _moment(value, context)
    return str(value) if moment is None else moment.strftime(form)


def _moment(value: Any, context: Moment) -> datetime | None:
    if value in NOW:
        return local(context.now_ms, context.zone)
    info = zone_info(context.zone)
    try:
        if isinstance(value, str) and not value.isdecimal():
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=info) if moment.tzinfo is None else moment.astimezone(info)
        return None if isinstance(value, bool) else datetime.fromtimestamp(float(value), UTC).astimezone(info)
    except (ValueError, TypeError, OverflowError):
        return None

"""Forms of values in `campaign.schema.json`: bounded durations, links, places. Patterns are those of ECMAScript."""

from __future__ import annotations

from typing import Any

from app.domain.files.durations import LONGEST_MS, UNITS_MS
from app.domain.files.what import LONGEST_TTL_MS
from app.domain.rules.history import LONGEST_MS as LONGEST_WITHIN_MS
from app.domain.rules.links import FORBIDDEN

Schema = dict[str, Any]


def up_to(number: int) -> str:
    """The pattern of whole numbers from 0 to this one, with zeros before them or without; of nothing, too."""
    digits = str(number)
    shorter = f"[0-9]{{0,{len(digits) - 1}}}"
    lower = [
        f"{digits[:at]}[0-{int(digit) - 1}][0-9]{{{len(digits) - at - 1}}}"
        for at, digit in enumerate(digits)
        if digit > "0"
    ]
    return f"0*(?:{'|'.join([shorter, *lower, digits])})"


def duration(longest_ms: int = LONGEST_MS, sign: str = "") -> str:
    """The pattern of durations up to so long, in any unit."""
    each = [f"{up_to(longest_ms // length_ms)}{unit}" for unit, length_ms in UNITS_MS.items()]
    return f"^{sign}(?=[0-9]{{1,12}}[smhd]$)(?:{'|'.join(each)})$"


def above_zero(longest_ms: int = LONGEST_MS) -> Schema:
    """Durations that are not 0."""
    return {"type": "string", "pattern": duration(longest_ms).replace("^", "^(?=0*[1-9])", 1)}


DURATION: Schema = {"type": "string", "pattern": duration()}
TTL: Schema = {"type": "string", "pattern": duration(LONGEST_TTL_MS)}
OFFSET: Schema = {"type": "string", "pattern": duration(sign="[-+]?")}
ABOVE_ZERO: Schema = above_zero()
WITHIN: Schema = above_zero(LONGEST_WITHIN_MS)

_TEMPLATE = r"\{\{|\{%"
_SCHEMES = "|".join("".join(f"[{each}{each.upper()}]" for each in scheme) for scheme in sorted(FORBIDDEN))
LINK: Schema = {
    "type": "string",
    "anyOf": [{"pattern": _TEMPLATE}, {"pattern": f"^(?!(?:{_SCHEMES}):)[A-Za-z][A-Za-z0-9+.-]*:"}],
}
IMAGE: Schema = {"type": "string", "anyOf": [{"pattern": _TEMPLATE}, {"pattern": "^[hH][tT][tT][pP][sS]?:"}]}
"""Without variables in them they begin with a scheme; what follows it the reader looks at."""


def given(key: str) -> Schema:
    """The key has a value."""
    return {"required": [key], "properties": {key: {"not": {"type": "null"}}}}


def has(key: str, value: object) -> Schema:
    """The key has this value."""
    return {"required": [key], "properties": {key: {"const": value}}}


LATITUDE: Schema = {"type": "number", "minimum": -90, "maximum": 90}
LONGITUDE: Schema = {"type": "number", "minimum": -180, "maximum": 180}
POINT: Schema = {"type": "array", "items": [LATITUDE, LONGITUDE], "minItems": 2, "maxItems": 2}
OTHER_TEXT: Schema = {"type": ["string", "null"], "pattern": r"\S"}
CITY: Schema = {
    "anyOf": [
        {"type": "string", "pattern": r"^\s*[^\s,][^,]*(,\s*[^\s,][^,]*){0,2}$"},
        {
            "type": "object",
            "properties": {
                "city": {"type": "string", "pattern": r"\S"},
                "country": OTHER_TEXT,
                "region": OTHER_TEXT,
            },
            "required": ["city"],
            "if": given("region"),
            "then": given("country"),
            "additionalProperties": False,
        },
    ]
}

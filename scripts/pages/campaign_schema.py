"""`campaign.schema.json`: a JSON Schema (draft 7) of campaign files, for editors and other programs.

Made of the table of keys that the reference shows and of the reader's own words and forms; a test holds it to the
reader over generated documents, both ways. What a schema cannot say (that a template is in order, that an end comes
after its start) the reader says alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from app.domain.files import behaviour, conditions, devices, limits, near, surge, what, when
from app.domain.files.campaign import ID_FORM
from app.domain.files.durations import TIME_OF_DAY
from app.domain.model.condition import Operator
from app.domain.rules import addresses
from app.domain.rules.versions import FIELDS, FORM
from app.domain.rules.who import FIELDS as DEVICE_FIELDS
from app.domain.rules.zones import names
from scripts.pages import schema_forms as forms
from scripts.pages.campaign_keys import KEYS, Key

Schema = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"
TEXT: Schema = {"type": "string", "pattern": r"\S"}
DATE: Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9W]", "minLength": 10}
FLAG: Schema = {"type": "boolean"}
SCALAR: Schema = {"type": ["string", "boolean", "number"]}
NUMBER: Schema = {"type": "number"}
PART: Schema = {"type": "string", "minLength": 1}
VERSION: Schema = {
    "anyOf": [
        {"type": "string", "pattern": f"^{FORM.pattern}$"},
        {"type": "integer", "minimum": 0, "maximum": 999_999_999},
    ]
}
VERSION_FIELD = rf"(^|\.)({'|'.join(sorted(FIELDS))})$"
TAKEN = f"^({what.TAKEN_KEYS.pattern})$"


def _list_of(items: Schema, least: int = 1, most: int | None = None) -> Schema:
    return {"type": "array", "items": items, "minItems": least} | ({} if most is None else {"maxItems": most})


OPERANDS: Mapping[Operator, Schema] = {
    Operator.IS: SCALAR,
    Operator.IS_NOT: SCALAR,
    Operator.IN: _list_of(SCALAR),
    Operator.NOT_IN: _list_of(SCALAR),
    Operator.GT: NUMBER,
    Operator.GTE: NUMBER,
    Operator.LT: NUMBER,
    Operator.LTE: NUMBER,
    Operator.BETWEEN: _list_of(NUMBER, 2, 2),
    Operator.CONTAINS: PART,
    Operator.STARTS_WITH: PART,
    Operator.ENDS_WITH: PART,
    Operator.INCLUDES: SCALAR,
    Operator.BEFORE: DATE,
    Operator.AFTER: DATE,
    Operator.IN_LAST: forms.ABOVE_ZERO,
    Operator.IS_SET: {"const": True},
    Operator.IS_NOT_SET: {"const": True},
}
OF_VERSIONS: Mapping[Operator, Schema] = dict(OPERANDS) | {
    **dict.fromkeys((Operator.IS, Operator.IS_NOT), VERSION),
    **dict.fromkeys((Operator.GT, Operator.GTE, Operator.LT, Operator.LTE), VERSION),
    **dict.fromkeys((Operator.IN, Operator.NOT_IN), _list_of(VERSION)),
    Operator.BETWEEN: _list_of(VERSION, 2, 2),
}
KINDS: Mapping[str, Schema] = {
    "up to 64 of a-z, 0-9 and -": {"type": "string", "pattern": f"^{ID_FORM.pattern}$"},
    "text": TEXT,
    "template": TEXT,
    "e-mail address": {"type": "string", "pattern": f"^{addresses.FORM}$"},
    "a condition, or a list that must all hold": {"$ref": "#/definitions/who"},
    "map of conditions": {"$ref": "#/definitions/where"},
    "map of templates": {
        "type": "object",
        "propertyNames": {"not": {"pattern": TAKEN}},
        "additionalProperties": TEXT,
    },
    "duration": forms.DURATION,
    "duration above zero": forms.ABOVE_ZERO,
    "duration, at most 28d": forms.TTL,
    "duration, with `-` for before": forms.OFFSET,
    "date, duration above zero, or time of day": {
        "type": "string",
        "anyOf": [forms.ABOVE_ZERO, DATE, {"pattern": f"^{TIME_OF_DAY.pattern}$"}],
    },
    "a number from 1 to 10,000": {"type": "number", "minimum": 1, "maximum": surge.MOST_TIMES},
    "1 or more": {"type": "integer", "minimum": 1, "maximum": limits.MOST},
    "a share below 100%": {"type": "string", "pattern": f"^{limits.SHARE.pattern}$"},
    "IANA time zone": {"enum": sorted(names())},
    "date, with a time or without": DATE,
    "time of day, in quotes": {"type": "string", "pattern": f"^{TIME_OF_DAY.pattern}$"},
    "true or false": FLAG,
    "`false`": {"const": False},
    "list of text": {"type": "array", "items": PART, "uniqueItems": True},
    "color": {"type": "string", "pattern": f"^{what.COLOR.pattern}$"},
}
"""What each kind of the reference's table is. A kind that is missing here is an error of `scripts.reference`."""
FORMS: Mapping[str, Schema] = {
    **dict.fromkeys(("what.link", "inbox.link"), TEXT | forms.LINK),
    **dict.fromkeys(("what.image", "inbox.image"), TEXT | forms.IMAGE),
}
"""Keys whose form says more than their kind."""


NEVER_NULL = frozenset({"color"})
CONDITIONAL = frozenset({"what.title", "what.body", "inbox.ttl", "when.event"})
"""Keys that must be there only where another one says so: in `RULES`."""

RULES: Mapping[str, Schema] = {
    "what": {
        "if": {"required": ["silent"], "properties": {"silent": {"const": True}}},
        "else": {
            "required": ["title", "body"],
            "properties": {"title": {"type": "string"}, "body": {"type": "string"}},
        },
    },
    "inbox": {
        "if": {"anyOf": [forms.has("copy", True), forms.has("fallback", True)]},
        "then": {"required": ["ttl"], "properties": {"ttl": {"type": "string"}}},
    },
    "when": {
        "if": forms.given("date"),
        "then": {"properties": {key: {"type": "null"} for key in ("event", *when.OF_EVENT)}},
        "else": {
            "required": ["event"],
            "properties": {"event": {"type": "string"}},
            "if": forms.given("repeat"),
            "then": forms.given("unless"),
        },
    },
}


COUNT: Schema = {"type": ["integer", "null"], "minimum": 1}
COUNT_FROM_ZERO: Schema = {"type": ["integer", "null"], "minimum": 0}
TIMES: Schema = {
    "type": ["object", "null"],
    "properties": {"at_least": COUNT, "at_most": COUNT_FROM_ZERO, "exactly": COUNT_FROM_ZERO},
    "additionalProperties": False,
    "minProperties": 1,
    "if": forms.given("exactly"),
    "then": {"maxProperties": 1},
}
NONE_ASKED: Schema = {"anyOf": [forms.has("exactly", 0), forms.has("at_most", 0)]}
WHEN: Schema = {
    "anyOf": [
        {"type": "string", "pattern": f"^\\s*({'|'.join(sorted(behaviour.WHENS))})\\s+\\S"},
        {
            "type": "object",
            "properties": {str(word): OPERANDS[word] for word in sorted(behaviour.WHENS)},
            "additionalProperties": False,
            "minProperties": 1,
        },
        {"type": "null"},
    ]
}
STATUS: Schema = {"enum": [str(status) for status in devices.STATUSES]}
NEAR: Schema = {
    "type": "object",
    "properties": {
        "km": {"type": "number", "exclusiveMinimum": 0, "maximum": near.FARTHEST_KM},
        "of": {"anyOf": [_list_of(forms.POINT), forms.POINT, {"type": "null"}]},
        "cities": {"anyOf": [_list_of(forms.CITY), {"type": "null"}]},
    },
    "required": ["km"],
    "anyOf": [forms.given("of"), forms.given("cities")],
    "additionalProperties": False,
}
DEVICE: Schema = {
    "type": "object",
    "properties": {
        name: {"$ref": f"#/definitions/{'version_' if name in FIELDS else ''}compared"}
        for name in (*DEVICE_FIELDS, *devices.OTHER_NAMES)
    },
    "additionalProperties": False,
    "minProperties": 1,
}
BEGINNINGS: Mapping[str, Schema] = {
    "did": {
        "is": TEXT,
        "beside": {
            "where": {"anyOf": [{"$ref": "#/definitions/where"}, {"type": "null"}]},
            "times": TIMES,
            "within": forms.WITHIN | {"type": ["string", "null"]},
            "first": WHEN,
            "last": WHEN,
        },
        "and": {
            "if": {"required": ["times"], "properties": {"times": NONE_ASKED}},
            "then": {"properties": {"first": {"type": "null"}, "last": {"type": "null"}}},
        },
    },
    "near": {"is": NEAR},
    "device": {"is": DEVICE},
    "push": {"is": STATUS},
    "push_last_session": {"is": STATUS},
    "reachable": {"is": {"const": True}},
    "segment": {"is": {"type": "string", "pattern": f"^{conditions.NAME_FORM.pattern}$"}},
}
"""Every condition that is neither a group nor about a trait, with the keys beside its own."""


def render() -> str:
    """The file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def schema() -> Schema:
    """The whole schema."""
    return {
        "$schema": DRAFT,
        "title": "A Carillon campaign file",
        "description": "Generated by `python -m scripts.reference`; edit `scripts/pages/campaign_keys.py` instead.",
        **_section(""),
        "definitions": {
            "condition": _condition(),
            "conditions": _list_of({"$ref": "#/definitions/condition"}),
            "who": {"anyOf": [{"$ref": "#/definitions/condition"}, {"$ref": "#/definitions/conditions"}]},
            "where": _where(),
            "compared": {"anyOf": [SCALAR, {"$ref": "#/definitions/operators"}]},
            "version_compared": {"anyOf": [VERSION, {"$ref": "#/definitions/version_operators"}]},
            "operators": _operators(OPERANDS),
            "version_operators": _operators(OF_VERSIONS),
        },
    }


def _section(path: str) -> Schema:
    """A map of the file: the keys right below this path."""
    keys = [key for key in KEYS if key.path.rpartition(".")[0] == path]
    found: Schema = {
        "type": "object",
        "properties": {key.path.rpartition(".")[2]: _of(key) for key in keys},
        "additionalProperties": False,
    }
    required = [key.path.rpartition(".")[2] for key in keys if _is_required(key)]
    return found | ({"required": required} if required else {}) | RULES.get(path, {})


def _is_required(key: Key) -> bool:
    return not key.default and key.path not in CONDITIONAL


def _of(key: Key) -> Schema:
    """One key, with its meaning and an example for the editor's help. Where it may be left out, it may be empty."""
    own = _section(key.path) if key.kind == "map" else FORMS.get(key.path, _kind(key.kind))
    told = {"description": key.meaning}
    if _is_required(key) or key.kind in NEVER_NULL:
        return told | own
    return told | _or_null(own)


def _kind(kind: str) -> Schema:
    """Raises KeyError for a kind that nobody has said how to check."""
    words = re.findall("`([^`]+)`", kind)
    return KINDS[kind] if kind in KINDS or not words else {"enum": words}


def _or_null(own: Schema) -> Schema:
    if isinstance(own.get("type"), str):
        return own | {"type": [own["type"], "null"]}
    if "enum" in own:
        return own | {"enum": [*own["enum"], None]}
    return {"anyOf": [own, {"type": "null"}]}


def _condition() -> Schema:
    """A group of conditions, or a leaf: a trait and at least one operator."""
    groups = [
        {
            "type": "object",
            "properties": {name: {"$ref": "#/definitions/conditions"}},
            "required": [name],
            "additionalProperties": False,
        }
        for name in conditions.GROUPS
    ]
    others = [_begins_with(name, own) for name, own in BEGINNINGS.items()]
    return {"anyOf": [*groups, _leaf(OPERANDS, version=False), _leaf(OF_VERSIONS, version=True), *others]}


def _begins_with(name: str, own: Schema) -> Schema:
    """A condition that begins with a name of its own, and with what else it has."""
    beside = own.get("beside", {})
    return {
        "type": "object",
        "properties": {name: own["is"], **beside},
        "required": [name],
        "additionalProperties": False,
        **own.get("and", {}),
    }


def _leaf(operands: Mapping[Operator, Schema], *, version: bool) -> Schema:
    is_version: Schema = {"pattern": VERSION_FIELD}
    trait = TEXT | (is_version if version else {"not": is_version})
    return {
        "type": "object",
        "properties": {conditions.LEAF: trait, **_operators(operands)["properties"]},
        "required": [conditions.LEAF],
        "minProperties": 2,
        "additionalProperties": False,
    }


def _operators(operands: Mapping[Operator, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": {str(operator): operands[operator] for operator in Operator},
        "additionalProperties": False,
        "minProperties": 1,
    }


def _where() -> Schema:
    """From properties to a value or to operators."""
    return {
        "type": "object",
        "minProperties": 1,
        "patternProperties": {VERSION_FIELD: {"$ref": "#/definitions/version_compared"}},
        "additionalProperties": {"$ref": "#/definitions/compared"},
    }

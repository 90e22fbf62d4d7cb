"""The little of JSON Schema (draft 7) that `campaign.schema.json` is written in, as a second opinion on documents.

A keyword that is not known here raises: nothing passes because nobody looked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

KINDS: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "number": (int, float),
    "integer": (int,),
    "null": (type(None),),
}
TOLD_ONLY = frozenset(
    {"$schema", "title", "description", "definitions", "then", "else", "additionalProperties"}
)


class Checker:
    """Checks documents against one schema."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._root = schema

    def problems(self, value: Any) -> list[str]:
        """Where the document is not as the schema says."""
        return list(self._check(self._root, value, "$"))

    def _check(self, schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
        for word, operand in schema.items():
            if word in TOLD_ONLY:
                continue
            yield from _WORDS[word](self, operand, value, path, schema)

    def _holds(self, schema: dict[str, Any], value: Any) -> bool:
        return not list(self._check(schema, value, ""))

    def _reference(self, operand: str, value: Any, path: str, _schema: Any) -> Iterator[str]:
        found: Any = self._root
        for name in operand.removeprefix("#/").split("/"):
            found = found[name]
        yield from self._check(found, value, path)

    def _type(self, operand: Any, value: Any, path: str, _schema: Any) -> Iterator[str]:
        kinds = [operand] if isinstance(operand, str) else operand
        if not any(_is(value, kind) for kind in kinds):
            yield f"{path} is no {operand}"

    def _enum(self, operand: Any, value: Any, path: str, _schema: Any) -> Iterator[str]:
        if not any(type(each) is type(value) and each == value for each in operand):
            yield f"{path} is none of the words"

    def _const(self, operand: Any, value: Any, path: str, _schema: Any) -> Iterator[str]:
        yield from self._enum([operand], value, path, None)

    def _pattern(self, operand: str, value: Any, path: str, _schema: Any) -> Iterator[str]:
        if isinstance(value, str) and not re.search(operand, value, re.ASCII):
            yield f"{path} has not the form"

    def _at_least(self, operand: int, value: Any, path: str, _schema: Any) -> Iterator[str]:
        if isinstance(value, str | list | dict) and len(value) < operand:
            yield f"{path} is too short"

    def _at_most(self, operand: int, value: Any, path: str, _schema: Any) -> Iterator[str]:
        if isinstance(value, list | dict) and len(value) > operand:
            yield f"{path} is too long"

    def _minimum(self, operand: int, value: Any, path: str, _schema: Any) -> Iterator[str]:
        if _is(value, "number") and value < operand:
            yield f"{path} is too small"

    def _above(self, operand: int, value: Any, path: str, _schema: Any) -> Iterator[str]:
        if _is(value, "number") and value <= operand:
            yield f"{path} is too small"

    def _maximum(self, operand: int, value: Any, path: str, _schema: Any) -> Iterator[str]:
        if _is(value, "number") and value > operand:
            yield f"{path} is too large"

    def _unique(self, _operand: bool, value: Any, path: str, _schema: Any) -> Iterator[str]:
        if isinstance(value, list) and any(value.count(each) > 1 for each in value):
            yield f"{path} has something twice"

    def _items(self, operand: Any, value: Any, path: str, _schema: Any) -> Iterator[str]:
        """One schema for all, or one for each place."""
        for number, each in enumerate(value if isinstance(value, list) else ()):
            if isinstance(operand, dict):
                yield from self._check(operand, each, f"{path}[{number}]")
            elif number < len(operand):
                yield from self._check(operand[number], each, f"{path}[{number}]")

    def _required(self, operand: list[str], value: Any, path: str, _schema: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from (f"{path}.{name} is missing" for name in operand if name not in value)

    def _properties(self, operand: Any, value: Any, path: str, schema: Any) -> Iterator[str]:
        """With what else there may be."""
        if not isinstance(value, dict):
            return
        for name, each in value.items():
            patterns = schema.get("patternProperties", {})
            own = [operand[name]] if name in operand else []
            own += [found for pattern, found in patterns.items() if re.search(pattern, name)]
            rest = schema.get("additionalProperties", True)
            if not own and rest is False:
                yield f"{path}.{name} is unknown"
            for found in own or ([rest] if isinstance(rest, dict) else []):
                yield from self._check(found, each, f"{path}.{name}")

    def _patterns(self, _operand: Any, value: Any, path: str, schema: Any) -> Iterator[str]:
        if "properties" not in schema:
            yield from self._properties({}, value, path, schema)

    def _names(self, operand: Any, value: Any, path: str, schema: Any) -> Iterator[str]:
        for name in value if isinstance(value, dict) else ():
            yield from self._check(operand, name, f"{path}.{name}")
        if "properties" not in schema:
            yield from self._properties({}, value, path, schema)

    def _any_of(self, operand: Any, value: Any, path: str, _schema: Any) -> Iterator[str]:
        if not any(self._holds(each, value) for each in operand):
            yield f"{path} is as none of several"

    def _not(self, operand: Any, value: Any, path: str, _schema: Any) -> Iterator[str]:
        if self._holds(operand, value):
            yield f"{path} is what it must not be"

    def _if(self, operand: Any, value: Any, path: str, schema: Any) -> Iterator[str]:
        branch = "then" if self._holds(operand, value) else "else"
        yield from self._check(schema.get(branch, {}), value, path)


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, KINDS[kind])


_Word = Callable[[Checker, Any, Any, str, Any], Iterator[str]]
_WORDS: Mapping[str, _Word] = {
    "$ref": Checker._reference,
    "type": Checker._type,
    "enum": Checker._enum,
    "const": Checker._const,
    "pattern": Checker._pattern,
    "minLength": Checker._at_least,
    "minItems": Checker._at_least,
    "minProperties": Checker._at_least,
    "maxItems": Checker._at_most,
    "maxProperties": Checker._at_most,
    "minimum": Checker._minimum,
    "exclusiveMinimum": Checker._above,
    "maximum": Checker._maximum,
    "uniqueItems": Checker._unique,
    "items": Checker._items,
    "required": Checker._required,
    "properties": Checker._properties,
    "patternProperties": Checker._patterns,
    "propertyNames": Checker._names,
    "anyOf": Checker._any_of,
    "not": Checker._not,
    "if": Checker._if,
}

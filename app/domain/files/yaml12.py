"""YAML 1.2, core schema: `NO` is text, a date is text, and every value knows its line.

ruamel.yaml reads the syntax; what a scalar is, is decided here by the tables of YAML 1.2.2 section 10.3.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from app.domain.files.problems import Problem, child
from app.domain.files.yaml_hints import BRACES, TAG, hint_for

DEEPEST = 40
MOST_VALUES = 20_000
MOST_CHARACTERS = 1_000_000

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]{1,30}")
_BASED = re.compile(r"0o[0-7]{1,30}|0x[0-9a-fA-F]{1,30}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


class Document(Struct, frozen=True):
    """One document of a file: plain values, and the line (from 1) of each path."""

    value: Any
    lines: Mapping[str, int]

    def line_of(self, path: str) -> int | None:
        """The line of the path, or of the nearest thing above it."""
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get(path)


def read_documents(text: str) -> list[Document] | list[Problem]:
    """Every document of a text, or every problem with its form. Empty documents are left out."""
    if len(text) > MOST_CHARACTERS:
        return [Problem("", f"the file is over {MOST_CHARACTERS} characters")]
    try:
        nodes = list(YAML(typ="safe", pure=True).compose_all(text))
    except MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        told = str(error.problem or error.context)
        return [Problem("", f"this is no YAML: {told}", hint_for(told), line)]
    except (YAMLError, ValueError, RecursionError) as error:
        return [
            Problem("", f"this is no YAML: {str(error).splitlines()[0] if str(error) else 'nested too deep'}")
        ]
    builders = [(_Builder(), node) for node in nodes if node is not None]
    documents = [Document(builder.build(node, "", 0), builder.lines) for builder, node in builders]
    problems = [problem for builder, _ in builders for problem in builder.problems]
    return problems or [document for document in documents if document.value is not None]


class _Builder:
    """Makes plain values of one document's nodes, and notes lines and problems."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self.problems: list[Problem] = []
        self._values = 0

    def build(self, node: Node, path: str, depth: int) -> Any:
        self._values += 1
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        if depth > DEEPEST or self._values > MOST_VALUES:
            if not self.problems or self.problems[-1].message != _TOO_MUCH:
                self.problems.append(Problem(path, _TOO_MUCH, line=line))
            return None
        if isinstance(node, MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, SequenceNode):
            return [self.build(item, f"{path}[{at}]", depth + 1) for at, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: str, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self.problems.append(Problem(path, "a key must be a plain word", BRACES, line))
                continue
            key = str(key_node.value)
            below = child(path, key)
            if key in values:
                first = f"the first one stands in line {self.lines[below]}"
                self.problems.append(Problem(below, f"the key {key!r} is given twice", first, line))
            self.lines[below] = line
            values[key] = self.build(value_node, below, depth + 1)
        return values

    def _scalar(self, node: Any, path: str) -> Any:
        tag = str(node.tag)
        if not tag.startswith("tag:yaml.org,2002:"):
            line = node.start_mark.line + 1
            self.problems.append(Problem(path, f"the tag {tag} is not supported", TAG, line))
            return None
        is_text = node.style is not None or tag.endswith(":str")
        return str(node.value) if is_text else core_value(str(node.value))


_TOO_MUCH = f"nested over {DEEPEST} deep, or over {MOST_VALUES} values"


def core_value(text: str) -> bool | int | float | str | None:
    """What a plain scalar is under the core schema. What is none of the rest is text."""
    if _NULL.fullmatch(text):
        return None
    if _BOOLEAN.fullmatch(text):
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _SPECIAL.fullmatch(text):
        return float(text.replace(".", "", 1))
    return text

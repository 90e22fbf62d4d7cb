"""YAML 1.2: what a scalar is, where it stands, and that nothing in a file can hurt."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.files.problems import Problem
from app.domain.files.yaml12 import Document, core_value, read_documents


def only(text: str) -> Document:
    (document,) = read_documents(text)
    assert isinstance(document, Document)
    return document


def problems(text: str) -> list[str]:
    return [str(problem) for problem in read_documents(text) if isinstance(problem, Problem)]


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("NO", "NO"), ("yes", "yes"), ("on", "on"), ("true", True), ("False", False), ("~", None), ("null", None),
        ("2026-12-01", "2026-12-01"), ("09:00", "09:00"), ("1:30", "1:30"), ("012", 12), ("0o14", 12), ("0x1F", 31),
        ("1_000", "1_000"), ("1e3", 1000.0), (".5", 0.5), ("-.inf", float("-inf")), ("3.10", 3.1), ("1.2.3", "1.2.3"),
        ("'12'", "12"), ('"true"', "true"), ("!!str 12", "12"), ("<<", "<<"), ("0b1", "0b1"),
    ],
)  # fmt: skip
def test_given_a_scalar_then_the_core_schema_says_what_it_is(scalar: str, value: Any) -> None:
    found = only(f"x: {scalar}").value["x"]
    assert (type(found), found) == (type(value), value)


def test_given_several_documents_then_each_knows_its_lines() -> None:
    first, second = read_documents("a: 1\nb:\n  c: [x,\n    {d: 2}]\n---\n---\ne: 3\n")
    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert first.value == {"a": 1, "b": {"c": ["x", {"d": 2}]}}
    assert (first.line_of("b.c[1].d"), first.line_of("b.c[1].d.e"), first.line_of("b.c[9]")) == (4, 4, 3)
    assert second.line_of("e") == 7


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a: [", "line 1: the document: this is no YAML"),
        ("a: 1\na: 2", "line 2: a: the key 'a' is given twice"),
        ("a: !custom x", "the tag !custom is not supported"),
        ("? [a]\n: b", "a key must be a plain word"),
        ("&a [*a]", "nested over"),
        ("a: " + "[" * 60 + "]" * 60, "nested over"),
        ("a: \x00", "this is no YAML"),
        ("a: *gone", "this is no YAML"),
        ("x" * 1_000_001, "the file is over"),
    ],
)
def test_given_a_file_that_cannot_be_read_then_it_says_why(text: str, part: str) -> None:
    assert any(part in problem for problem in problems(text)), problems(text)


def test_given_aliases_that_multiply_then_reading_ends() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert any("nested over" in problem for problem in problems("\n".join(lines)))


@given(st.text(max_size=40))
def test_given_any_text_then_documents_or_problems_and_nothing_raised(text: str) -> None:
    assert isinstance(read_documents(text), list)


@given(st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans()))
def test_given_any_number_or_boolean_then_it_reads_as_it_is_written(value: float | bool) -> None:
    assert core_value(str(value)) == value or isinstance(value, float)

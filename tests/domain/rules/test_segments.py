"""C007: saved segments that refer to one another."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.domain.model.condition import AllOf, AnyOf, Condition, InSegment, NoneOf
from app.domain.rules.segments import cycle_from, references, unknown, used_by, without_cycles

NAMES = "abcdef"
GRAPHS = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3), max_size=6)


def to(*names: str) -> Condition:
    return AllOf((AnyOf(tuple(map(InSegment, names[:1]))), NoneOf(tuple(map(InSegment, names[1:])))))


def test_the_path_of_a_cycle_is_told_from_the_segment_back_to_itself() -> None:
    segments = {"a": to("b", "d"), "b": to("c"), "c": to("a"), "d": to(), "e": to("a"), "f": to("f")}
    assert cycle_from("a", segments) == ("a", "b", "c", "a")
    assert cycle_from("c", segments) == ("c", "a", "b", "c")
    assert cycle_from("f", segments) == ("f", "f")
    assert cycle_from("e", segments) is None
    assert set(without_cycles(segments)) == {"d", "e"}


def test_a_reference_that_leads_nowhere_is_told_with_what_was_meant() -> None:
    known = {"platinum": to(), "gold": to()}
    assert unknown(to("platnum", "gold"), known) == [
        "there is no segment 'platnum' (did you mean 'platinum'?)"
    ]
    assert unknown(to("x"), {}) == ["there is no segment 'x' (none is saved yet)"]
    assert set(used_by(to("platinum"), known)) == {"platinum"}


@given(GRAPHS)
def test_a_cycle_is_found_where_there_is_one_and_every_step_of_it_exists(graph: dict[str, list[str]]) -> None:
    segments = {name: to(*there) for name, there in graph.items()}
    for name in segments:
        way = cycle_from(name, segments)
        assert (way is not None) == (name in _reached(name, graph))
        if way is not None:
            assert way[0] == way[-1] == name
            assert all(there in references(segments[here]) for here, there in pairwise(way))


def _reached(name: str, graph: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(graph.get(name, ()))
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting += graph.get(here, ())
    return found

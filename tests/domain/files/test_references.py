"""Segments that files name: each problem has its path and its line, within the segment's own document, too."""

from __future__ import annotations

from app.domain.files.campaign import load
from app.domain.files.references import mentions, reference_problems
from app.domain.model.campaign import Segment
from app.domain.model.condition import Condition

FILE = """\
campaign: thanks
when: {event: cart, where: {segment: retail}}
who:
  - any:
      - {segment: gold}
      - none: [{segment: staff}]
what: {title: t, body: b}
---
segment: gold
all:
  - {user: plan, is: pro}
  - {segment: platnum}
---
segment: staff
who: {segment: gold}
"""


def known(text: str) -> dict[str, Condition]:
    found = load(text, app_zone="UTC", amplify_default=False)
    return {each.name: each.who for each in found if isinstance(each, Segment)}


def told(text: str, more: str = "", hint: str = "") -> list[str]:
    return [str(each) for each in reference_problems(text, known(text) | known(more), hint)]


def test_every_mention_has_its_path_its_line_and_whose_it_is() -> None:
    assert [tuple(each) for each in mentions(FILE)] == [
        ("gold", None, "who[0].any[0].segment", 5),
        ("staff", None, "who[0].any[1].none[0].segment", 6),
        ("platnum", "gold", "all[1].segment", 12),
        ("gold", "staff", "who.segment", 15),
    ]


def test_a_segment_that_is_not_there_is_told_where_it_is_named_with_what_was_meant() -> None:
    more = "segment: platinum\nuser: tier\nis: platinum\n"
    assert told(FILE, more) == [
        "line 12: all[1].segment: there is no segment 'platnum' (did you mean 'platinum'?)"
    ]


def test_where_no_name_is_near_it_is_told_what_to_do() -> None:
    text = "segment: staff\nnone: [{segment: x}]\n"
    assert told(text, hint="give its file, too") == [
        "line 2: none[0].segment: there is no segment 'x' (give its file, too)"
    ]


def test_a_circle_is_told_once_for_each_segment_of_the_file_where_it_begins() -> None:
    circle = FILE.replace("platnum", "staff")
    assert told(circle) == [
        "line 12: all[1].segment: 'gold' refers to itself: gold -> staff -> gold (take one of them out)",
        "line 15: who.segment: 'staff' refers to itself: staff -> gold -> staff (take one of them out)",
    ]


def test_a_circle_through_a_segment_of_another_file_is_told_in_this_one() -> None:
    here = "segment: silver\nany: [{segment: bronze}, {segment: gold}]\n"
    there = "segment: gold\nuser: a\nis: 1\n---\nsegment: bronze\nwho: {segment: silver}\n"
    assert told(here, there) == [
        "line 2: any[0].segment: 'silver' refers to itself: silver -> bronze -> silver (take one of them out)"
    ]


def test_what_is_no_yaml_names_nothing() -> None:
    assert list(mentions("who: [")) == []

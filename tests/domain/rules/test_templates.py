"""Templates (C069-C072, C156): what they give, what they refuse, and that the short way equals Liquid's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.model.campaign import Missing
from app.domain.model.reason import Reason
from app.domain.model.verdict import Drop
from app.domain.rules.liquid_environment import OUTPUT_BYTES, environment
from app.domain.rules.templates import Constant, Full, Simple, compile_template, faults_of, render_template

NOW_MS = 1_795_600_000_000  # 2026-11-25T09:46:40Z
VALUES: dict[str, Any] = {
    "user": {"first_name": "Ann", "empty": "", "no": False, "zero": 0, "nothing": None, "tags": ["b", "a"]},
    "event": {
        "name": "Blue kettle",
        "at": "2026-11-22T09:00:00Z",
        "wall": "2026-11-22T09:00",
        "s": 1_795_338_000,
    },
}


def written(source: str, missing: Missing = Missing.DEFAULT, zone: str = "Europe/Paris") -> str | Drop:
    return render_template(compile_template(source, missing), VALUES, NOW_MS, zone)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Hello 🫖", "Hello 🫖"),
        ("Hi {{ user.first_name }}!", "Hi Ann!"),
        ("{{user.last_name|default:'friend'}}", "friend"),
        ('{{ user.empty | default: "x" }}{{ user.no | default: "y" }}{{ user.zero | default: "z" }}', "xy0"),
        ("{{ user.no }}{{ user.nothing }}{{ user.tags }}", "falseba"),
        ("{{ user.first_name | upcase }}", "ANN"),
        ("{% if user.last_name %}a{% else %}b{% endif %}", "b"),
        ("{% for tag in user.tags %}{{ tag }},{% endfor %}", "b,a,"),
        ("{{ user.tags.size }}", "2"),
        ("{{ user.last_name.first }}", ""),
    ],
)
def test_given_values_when_rendered_then_liquid_says_what(source: str, text: str) -> None:
    assert written(source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ 'now' | date: '%Y-%m-%d %H:%M' }}", "2026-11-25 10:46"),
        ("{{ 'today' | date: '%d %Z' }}", "25 CET"),
        ("{{ event.at | date: '%H:%M' }}", "10:00"),
        ("{{ event.s | date: '%H:%M' }}", "10:00"),
        ("{{ event.wall | date: '%H:%M' }}", "09:00"),
        ("{{ 'soon' | date: '%H:%M' }}", "soon"),
        ("{{ event.gone | date: '%H:%M' }}", ""),
        ("{{ true | date: '%H:%M' }}", "True"),
    ],
)
def test_given_a_date_then_it_is_of_the_argument_now_and_in_the_users_zone(source: str, text: str) -> None:
    assert written(source) == text


def test_given_the_same_arguments_then_the_same_text_whatever_the_clock_says() -> None:
    assert written("{{ now }}{{ today }}") == ""
    source = "{{ 'now' | date: '%s %c' }}"
    assert written(source) == written(source)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("Hi {{ user.last_name }}", "user.last_name"),
        ("Hi {{ user.first_name.x }}", "user.first_name.x"),
        ("{{ user.last_name | upcase }}", "user.last_name"),
        ("{% for x in user.items %}{{ x }}{% endfor %}", "user.items"),
    ],
)
def test_given_drop_when_a_variable_is_missing_then_the_message_is_dropped_with_its_name(
    source: str, name: str
) -> None:
    assert written(source, Missing.DROP) == Drop(Reason.MISSING_VARIABLE, name)
    assert isinstance(written(source), str)


def test_given_drop_when_a_default_or_a_condition_takes_care_then_nothing_is_dropped() -> None:
    assert written("{{ user.last_name | default: 'friend' }}", Missing.DROP) == "friend"
    assert (
        written("{% if user.last_name %}{{ user.last_name }}{% else %}you{% endif %}", Missing.DROP) == "you"
    )


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in (1..1000000000000) %}x{% endfor %}",
        "{% for i in (1..500) %}{% for j in (1..500) %}{% endfor %}{% endfor %}",
        "{% tablerow i in (1..1000000000) %}{% endtablerow %}",
        "{{ (1..1000000000) | join: '' }}",
        "{% assign x = 9 %}{% for i in (1..900) %}{% assign x = x | times: x %}{% endfor %}{{ x }}",
        "{% assign x = 'ab' %}{% for i in (1..900) %}{% assign x = x | append: x %}{% endfor %}",
        "{% assign a = 'aaaaaaaaaaa' %}{{ a | replace: 'a', a | replace: 'a', a | replace: 'a', a | replace: 'a', a }}",
        "{% for i in (1..900) %}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}",
        "{{ 1 | divided_by: 0 }}",
        "{{ '1e999' | round }}",
        "{{ 'x' | base64_decode }}",
        "{{ 'now' | date: 5 }}",
        "{{ 'now' | date }}",
    ],
)  # fmt: skip
def test_given_a_template_that_raises_or_loops_or_grows_then_it_is_a_value(source: str) -> None:
    match written(source):
        case Drop(reason, detail):
            assert reason is Reason.TEMPLATE_ERROR
            assert detail
        case text:
            pytest.fail(f"rendered {len(text)} characters")


def test_given_a_text_over_the_limit_then_the_short_way_refuses_it_too() -> None:
    values = {"user": {"name": "é" * OUTPUT_BYTES}}
    for source in ("{{ user.name }}", "{{ user.name | strip }}"):
        outcome = render_template(compile_template(source, Missing.DEFAULT), values, NOW_MS, "UTC")
        assert isinstance(outcome, Drop)
        assert outcome.reason is Reason.TEMPLATE_ERROR


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("{{ user.x | upcaze }}", "unknown filter 'upcaze'", "did you mean 'upcase'?"),
        ("{{ usr.x }}", "unknown variable 'usr'", "did you mean 'user'?"),
        ("{{ now }}", "unknown variable 'now'", ""),
        ("{% if %}x{% endif %}", "Liquid: missing expression", ""),
        ("{% include 'a' %}", "Liquid: unexpected tag 'include'", ""),
        ("{% render 'a' %}", "Liquid: unexpected tag 'render'", ""),
        ("{{ user.x", "Liquid: ", ""),
    ],
)
def test_given_a_faulty_template_then_its_fault_is_found_before_it_is_rendered(
    source: str, message: str, hint: str
) -> None:
    faults = faults_of(source)
    assert any(fault.message.startswith(message) and hint in fault.hint for fault in faults), faults


def test_given_names_that_a_template_makes_itself_then_they_are_no_fault() -> None:
    assert (
        faults_of(
            "{% assign n = user.x %}{{ n }}{% for t in event.tags %}{{ forloop.index }}{{ t }}{% endfor %}"
        )
        == []
    )


def test_given_a_syntax_error_when_compiled_then_it_raises() -> None:
    with pytest.raises(ValueError, match="cannot be parsed"):
        compile_template("{% if %}", Missing.DEFAULT)


def test_given_a_plain_or_simple_template_then_the_short_way_is_taken() -> None:
    assert isinstance(compile_template("Hello", Missing.DEFAULT), Constant)
    assert isinstance(compile_template("{{ a.b }}{{ a.b | default: 'x' }}", Missing.DEFAULT), Simple)
    for source in (
        "{{ a.size }}",
        "{{- a.b }}",
        "{{ a.b | upcase }}",
        "{{ a['b'] }}",
        "{% raw %}{{ a.b }}{% endraw %}",
    ):
        assert isinstance(compile_template(source, Missing.DEFAULT), Full)


LEAF_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8),
    st.lists(st.one_of(st.integers(), st.text(max_size=3)), max_size=3), st.just({}),
)  # fmt: skip
KEYS = st.sampled_from(["a", "b", "c"])
MAPS = st.dictionaries(KEYS, st.one_of(LEAF_VALUES, st.dictionaries(KEYS, LEAF_VALUES)), max_size=3)
PIECES = st.one_of(
    st.sampled_from(["Hi ", " }", "%", "é\n", "'"]),
    st.builds(
        lambda path, default: f"{{{{ user.{'.'.join(path)}{default} }}}}",
        st.lists(KEYS, min_size=1, max_size=2),
        st.sampled_from(["", " | default: 'x'", '|default:"it\'s"']),
    ),
)


@settings(max_examples=600, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=4).map("".join), MAPS, st.sampled_from(list(Missing)))
def test_given_any_simple_template_and_values_then_the_short_way_says_what_liquid_says(
    source: str, user: dict[str, Any], missing: Missing
) -> None:
    short = compile_template(source, missing)
    full = Full(ENVIRONMENTS[missing].from_string(source))
    values = {"user": user}
    expected = render_template(full, values, NOW_MS, "UTC")
    match render_template(short, values, NOW_MS, "UTC"), expected:
        case Drop(reason), Drop(liquids_reason):
            assert reason is liquids_reason
        case text, liquids_text:
            assert text == liquids_text


ENVIRONMENTS = {missing: environment(missing) for missing in Missing}


def test_line_ends_stay_as_they_are() -> None:
    template = compile_template("{{ user.note | upcase }}", Missing.DEFAULT)
    assert render_template(template, {"user": {"note": "a\r\nb\rc"}}, NOW_MS, "UTC") == "A\r\nB\rC"

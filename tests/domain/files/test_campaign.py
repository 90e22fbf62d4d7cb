"""Campaign files: the golden example, and every problem at once with its path (CONTRACT section 2, C163)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.compose import compile_content
from app.domain.files.campaign import load, read_campaign
from app.domain.files.problems import Problem
from app.domain.model.campaign import (
    AllOf,
    AnyOf,
    Campaign,
    Leaf,
    Missing,
    NoneOf,
    Operator,
    Quiet,
    QuietThen,
    Repeat,
    Unless,
)
from app.domain.model.push import AndroidOptions
from app.domain.model.user import Activity, Agenda, Profile, User
from app.domain.rules.who import Subject, Who

PARIS = "Europe/Paris"
GOLDEN = """
campaign: cart-reminder
name: Cart reminder
owner: crm@example.com
who:
  all:
    - user: country
      is: NO
    - {user: age, between: [25, 40]}
    - any: [{user: app_version, gte: "3.10.0"}, {none: [{user: joined, in_last: 30d}]}]
when:
  event: add_to_cart
  where: {price: {gte: 10, lt: 100}, cart.kind: kettle}
  unless: {event: purchase, within: 10m, match: cart_id, where: {total: {gt: 0}}}
  repeat: keep_first
  delay: 90s
  zone: Asia/Tokyo
  starts: 2026-11-23T00:00
  ends: 2027-01-31T00:00Z
  quiet: {from: "21:00", to: 09:00, then: drop}
limits: {ignore_caps: true, caps_count: false}
what:
  title: "Still thinking, {{ user.first_name | default: 'friend' }}?"
  body: "{{ event.name }} is waiting in your cart."
  link: "https://shop.example/cart/{{ event.cart_id }}"
  image: https://shop.example/kettle.png
  data: {cart: "{{ event.cart_id }}"}
  collapse: cart
  ttl: 4h
  missing: drop
  silent: false
  android: {channel: cart, priority: high, sound: ding}
inbox: {copy: false, fallback: true, ttl: 7d, tags: [offers], title: "Yours", colors: {title: "#222222"}}
"""


def only(text: str, amplify_default: bool = False) -> Campaign:
    (campaign,) = load(text, app_zone=PARIS, amplify_default=amplify_default)
    assert isinstance(campaign, Campaign), campaign
    return campaign


def problems(text: str) -> list[Problem]:
    read = load(text, app_zone=PARIS, amplify_default=True)
    return [problem for problem in read if isinstance(problem, Problem)]


def a_file(**parts: Any) -> dict[str, Any]:
    return {"campaign": "c", "when": {"event": "e"}, "what": {"title": "t", "body": "b"}, **parts}


def paths_of(document: dict[str, Any]) -> dict[str, Problem]:
    read = read_campaign(document, app_zone=PARIS, amplify_default=True)
    return {} if isinstance(read, Campaign) else {problem.path: problem for problem in read}


def test_given_the_golden_file_then_every_key_is_read() -> None:
    campaign = only(GOLDEN)
    assert (campaign.id, campaign.name, campaign.owner) == (
        "cart-reminder",
        "Cart reminder",
        "crm@example.com",
    )
    assert campaign.when.where == AllOf((
        Leaf("price", Operator.GTE, 10), Leaf("price", Operator.LT, 100), Leaf("cart.kind", Operator.IS, "kettle"),
    ))  # fmt: skip
    assert campaign.when.unless == Unless("purchase", 600_000, "cart_id", Leaf("total", Operator.GT, 0))
    assert (campaign.when.repeat, campaign.when.delay_ms) == (Repeat.KEEP_FIRST, 90_000)
    assert (campaign.zone, campaign.starts_ms, campaign.ends_ms) == (
        "Asia/Tokyo",
        1795388400000,
        1801353600000,
    )
    assert campaign.quiet == Quiet(1260, 540, QuietThen.DROP)
    assert (campaign.ignore_caps, campaign.caps_count) == (True, False)
    assert campaign.what.android == AndroidOptions("cart", "high", "ding")
    assert (campaign.what.ttl_ms, campaign.what.missing) == (14_400_000, Missing.DROP)
    assert campaign.inbox is not None
    assert (campaign.inbox.ttl_ms, campaign.inbox.tags) == (604_800_000, ("offers",))


def test_given_the_golden_who_then_no_is_a_country_and_versions_are_versions() -> None:
    campaign = only(GOLDEN)
    recently = Leaf("joined", Operator.IN_LAST, 2_592_000_000)
    assert campaign.who == AllOf((
        Leaf("country", Operator.IS, "NO"),
        Leaf("age", Operator.BETWEEN, (25, 40)),
        AnyOf((Leaf("app_version", Operator.GTE, "3.10.0"), NoneOf((recently,)))),
    ))  # fmt: skip
    user = User("u-1", Profile({"country": "NO", "age": 40, "app_version": "3.9"}), Activity(), Agenda())
    assert Who(campaign.who).meets(Subject(user, 0, "UTC", {}, {}))


def test_given_five_mistakes_then_all_five_are_reported_with_path_line_and_what_was_meant() -> None:
    found = {
        problem.path: problem
        for problem in problems("""
campaign: cart-reminder
when:
  event: add_to_cart
  unless: {event: purchase, witin: 10m, within: 10}
  zone: Europe/Pari
what:
  titel: Still thinking?
  title: "{{ user.name | upcaze }}"
  body: You
limits: {run: 100}
""")
    }
    assert list(found) == [
        "when.unless.witin", "when.unless.within", "when.zone", "limits.run", "what.titel", "what.title"
    ]  # fmt: skip
    assert found["when.unless.witin"].hint == "did you mean 'within'?"
    assert found["when.unless.within"].hint == "did you mean 10s?"
    assert found["when.zone"].hint == "did you mean 'Europe/Paris'?"
    assert found["limits.run"].hint == "did you mean limits.daily?"
    assert found["what.titel"] == Problem("what.titel", "unknown key 'titel'", "did you mean 'title'?", 8)
    assert found["what.title"].hint == "did you mean 'upcase'?"
    assert (found["when.unless.within"].line, found["limits.run"].line) == (5, 11)


NOT_YET = [
    *[({key: {}}, key) for key in ("goal", "moment", "value", "prompt")],
    *[({key: True}, key) for key in ("amplify", "replace_unopened")],
    ({"channel": "inbox"}, "channel"),
    *[({"when": {"event": "e", key: {}}}, f"when.{key}") for key in ("at", "every")],
    *[({"when": {key: {}}}, f"when.{key}") for key in ("at", "every")],
    *[({"when": {"event": "e", key: True}}, f"when.{key}") for key in ("user_zone", "best_time")],
    *[
        ({"what": {"title": "t", "body": "b", key: {}}}, f"what.{key}")
        for key in ("content", "ios", "web", "variants", "test", "split", "by", "use")
    ],
    ({"what": {"title": "t", "body": "b", "android": {"actions": []}}}, "what.android.actions"),
]


@pytest.mark.parametrize(("parts", "path"), NOT_YET, ids=[path for _, path in NOT_YET])
def test_given_a_key_of_the_contract_that_is_not_built_then_it_alone_is_named_as_not_supported_yet(
    parts: dict[str, Any], path: str
) -> None:
    found = paths_of(a_file(**parts))
    assert list(found) == [path]
    assert found[path].message.endswith("is not supported yet")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"campaign": "Cart"}, "campaign"),
    ({"campaign": 5}, "campaign"),
    ({"campaign": "x" * 65}, "campaign"),
    ({"owner": "nobody"}, "owner"),
    ({"nam": "x"}, "nam"),
    ({"who": 5}, "who"),
    ({"who": []}, "who"),
    ({"who": {}}, "who"),
    ({"who": [{"user": "a", "is": 1}, {"usr": "b", "is": 1}]}, "who[1].usr"),
    ({"who": {"user": "a"}}, "who"),
    ({"who": {"is": "US"}}, "who.user"),
    ({"who": {"user": "a", "is": ["x"]}}, "who.is"),
    ({"who": {"user": "a", "is": None}}, "who.is"),
    ({"who": {"user": "a", "isnt": 1}}, "who.isnt"),
    ({"who": {"user": "a", "gt": "ten"}}, "who.gt"),
    ({"who": {"user": "a", "gt": True}}, "who.gt"),
    ({"who": {"user": "a", "between": [40, 25]}}, "who.between"),
    ({"who": {"user": "a", "between": [1]}}, "who.between"),
    ({"who": {"user": "a", "in": []}}, "who.in"),
    ({"who": {"user": "a", "contains": 5}}, "who.contains"),
    ({"who": {"user": "a", "before": "soon"}}, "who.before"),
    ({"who": {"user": "a", "in_last": "0d"}}, "who.in_last"),
    ({"who": {"user": "a", "is_set": False}}, "who.is_set"),
    ({"who": {"user": "app_version", "gte": 3.1}}, "who.gte"),
    ({"who": {"user": "app_version", "in": ["3.1", "new"]}}, "who.in"),
    ({"who": {"user": "app_version", "between": ["3.1"]}}, "who.between"),
    ({"who": {"all": {}}}, "who.all"),
    ({"who": {"all": [], "any": []}}, "who"),
    ({"who": {"all": [{"none": [5]}]}}, "who.all[0].none[0]"),
    ({"when": {"where": {"a": 1}}}, "when.event"),
    ({"when": {"event": "e", "where": {}}}, "when.where"),
    ({"when": {"event": "e", "where": {"a": [1]}}}, "when.where.a"),
    ({"when": {"event": "e", "where": {"a": {}}}}, "when.where.a"),
    ({"when": {"event": "e", "where": {"a": {"gtee": 1}}}}, "when.where.a.gtee"),
    ({"when": {"event": "e", "unless": {"event": "x"}}}, "when.unless.within"),
    ({"when": {"event": "e", "unless": {"event": "x", "within": "0s"}}}, "when.unless.within"),
    ({"when": {"event": "e", "unless": {"within": "5m"}}}, "when.unless.event"),
    ({"when": {"event": "e", "repeat": "each"}}, "when.repeat"),
    ({"when": {"event": "e", "unless": {"event": "x", "within": "5m"}, "repeat": "once"}}, "when.repeat"),
    ({"when": {"event": "e", "starts": "2026-02-02", "ends": "2026-02-01"}}, "when.ends"),
    ({"when": {"event": "e", "starts": "soon"}}, "when.starts"),
    ({"when": {"event": "e", "quiet": {"from": "21:00", "to": "21:00"}}}, "when.quiet.to"),
    ({"when": {"event": "e", "quiet": {"from": "9pm", "to": "09:00"}}}, "when.quiet.from"),
    ({"when": {"event": "e", "quiet": {"to": "09:00"}}}, "when.quiet.from"),
    ({"when": "add_to_cart"}, "when"),
    ({"when": None}, "when"),
    ({"what": None}, "what"),
    ({"what": {"title": "t"}}, "what.body"),
    ({"what": {"title": "t", "body": "{{ nope.x }}"}}, "what.body"),
    ({"what": {"title": "t", "body": "b", "link": "shop.example"}}, "what.link"),
    ({"what": {"title": "t", "body": "b", "image": "shop://x"}}, "what.image"),
    ({"what": {"title": "t", "body": "b", "ttl": "29d"}}, "what.ttl"),
    ({"what": {"title": "t", "body": "b", "ttl": 3600}}, "what.ttl"),
    ({"what": {"title": "t", "body": "b", "silent": "yes"}}, "what.silent"),
    ({"what": {"title": "t", "body": "b", "data": {"from": "x"}}}, "what.data.from"),
    ({"what": {"title": "t", "body": "b", "data": {"carillon_message": "x"}}}, "what.data.carillon_message"),
    ({"what": {"title": "t", "body": "b", "data": {"n": 5}}}, "what.data.n"),
    ({"what": {"title": "t", "body": "b", "android": {"priority": "urgent"}}}, "what.android.priority"),
    ({"inbox": {}}, "inbox.ttl"),
    ({"inbox": {"ttl": "0s"}}, "inbox.ttl"),
    ({"inbox": {"ttl": "7d", "tags": "offers"}}, "inbox.tags"),
    ({"inbox": {"ttl": "7d", "tags": ["a", "a"]}}, "inbox.tags"),
    ({"inbox": {"ttl": "7d", "colors": {"title": "red"}}}, "inbox.colors.title"),
    ({"inbox": {"ttl": "7d", "colors": {"text": "#222222"}}}, "inbox.colors.text"),
    ({"limits": {"ignore_caps": "no"}}, "limits.ignore_caps"),
]


@pytest.mark.parametrize(("parts", "path"), WRONG, ids=[f"{n}-{path}" for n, (_, path) in enumerate(WRONG)])
def test_given_one_mistake_then_that_one_is_reported_at_its_path(parts: dict[str, Any], path: str) -> None:
    assert list(paths_of(a_file(**parts))) == [path]


def test_given_no_fallback_then_it_is_the_apps_amplification_switch_and_needs_a_ttl_only_where_it_is_on() -> (
    None
):
    """SPEC 9 Surfaces, C113."""
    file = "campaign: c\nwhen: {event: e}\nwhat: {title: t, body: b}\ninbox: {tags: [x]}\n"
    assert only(file).inbox is not None
    assert [problem.path for problem in problems(file)] == ["inbox.ttl"]
    with_ttl = only(file.replace("tags: [x]", "ttl: 7d"), amplify_default=True)
    assert with_ttl.inbox is not None
    assert with_ttl.inbox.fallback
    assert (
        only("campaign: c\nwhen: {event: e}\nwhat: {title: t, body: b}", amplify_default=True).inbox is None
    )


def test_given_dates_without_a_zone_then_they_are_in_the_apps() -> None:
    read = read_campaign(
        a_file(who={"user": "joined", "after": "2026-11-23"}), app_zone="Asia/Tokyo", amplify_default=False
    )
    assert isinstance(read, Campaign)
    assert read.who == Leaf("joined", Operator.AFTER, 1_795_359_600_000)


def test_given_a_silent_push_then_it_needs_no_texts() -> None:
    assert paths_of(a_file(what={"silent": True, "data": {"sync": "cart"}})) == {}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", ""),
        ("- 1", ""),
        ("{test: A purchase cancels, given: [], expect: []}", ""),
        (GOLDEN + "---" + GOLDEN, "campaign"),
    ],
)
def test_given_a_file_that_is_no_campaign_or_the_same_twice_then_it_is_refused(text: str, path: str) -> None:
    assert [problem.path for problem in problems(text)] == [path]


def test_given_several_campaigns_then_all_are_read_or_none() -> None:
    second = GOLDEN.replace("cart-reminder", "second")
    read = load(GOLDEN + "---" + second, app_zone=PARIS, amplify_default=True)
    assert [one.id for one in read if isinstance(one, Campaign)] == ["cart-reminder", "second"]
    assert len(problems(GOLDEN + "---" + second.replace("within: 10m", "within: soon"))) == 1


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=4), st.sampled_from(["10m", "{{ x"])),
    lambda of: st.one_of(
        st.lists(of, max_size=3),
        st.dictionaries(st.sampled_from([
            "campaign", "who", "when", "what", "inbox", "limits", "all", "any", "none", "user", "is", "in", "between",
            "did", "times", "at_least", "exactly", "near", "km", "of", "push", "device", "os", "reachable", "segment",
            "last", "event", "where", "unless", "within", "title", "body", "data", "quiet", "from", "to",
            "ttl", "colors", "tags",
        ]), of, max_size=4),
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(["campaign", "who", "when", "what", "inbox", "limits", "x"]), JSON))
def test_given_any_document_then_a_campaign_or_problems_and_nothing_raised(document: dict[str, Any]) -> None:
    read = read_campaign(document, app_zone=PARIS, amplify_default=True)
    if isinstance(read, Campaign):
        Who(read.who)
        compile_content(read)
    else:
        assert read
        assert all(problem.message for problem in read)


EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("**/*.yaml"))


@pytest.mark.parametrize(
    "path", [path for path in EXAMPLES if "\ncampaign:" in "\n" + path.read_text("utf-8")], ids=str
)
def test_given_an_example_then_it_is_read_without_a_problem(path: Path) -> None:
    read = load(path.read_text("utf-8"), app_zone=PARIS, amplify_default=True)
    assert not any(isinstance(one, Problem) for one in read), [str(one) for one in read]

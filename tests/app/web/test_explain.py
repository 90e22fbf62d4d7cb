"""C151: why a campaign was or was not sent, by API and as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from app.domain.model.campaign import AllOf, Leaf, Operator, Status, When
from app.domain.model.decision import Step
from app.domain.model.event import PushStatus
from app.domain.model.reason import EXPLANATIONS, Reason
from app.domain.model.user import Activity, Device, Profile
from app.turns.actor import Time
from app.web.searching import Found
from tables.catalog import Definition
from tables.users import ACTIVITY, PROFILE
from tests.app.web.asking import Client, json_of, page_of
from tests.app.web.makers import NASTY, a_campaign, a_decision, decisions
from tests.app.web.rig import EVENT_MS, Rig
from tests.app.web.test_console import text_of

PATH = "/api/v1/users/u-1/explain/cart"
PAGE = "/console/users/u-1/explain/cart"


def a_known_user(rig: Rig, **traits: Any) -> None:
    """A user with one device that may be sent to and one that may not, and events at 0 and 1."""
    part = rig.parts["users", 0]
    devices = {"d-1": Device("d-1", "android", "t" * 20, PushStatus.ALLOWED), "d-2": Device("d-2", "web")}
    part.keep(PROFILE, b"u-1", Profile(traits, devices))
    part.keep(ACTIVITY, b"u-1", Activity(recent_offsets=[0, 1]))


def a_priced_campaign(rig: Rig, status: Status = Status.LIVE) -> None:
    """The campaign `cart`, for adults in the US with a cart of 10 and more."""
    a_campaign(rig, status=status)
    who = AllOf((Leaf("country", Operator.IS, "US"), Leaf("age", Operator.GTE, 18)))
    when = When("add_to_cart", where=Leaf("price", Operator.GTE, 10))
    for key, found in rig.catalog.records.definitions.items():
        campaign = replace(found.campaign, who=who, when=when)
        rig.catalog.records.definitions[key] = Definition(campaign, found.text, found.created_ms)


def events(rig: Rig, *properties: dict[str, Any]) -> None:
    """Carts with these properties, a second after the other."""
    rig.events.kept = [
        {"type": "track", "userId": "u-1", "messageId": f"e-{number}", "event": "add_to_cart",
         "timestamp": EVENT_MS / 1000 + number, "properties": each}
        for number, each in enumerate(properties)
    ]  # fmt: skip


async def test_the_api_says_which_condition_and_which_value(client: Client, rig: Rig) -> None:
    a_known_user(rig, country="US", age=30)
    a_priced_campaign(rig)
    events(rig, {"price": 12}, {"price": 4})
    decisions(
        rig, a_decision(Step.QUALIFIED, trigger={"event_id": "e-0"}), a_decision(trigger={"event_id": "e-0"})
    )
    found = await json_of(client, PATH)
    assert (found["verdict"], found["version"], found["status"]) == ("not_sent", 2, "live")
    assert "had price 4, and the campaign asks for price ≥ 10" in found["sentence"]
    assert [(event["id"], event["fate"]) for event in found["events"]] == [
        ("e-1", "no_match"),
        ("e-0", "qualified"),
    ]
    assert found["events"][0]["where"] == {
        "kind": "leaf", "text": "price ≥ 10", "holds": False, "field": "price", "found": 4
    }  # fmt: skip
    assert [part["holds"] for part in found["audience"]["parts"]] == [True, True]
    assert [guard["guard"] for guard in found["guards"]] == [
        "live",
        "in_schedule",
        "before_cut_off",
        "surface",
        "quiet_hours",
        "user_caps",
        "control_group",
        "per_user_limit",
        "campaign_limits",
    ]
    assert [device["reason"] for device in found["devices"]] == [None, "push_unsupported"]
    assert [each["step"] for each in found["decisions"]] == ["sent", "qualified"]


async def test_the_page_says_the_verdict_first_and_then_the_detail(client: Client, rig: Rig) -> None:
    a_known_user(rig, country="FR")
    a_priced_campaign(rig)
    events(rig, {"price": 4}, {"price": 12})
    page = await page_of(client, PAGE)
    text = text_of(page)
    assert "<h1>Not sent: the last add_to_cart came at" in page
    for piece in ("country is US it is FR", "age ≥ 18 it is missing", "no match", "not in audience", "may be sent to",
                  "push_unsupported", "0 of 3 today", "Audience, as of now", "version 2"):  # fmt: skip
        assert piece in text, piece


async def test_reasons_are_told_in_the_marketers_words(client: Client, rig: Rig) -> None:
    a_known_user(rig, country="US", age=30)
    a_priced_campaign(rig)
    events(rig, {"price": 12}, {"price": 12})
    dropped = a_decision(Step.DROPPED, trigger={"event_id": "e-1"}, reason=Reason.USER_CAP)
    decisions(rig, a_decision(Step.QUALIFIED, trigger={"event_id": "e-1"}), dropped)
    found = await json_of(client, PATH)
    assert found["reason"] == "user_cap"
    assert EXPLANATIONS[Reason.USER_CAP].marketer[1:].rstrip(".") in found["sentence"]


async def test_decisions_of_other_campaigns_do_not_speak_for_this_one(client: Client, rig: Rig) -> None:
    a_known_user(rig, country="US", age=30)
    a_priced_campaign(rig)
    decisions(rig, a_decision(campaign="other", trigger={"event_id": "e-1"}))
    found = await json_of(client, PATH)
    assert found["decisions"] == []
    assert found["verdict"] == "not_sent"


async def test_events_that_the_log_has_lost_are_counted(client: Client, rig: Rig) -> None:
    a_known_user(rig)
    a_priced_campaign(rig)
    rig.events.kept = []
    found = await json_of(client, PATH)
    assert (found["events"], found["events_gone"]) == ([], 2)
    assert "None is kept any more" in await page_of(client, PAGE)


async def test_events_of_somebody_else_are_not_shown(client: Client, rig: Rig) -> None:
    """Given that the events topic was made anew, then another's event at an old place is none of this user's."""
    a_known_user(rig)
    a_priced_campaign(rig)
    events(rig, {"price": 1}, {"price": 2})
    for message in rig.events.kept or ():
        message["userId"] = "u-2"
    found = await json_of(client, PATH)
    assert (found["events"], found["events_gone"]) == ([], 2)


async def test_decisions_that_cannot_be_read_take_nothing_else_away(client: Client, rig: Rig) -> None:
    a_known_user(rig, country="US", age=20)
    a_priced_campaign(rig)
    events(rig, {"price": 12}, {"price": 12})
    rig.decisions.kept = None
    found = await json_of(client, PATH)
    assert found["decisions"] is None
    assert "cannot be read at the moment" in found["sentence"]
    assert "The decisions cannot be read at the moment" in await page_of(client, PAGE)


async def test_events_that_cannot_be_read_are_a_reason_to_ask_again(client: Client, rig: Rig) -> None:
    a_known_user(rig)
    a_priced_campaign(rig)
    rig.events.kept = None
    assert "did not give the events" in (await json_of(client, PATH, 503))["detail"]


async def test_who_and_what_nobody_knows_is_said(client: Client, rig: Rig) -> None:
    a_priced_campaign(rig)
    assert "nothing is known of a user 'u-1'" in (await json_of(client, PATH, 404))["detail"]
    a_known_user(rig)
    answer = await json_of(client, PATH.replace("cart", "nope"), 404)
    assert answer["detail"] == "there is no campaign 'nope'"
    assert "There is no campaign" in await page_of(client, PAGE.replace("cart", "nope"), 404)


async def test_a_draft_and_an_ended_campaign_say_so(client: Client, rig: Rig) -> None:
    a_known_user(rig, country="US", age=20)
    for status, piece in (
        (Status.DRAFT, "nothing is sent before it is scheduled"),
        (Status.ENDED, "the campaign ended"),
    ):
        a_priced_campaign(rig, status)
        assert piece in (await json_of(client, PATH))["sentence"]


async def test_under_a_stream_clock_now_is_the_streams(client: Client, rig: Rig) -> None:
    a_known_user(rig)
    a_priced_campaign(rig)
    part = rig.parts["users", 0]
    part.actor.time, part.watermark.stream_ms = Time.STREAM, 1_600_000_000_000
    assert (await json_of(client, PATH))["now_ms"] == 1_600_000_000_000


async def test_nothing_that_came_from_outside_is_markup(client: Client, rig: Rig) -> None:
    a_known_user(rig, country=NASTY)
    a_priced_campaign(rig)
    events(rig, {"price": NASTY}, {"price": NASTY})
    page = await page_of(client, PAGE)
    assert "<script" not in page
    assert "&lt;script&gt;" in page


async def test_a_form_leads_to_the_explanation(client: Client, rig: Rig) -> None:
    for query, place in (
        ("user=u%2F1&campaign=cart", "/console/users/u%2F1/explain/cart"),
        ("campaign=cart", "/console/campaigns/cart"),
        ("user=u-1", "/console/"),
    ):
        async with client.get(f"/console/explain?{query}", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, place)


async def test_a_user_of_another_worker_is_asked_there(tmp_path: Path) -> None:
    """Given a partition that is not here and has no worker, then it is said, and nothing is made up."""
    from aiohttp.test_utils import TestClient, TestServer

    rig = Rig(tmp_path, partitions=(), count=2)
    async with TestClient(TestServer(rig.application())) as client:
        assert "has no worker that is ready" in (await json_of(client, PATH, 503))["detail"]


async def test_where_more_was_decided_it_is_looked_further_back_and_said_how_far(
    client: Client, rig: Rig
) -> None:
    """Given a user with as many decisions as are remembered, then older ones count, too, and the limit is named."""
    a_known_user(rig, country="US", age=30)
    a_priced_campaign(rig)
    events(rig, {"price": 12}, {"price": 12})
    decisions(rig, *[a_decision(id=f"x{n}", campaign="other", trigger={"event_id": "o"}) for n in range(32)])
    older = a_decision(Step.DROPPED, trigger={"event_id": "e-1"}, reason=Reason.USER_CAP)
    rig.search.found = Found((older,), 20_000, EVENT_MS)
    found = await json_of(client, PATH)
    assert (found["reason"], found["verdict"]) == ("user_cap", "not_sent")
    assert found["searched"].startswith(
        "Looked at the last 32 decisions on this user, and at the 20000 records"
    )
    assert "is not searched" in found["searched"]
    assert rig.search.asked == [0]
    assert found["searched"] in text_of(await page_of(client, PAGE))


async def test_where_everything_is_known_nothing_is_searched(client: Client, rig: Rig) -> None:
    a_known_user(rig)
    a_priced_campaign(rig)
    decisions(rig, a_decision(Step.QUALIFIED))
    assert (await json_of(client, PATH))["searched"] == ""
    assert rig.search.asked == []


async def test_the_zone_says_whose_it_is(client: Client, rig: Rig) -> None:
    """C044: a zone that stands in for the user's own is told as such."""
    a_known_user(rig)
    a_priced_campaign(rig)
    assert (await json_of(client, PATH))["zone_source"] == "app"
    assert "the app's: the user's own is not known" in text_of(await page_of(client, PAGE))
    a_known_user(rig, timezone="Asia/Tokyo")
    found = await json_of(client, PATH)
    assert (found["zone"], found["zone_source"]) == ("Asia/Tokyo", "user")

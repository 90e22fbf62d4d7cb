"""What programs ask: users, inboxes, campaigns, and what goes wrong."""

from __future__ import annotations

import pytest

from app.domain.model.campaign import Status
from app.domain.model.decision import Step
from app.domain.model.reason import Reason
from tests.app.web.asking import Client, json_of
from tests.app.web.makers import TOKEN, a_campaign, a_decision, a_user, counts, decisions
from tests.app.web.rig import Rig


async def test_a_user_is_told_with_all_that_is_not_finished(client: Client, rig: Rig) -> None:
    a_user(rig)
    user = await json_of(client, "/api/v1/users/u-1")
    assert (user["id"], user["partition"], user["zone"], user["zone_source"]) == (
        "u-1",
        0,
        "Europe/Paris",
        "app",
    )
    assert [entry["campaign"] for kind in ("waiting", "held", "on_their_way") for entry in user[kind]] == [
        "cart",
        "night",
        "help",
    ]
    assert (user["waiting"][0]["match"], user["on_their_way"][0]["waiting_for"]) == ("cart-7", ["d-1"])
    assert user["reachable"]


async def test_tokens_and_addresses_are_masked(client: Client, rig: Rig) -> None:
    a_user(rig)
    user = await json_of(client, "/api/v1/users/u-1")
    assert user["devices"][0]["token"] == "…9876"
    assert user["traits"]["email"] == "a…@example.com"
    assert TOKEN not in str(user)


async def test_caps_tell_what_is_used_of_them_and_when_a_day_ends(client: Client, rig: Rig) -> None:
    """C031: per day in the user's zone, and rolling."""
    a_user(rig)
    day, rolling = (await json_of(client, "/api/v1/users/u-1"))["caps"]
    midnight_in_paris_ms = 1_700_002_800_000
    assert (day["max"], day["used"], day["per"], day["resets_ms"]) == (3, 2, "day", midnight_in_paris_ms)
    assert (rolling["max"], rolling["used"], rolling["per"], rolling["resets_ms"]) == (5, 2, "7d", None)


async def test_decisions_come_with_the_marketers_sentence_the_last_on_top(client: Client, rig: Rig) -> None:
    a_user(rig)
    dropped = a_decision(Step.DROPPED, reason=Reason.USER_CAP)
    decisions(rig, a_decision(Step.QUALIFIED), dropped, dropped)
    told = (await json_of(client, "/api/v1/users/u-1"))["decisions"]
    assert [each["step"] for each in told] == ["dropped", "qualified"]
    assert told[0]["reason"] == "user_cap"
    assert told[0]["sentence"].startswith("The user has already had")
    assert "device" not in told[0]


async def test_a_user_is_told_without_decisions_where_those_cannot_be_read(client: Client, rig: Rig) -> None:
    a_user(rig)
    rig.parts["tally", 0].restore(at=0, end=9)
    assert (await json_of(client, "/api/v1/users/u-1"))["decisions"] is None


async def test_an_inbox_holds_what_has_not_expired(client: Client, rig: Rig) -> None:
    a_user(rig)
    assert [item["message_id"] for item in await json_of(client, "/api/v1/users/u-1/inbox")] == ["m-5"]


@pytest.mark.parametrize("user", ["nobody", "%3Cb%3E", "a%2Fb%3F"])
async def test_a_user_whom_nobody_knows_is_not_found(client: Client, user: str) -> None:
    answer = await json_of(client, f"/api/v1/users/{user}", 404)
    assert answer["status"] == 404
    assert answer["instance"] == f"/api/v1/users/{user}"


async def test_an_id_may_hold_any_character(client: Client, rig: Rig) -> None:
    a_user(rig, "a/b?c d")
    assert (await json_of(client, "/api/v1/users/a%2Fb%3Fc%20d"))["id"] == "a/b?c d"


async def test_a_state_that_is_restoring_is_not_there_yet(client: Client, rig: Rig) -> None:
    rig.parts["users", 0].restore(at=41, end=100)
    async with client.get("/api/v1/users/u-1") as answer:
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "1"
        assert answer.content_type == "application/problem+json"
        assert "41 %" in (await answer.json(content_type=None))["detail"]


async def test_campaigns_add_their_partitions_up(client: Client, rig: Rig) -> None:
    """C152: qualified = sent + inbox only + dropped + held now; sent = accepted + failed + on its way."""
    a_campaign(rig)
    counts(rig, 0, qualified=9, sent=5, accepted=3, inbox=1, dropped={"user_cap": 2}, held_now=1)
    counts(rig, 1, qualified=3, sent=2, accepted=1, failed={"expired": 1}, dropped={"quiet_hours": 1})
    (campaign,) = await json_of(client, "/api/v1/campaigns")
    told = campaign["counts"]
    assert (told["qualified"], told["sent"], told["accepted"], told["on_their_way"], told["gap"]) == (
        12,
        7,
        4,
        2,
        0,
    )
    assert [(loss["reason"], loss["count"]) for loss in told["dropped"]] == [
        ("user_cap", 2),
        ("quiet_hours", 1),
    ]
    assert told["failed"][0]["technical"]


async def test_one_campaign_tells_status_versions_trigger_and_decisions(client: Client, rig: Rig) -> None:
    a_campaign(rig, status=Status.PAUSED)
    decisions(rig, a_decision())
    campaign = await json_of(client, "/api/v1/campaigns/cart")
    assert (campaign["status"], campaign["version"], campaign["versions"]) == ("paused", 2, [2, 1])
    assert campaign["trigger"] == "on add_to_cart, unless purchase within 10m, 90s later"
    assert [each["step"] for each in campaign["decisions"]] == ["sent"]
    assert (campaign["answered"], campaign["workers"]) == (1, 1)


async def test_counts_outlive_the_catalog(client: Client, rig: Rig) -> None:
    counts(rig, campaign="gone", qualified=1, sent=1)
    assert (await json_of(client, "/api/v1/campaigns/gone"))["status"] is None


async def test_a_campaign_that_nobody_knows_is_not_found(client: Client) -> None:
    assert (await json_of(client, "/api/v1/campaigns/nope", 404))["detail"] == "there is no campaign 'nope'"


async def test_what_is_not_there_is_a_problem_too(client: Client) -> None:
    assert (await json_of(client, "/api/v2/x", 404))["title"] == "Not Found"


async def test_a_bug_is_a_problem_that_tells_nothing(client: Client, rig: Rig) -> None:
    rig.hosts["users"].partitions[0].state = object()
    answer = await json_of(client, "/api/v1/users/u-1", 500)
    assert answer["detail"] == "a bug; the log of this worker has it"

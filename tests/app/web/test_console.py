"""Pages for people, in every state."""

from __future__ import annotations

import re

import pytest

from app.domain.model.campaign import Status
from app.domain.model.decision import Step
from app.domain.model.reason import EXPLANATIONS, Reason
from app.domain.model.user import Activity
from app.turns.ports import Phase
from tables.users import ACTIVITY
from tests.app.web.asking import Client, page_of
from tests.app.web.makers import NASTY, TOKEN, a_campaign, a_decision, a_user, counts, decisions
from tests.app.web.rig import Rig


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


async def test_the_root_leads_to_the_console(client: Client) -> None:
    for path in ("/", "/console"):
        async with client.get(path, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/console/")


async def test_without_campaigns_it_says_how_to_make_one(client: Client) -> None:
    assert "campaign apply --schedule FILE" in await page_of(client, "/console/")


async def test_campaigns_stand_with_their_counts(client: Client, rig: Rig) -> None:
    a_campaign(rig)
    counts(rig, qualified=12_345, sent=12_340, dropped={"user_cap": 5})
    page = text_of(await page_of(client, "/console/"))
    for piece in ("Cart reminder", "live", "12,345", "12,340", "on add_to_cart, unless purchase within 10m"):
        assert piece in page


async def test_counts_that_are_still_being_read_are_marked(client: Client, rig: Rig) -> None:
    rig.stats.is_current = False
    assert "still reading the counts" in await page_of(client, "/console/")


async def test_a_campaign_tells_its_losses_in_the_marketers_words(client: Client, rig: Rig) -> None:
    a_campaign(rig)
    counts(rig, qualified=10, sent=4, accepted=3, dropped={"user_cap": 6}, failed={"expired": 1})
    page = text_of(await page_of(client, "/console/campaigns/cart"))
    assert EXPLANATIONS[Reason.USER_CAP].marketer in page
    assert EXPLANATIONS[Reason.EXPIRED].marketer in page
    assert "40.0 % of 10 qualified" in page
    assert "The sums miss" not in page
    assert "Version 2" in page


async def test_a_share_of_nothing_is_not_available(client: Client, rig: Rig) -> None:
    a_campaign(rig)
    page = text_of(await page_of(client, "/console/campaigns/cart"))
    assert "n/a" in page
    assert "Nobody was dropped." in page


async def test_a_conservation_gap_is_shouted(client: Client, rig: Rig) -> None:
    """C152."""
    a_campaign(rig)
    counts(rig, qualified=10, sent=7)
    assert "The sums miss 3" in text_of(await page_of(client, "/console/campaigns/cart"))


@pytest.mark.parametrize("status", list(Status))
async def test_every_status_has_its_pill(client: Client, rig: Rig, status: Status) -> None:
    a_campaign(rig, status=status)
    assert f">{status}</span>" in await page_of(client, "/console/")


async def test_a_user_stands_with_everything(client: Client, rig: Rig) -> None:
    a_user(rig)
    held = a_decision(Step.HELD, reason=Reason.QUIET_HOURS, until=1_700_000_100_000)
    decisions(rig, held, a_decision(Step.RETRIED, attempt=2, device="d-1"))
    page = text_of(await page_of(client, "/console/users/u-1"))
    for piece in ("push allowed", "Europe/Paris", "2 of 3", "in any 7d", "d-1", "…9876", "cart-7", "a…@example.com",
                  "quiet_hours", "until 2023-11-14 22:15:00", "call 2", "partition 0"):  # fmt: skip
        assert piece in page


async def test_a_user_of_whom_little_is_known_has_a_page_too(client: Client, rig: Rig) -> None:
    rig.parts["users", 0].keep(ACTIVITY, b"u-2", Activity())
    page = text_of(await page_of(client, "/console/users/u-2"))
    for piece in ("No device is known.", "The inbox is empty.", "No message is held back.", "no_device"):
        assert piece in page


async def test_decisions_that_cannot_be_read_take_nothing_else_away(client: Client, rig: Rig) -> None:
    a_user(rig)
    rig.decisions.kept = None
    page = await page_of(client, "/console/users/u-1")
    assert "The decisions cannot be read at the moment" in page


async def test_nothing_that_came_from_outside_is_markup(client: Client, rig: Rig) -> None:
    a_user(rig, NASTY)
    a_campaign(rig, name=NASTY)
    decisions(rig, a_decision(user=NASTY, device=NASTY))
    for path in ("/console/", "/console/campaigns/cart", f"/console/users/{NASTY.replace('/', '%2F')}"):
        page = await page_of(client, path)
        assert "<script" not in page
        assert "&lt;script&gt;" in page
        assert TOKEN not in page


async def test_a_name_that_nobody_knows_gets_a_page_that_says_so(client: Client) -> None:
    for path in ("/console/users/nobody", "/console/campaigns/nope", "/console/x"):
        assert "<h1>Not found</h1>" in await page_of(client, path, 404)


async def test_a_name_that_is_markup_is_not_echoed_as_such(client: Client) -> None:
    assert "<script" not in await page_of(client, "/console/users/%3Cscript%3E", 404)


async def test_a_restore_says_how_far_it_is_and_asks_again(client: Client, rig: Rig) -> None:
    rig.parts["users", 0].restore(at=41, end=100)
    page = await page_of(client, "/console/users/u-1", 503)
    assert "restoring, 41 % so far" in page
    assert 'http-equiv="refresh"' in page


async def test_the_search_leads_to_the_user(client: Client) -> None:
    async with client.get("/console/search?user=+a/b%3F+", allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/console/users/a%2Fb%3F"


async def test_a_search_for_nothing_leads_home(client: Client) -> None:
    async with client.get("/console/search", allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/console/"


async def test_the_cluster_shows_every_partition(client: Client, rig: Rig) -> None:
    rig.parts["fcm", 0].phase = Phase.OPENING
    rig.ends.ends = {("events", 0): 1234}
    page = text_of(await page_of(client, "/console/cluster"))
    for piece in ("1 of 1 worker answered", "users", "1,234", "opening", "this one"):
        assert piece in page


async def test_the_cluster_says_where_kafka_does_not_answer(client: Client, rig: Rig) -> None:
    rig.ends.ends = None
    assert "the lag is not known" in await page_of(client, "/console/cluster")


@pytest.mark.parametrize(
    "path", ["/console/", "/console/campaigns/cart", "/console/users/u-1", "/console/cluster"]
)
async def test_no_page_names_anything_outside_or_runs_anything(client: Client, rig: Rig, path: str) -> None:
    a_user(rig)
    a_campaign(rig)
    page = await page_of(client, path)
    addresses = re.findall(r'(?:href|src|action)="([^"]*)"', page)
    assert addresses
    assert [each for each in addresses if not each.startswith(("/console/", "#"))] == []
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page)
    assert '<html lang="en">' in page

"""A campaign that has paused itself says so, what to do, and whether its owner has been told."""

from __future__ import annotations

import re

import msgspec
import pytest

from app.domain.model.alert import Alert, AlertNote, LimitReached, Posting, Surged
from app.domain.model.campaign import Status
from tests.app.web.asking import Client, json_of, page_of
from tests.app.web.makers import NASTY, a_campaign
from tests.app.web.rig import EVENT_MS, Rig

SURGED = Alert(
    "a-1", "cart", "Cart reminder", EVENT_MS, Surged(EVENT_MS, 612, 100.5, 5.0, 7), "crm@shop.example"
)


def noted(rig: Rig, alert: Alert = SURGED, posting: Posting = Posting.SENT, detail: str = "") -> None:
    rig.catalog.records.alerts["cart"] = AlertNote(alert, posting, EVENT_MS, 1, detail)


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


async def test_a_campaign_that_has_paused_itself_says_what_to_do(client: Client, rig: Rig) -> None:
    a_campaign(rig, status=Status.PAUSED)
    noted(rig)
    page = await page_of(client, "/console/campaigns/cart")
    assert 'role="alert"' in page
    for piece in (
        "far more people than usual",
        "612",
        "campaign resume cart",
        "c…@shop.example has been sent a mail",
    ):
        assert piece in text_of(page)
    assert "crm@shop.example" not in page


async def test_what_is_over_is_told_without_advice(client: Client, rig: Rig) -> None:
    a_campaign(rig)
    noted(rig)
    page = text_of(await page_of(client, "/console/campaigns/cart"))
    assert "paused itself" in page
    assert "campaign resume" not in page


@pytest.mark.parametrize(
    ("posting", "said"),
    [
        (Posting.NO_OWNER, "names no owner"),
        (Posting.NO_PROVIDER, "providers.email is missing"),
        (Posting.UNKNOWN, "whether it arrived is not known"),
        (Posting.WAITING, "tried again: SMTP 451"),
        (Posting.FAILED, "could not be delivered: SMTP 451"),
    ],
)
async def test_a_mail_that_nobody_got_is_told(client: Client, rig: Rig, posting: Posting, said: str) -> None:
    a_campaign(rig, status=Status.ENDED)
    noted(rig, msgspec.structs.replace(SURGED, happening=LimitReached(1000)), posting, "SMTP 451")
    page = text_of(await page_of(client, "/console/campaigns/cart"))
    assert "reached all 1,000 people" in page
    assert said in page
    found = await json_of(client, "/api/v1/campaigns/cart")
    assert (found["alert"]["posting"], found["alert"]["id"]) == (str(posting), "a-1")


async def test_mails_that_nobody_got_are_counted(client: Client, rig: Rig) -> None:
    noted(rig, posting=Posting.NO_OWNER)
    async with client.get("/metrics") as answer:
        lines = (await answer.text()).splitlines()
    found = {line.partition('posting="')[2] for line in lines if line.startswith("carillon_alert_mails{")}
    assert {'no_owner"} 1.0', 'sent"} 0.0', 'failed"} 0.0'} <= found


async def test_nothing_of_an_alert_is_markup(client: Client, rig: Rig) -> None:
    a_campaign(rig, status=Status.PAUSED)
    noted(rig, msgspec.structs.replace(SURGED, name=NASTY), Posting.FAILED, NASTY)
    assert NASTY not in await page_of(client, "/console/campaigns/cart")


async def test_without_an_alert_there_is_none(client: Client, rig: Rig) -> None:
    a_campaign(rig)
    assert (await json_of(client, "/api/v1/campaigns/cart"))["alert"] is None

"""Small makers of what pages show."""

from __future__ import annotations

from typing import Any

from app import wire
from app.domain.model.campaign import Campaign, Content, Status, Unless, When
from app.domain.model.decision import Decision, Step
from app.domain.model.event import PushStatus
from app.domain.model.push import InboxItem, Order, Push, Target
from app.domain.model.user import (
    Activity,
    Agenda,
    CountedPush,
    Device,
    Entry,
    Held,
    OnItsWay,
    Profile,
    Trigger,
    Waiting,
)
from tables.catalog import Definition, Records, Standing, Standings
from tables.inbox import INBOX, UserInbox
from tables.ledger import LEDGER, Delivery, Stage, ledger_key
from tables.stats import OF_CAMPAIGN, OF_USER, CampaignCounts, Counts, Latest
from tables.users import ACTIVITY, AGENDA, PROFILE
from tests.app.web.rig import Rig

NASTY = '<script>alert("1")</script>'
TOKEN = "fcm-token-that-is-a-secret-9876"


def a_user(rig: Rig, user: str = "u-1") -> None:
    """A user with something of everything."""
    key, now_ms = user.encode(), rig.clock.now_ms()
    part = rig.parts["users", 0]
    trigger = Trigger("e-1", "add_to_cart", now_ms - 1000, {})
    device = Device("d-1", "android", TOKEN, PushStatus.ALLOWED, model=NASTY, seen_ms=now_ms)
    profile = Profile({"email": "ann@example.com", "name": NASTY, "vip": True}, {"d-1": device})
    part.keep(PROFILE, key, profile)
    part.keep(
        ACTIVITY, key, Activity(pushes=[CountedPush(now_ms - 5, "m-1"), CountedPush(now_ms - 3, "m-2")])
    )
    entries: list[Entry] = [
        Waiting("cart", 1, "i", now_ms + 600_000, trigger, "cart-7"),
        Held("night", 2, "i", now_ms + 900_000, trigger, "m-3"),
        OnItsWay("help", 1, "m-4", trigger, ["d-1"], title=NASTY),
    ]
    part.keep(AGENDA, key, Agenda(entries))
    item = InboxItem("m-5", "cart", 1, NASTY, "body", now_ms, now_ms + 1000)
    gone = InboxItem("m-6", "cart", 1, "expired", "body", now_ms - 10, now_ms)
    rig.parts["inbox", 0].keep(INBOX, key, UserInbox([item, gone]))


def decisions(rig: Rig, *made: Decision) -> None:
    """These stand in the decisions topic, and the tally knows where."""
    rig.decisions.kept = [wire.encode_decision(decision) for decision in made]
    offsets = Latest(list(range(len(made))))
    for decision in made:
        rig.parts["tally", 0].keep(OF_USER, decision.user.encode(), offsets)
        rig.parts["tally", 0].keep(OF_CAMPAIGN, decision.campaign.encode(), offsets)


def a_decision(step: Step = Step.SENT, user: str = "u-1", **fields: Any) -> Decision:
    given = {
        "id": f"m-1.{step}",
        "at": 1_700_000_000_000,
        "campaign": "cart",
        "version": 1,
        "message_id": "m-1",
    }
    return Decision(**{**given, "user": user, "step": step, **fields})


def a_campaign(rig: Rig, name: str = "Cart reminder", status: Status = Status.LIVE) -> None:
    """The campaign `cart`, in two versions."""
    records: Records = rig.catalog.records
    when = When("add_to_cart", unless=Unless("purchase", 600_000), delay_ms=90_000)
    campaign = Campaign("cart", name, when, Content("t", "b"))
    for version in (1, 2):
        records.definitions["cart", version] = Definition(campaign, f"campaign: cart # {NASTY} v{version}", 5)
    records.standings["cart"] = (Standings(Standing(status, 2)), 1_700_000_000_000)


def counts(rig: Rig, partition: int = 0, campaign: str = "cart", **values: Any) -> None:
    """The tally's counts of one partition."""
    rig.stats._counts[campaign, partition] = CampaignCounts(campaign, partition, Counts(**values)).counts


def a_delivery(rig: Rig, stage: Stage, due_ms: int, message: str = "m-1") -> None:
    """A message in the sender's ledger."""
    order = Order(Push(message, "u-1", "cart", 1, "t", "b"), (), 0)
    delivery = Delivery(stage, 1, due_ms, 0, order, Target("d-1", TOKEN, "android"))
    rig.parts["fcm", 0].keep(LEDGER, ledger_key(message, "d-1"), delivery)

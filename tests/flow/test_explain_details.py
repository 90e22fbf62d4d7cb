"""C151 on what an answer answered, on late carts, and on a campaign's limits as this user would meet them now."""

from __future__ import annotations

from typing import Any

from app.domain.catalog import make_plan
from app.domain.explain.explanation import explain
from app.domain.explain.model import Case, Explained, Fate, GuardAnswer, Lifecycle
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Limits, Repeat, Status, Unless, When
from app.domain.model.quota import FOR_GOOD, Lease, Share
from app.domain.model.reason import Reason
from app.domain.model.user import Activity, Agenda, Profile, User
from app.domain.rules.lease import FAR_MS
from app.domain.rules.plan import Catalog
from tests.domain.makers import a_campaign
from tests.flow.engine import Flow
from tests.flow.explaining import explained
from tests.flow.test_triggers import at, inaction, track

HOURS = AppRules(stream_clock=True, max_lateness_ms=3_600_000)


def said_of(found: Explained, event: str) -> tuple[Fate, str]:
    """What is said of one event."""
    return next((each.fate, each.sentence) for each in found.events if each.id == event)


def test_a_purchase_says_which_timer_it_answered() -> None:
    flow = inaction(match="cart_id")
    flow.feed([track("add_to_cart", 0, "a1", cart_id="c1"), track("purchase", 60, "b1", cart_id="c1")])
    assert said_of(explained(flow), "b1") == (
        Fate.ANSWERS, "it answered the timer of add_to_cart of 2026-11-23 10:00 UTC"
    )  # fmt: skip


def test_a_purchase_after_the_timer_fired_answered_nothing() -> None:
    """Given a reminder that was sent, when the purchase of a time after it comes, then no timer was open."""
    flow = inaction(match="cart_id")
    flow.feed([track("add_to_cart", 0, "a1", cart_id="c1"), track("purchase", 700, "b1", cart_id="c1")])
    fate, sentence = said_of(explained(flow), "b1")
    assert (fate, sentence) == (
        Fate.OTHER,
        "it answered nothing: no timer with cart_id c1 of the user's last events was open then",
    )


def test_a_purchase_that_came_too_late_says_so() -> None:
    """C010t: its own time was early enough, and the message had left when it arrived."""
    flow = inaction()
    flow.feed([track("add_to_cart", 0, "a1"), track("other", 700, "o1"), track("purchase", 599, "b1")])
    assert said_of(explained(flow), "b1") == (
        Fate.ANSWERS, "it came too late: the message had been sent when it arrived"
    )  # fmt: skip


def test_a_late_cart_names_the_later_one_whose_timer_counts() -> None:
    """`restart`: given a cart that the log has after a later one, then the later one's timer counts, and is named."""
    when = When("add_to_cart", unless=Unless("purchase", 600_000), repeat=Repeat.RESTART)
    flow = Flow([a_campaign(when=when)], HOURS)
    flow.feed([track("add_to_cart", 120, "a2"), track("add_to_cart", 0, "late")])
    assert said_of(explained(flow), "late") == (
        Fate.REPLACED,
        "it came after add_to_cart of 2026-11-23 10:02 UTC, a later one, whose timer counts",
    )


def limited(limits: Limits, lease: Lease, reached: int = 0) -> dict[str, GuardAnswer]:
    """What the guards say of a user whom the campaign has reached so often, in a partition with this lease."""
    campaign = a_campaign(limits=limits)
    plan = make_plan(campaign, 1)
    activity = Activity(reached={campaign.id: [f"m{n}" for n in range(reached)]})
    case = Case(
        campaign.id,
        User("u1", Profile(), activity, Agenda()),
        (),
        0,
        Catalog({(campaign.id, 1): plan}, {campaign.id: (Status.LIVE, 1)}),
        Lifecycle(Status.LIVE),
        AppRules(),
        1_795_428_000_000,
        (),
        lease,
    )
    return {answer.guard: answer for answer in explain(case).guards}


def a_share(**fields: Any) -> Lease:
    return Lease({FOR_GOOD: Share(**fields, total=10)})


def test_limits_say_what_is_lent_to_the_users_partition() -> None:
    lease = a_share(available=3, in_flight=2)
    found = limited(Limits(total=10), lease)
    assert found["per_user_limit"].detail == "0 of 1 so far"
    answer = found["campaign_limits"]
    assert (answer.answer, answer.detail) == ("clear", "at most 10 in all; here 3 free, 2 on their way")
    assert lease == a_share(available=3, in_flight=2), "looking changes nothing"


def test_a_user_who_was_reached_is_told_so_and_the_total_by_itself() -> None:
    found = limited(Limits(total=10), a_share(available=3), reached=1)
    assert (found["per_user_limit"].answer, found["per_user_limit"].reason) == ("drop", Reason.PER_USER_LIMIT)
    assert found["campaign_limits"].answer == "clear"


def test_a_total_that_is_spent_drops_and_one_of_which_none_is_free_asks() -> None:
    spent = limited(Limits(total=10), a_share(spent=Reason.TOTAL_LIMIT))["campaign_limits"]
    assert (spent.answer, spent.reason) == ("drop", "total_limit")
    asks = limited(Limits(total=10, daily=2), a_share(head=1, tail=3))["campaign_limits"]
    assert (asks.answer, asks.reason) == ("hold", "total_limit")
    assert "the coordinator, which knows what is left in all, would be asked for one" in asks.detail
    assert asks.until_ms is not None
    assert asks.until_ms < FAR_MS


def test_a_campaign_without_limits_says_that() -> None:
    found = limited(Limits(), Lease())
    assert {found[name].detail for name in ("per_user_limit", "campaign_limits")} == {"the campaign has none"}


def test_a_restarted_timer_names_what_started_it_again() -> None:
    flow = inaction()
    flow.feed([track("add_to_cart", 0, "a1"), track("add_to_cart", 60, "a2")])
    flow.tick(at(100))
    assert said_of(explained(flow), "a1") == (
        Fate.REPLACED, "its timer was started again by add_to_cart of 2026-11-23 10:01 UTC"
    )  # fmt: skip

"""What the comparison has found: each defect of the core as a small world, which both sides must see alike."""

from __future__ import annotations

from tests.plain.compare import difference
from tests.plain.makers import NOON_S, PHONE, a_campaign, a_world, ends, said, switch, tick
from tests.plain.worlds import World

SENT = ("sent", "")


def agreed(world: World) -> list[tuple[str, str]]:
    """How every message ends, once both sides say the same."""
    assert difference(world) == []
    return ends(world)


def an_inaction(within: str = "10m", **more: object) -> dict[str, object]:
    return {"event": "cart", "unless": {"event": "buy", "within": within, "match": "id"}, **more}


def test_a_timer_of_three_hours_keeps_first_though_another_cart_fires_between() -> None:
    """C010 `keep_first`: given carts x, y and x again within T, in order, then x is reminded once."""
    campaign = a_campaign(an_inaction("3h", repeat="keep_first"))
    log = [said("cart", 0, context=PHONE, id="x"), said("cart", 60, id="y"), said("cart", 150, id="x")]
    assert agreed(a_world(campaign, *log)) == [SENT, SENT]


def test_a_cart_within_the_time_of_the_first_is_kept_out_until_it_is_due_itself() -> None:
    """C010 `keep_first`: given y fires after x has, and before the cart that x kept out is due, then that stays out."""
    campaign = a_campaign(an_inaction("1h", repeat="keep_first"))
    log = [said("cart", 0, context=PHONE, id="x"), said("cart", 17, id="y"), said("cart", 37, id="x")]
    assert agreed(a_world(campaign, *log, max_lateness="10m")) == [SENT, SENT]


def test_a_late_trigger_is_capped_by_what_went_out_before_it() -> None:
    """C031: given a push 23 hours before a late cart is due, then it counts, though a day after it one was sent."""
    campaign = a_campaign({"event": "cart", "unless": {"event": "buy", "within": "1h"}, "repeat": "each"})
    log = [said("cart", 0, context=PHONE), said("cart", 1500), tick(1561), said("cart", 1380), tick(1600)]
    caps = [{"max": 2, "per": "24h"}]
    assert agreed(a_world(campaign, *log, caps=caps, max_lateness="6h")) == [
        SENT,
        SENT,
        ("dropped", "user_cap"),
    ]


def test_what_falls_due_while_paused_is_dropped_though_it_would_wait_for_a_launch() -> None:
    """SPEC section 9, Held and delayed: given a timer that is due during a pause, then no launch brings it back."""
    inbox = {"copy": True, "ttl": "7d"}
    log = [said("cart", 0, context=PHONE), switch("paused"), tick(11), switch("live"), said("App Opened", 20)]
    assert agreed(a_world(a_campaign(an_inaction(), inbox=inbox), *log)) == [("dropped", "not_live")]
    assert agreed(a_world(a_campaign(an_inaction(delay="5m")), *log)) == [("dropped", "not_live")]


def test_an_answer_that_is_narrowed_by_time_is_asked_as_of_its_own_time() -> None:
    """C010t: given a late answer that names the last hour, then it cancels as it would have in time."""
    unless = {"event": "buy", "within": "1h", "where": {"seen": {"in_last": "10m"}}}
    seen = NOON_S + 60
    log = [said("cart", 0, context=PHONE), said("other", 30), said("buy", 5, seen=seen)]
    assert agreed(a_world(a_campaign({"event": "cart", "unless": unless}), *log)) == []


def test_an_answer_from_the_time_of_a_pause_meets_a_late_trigger() -> None:
    """C010: given a purchase during a pause and, after it, a late cart from before it, then nothing is sent."""
    log = [switch("paused"), said("buy", 5, context=PHONE, id="x"), switch("live"), said("cart", 1, id="x")]
    assert agreed(a_world(a_campaign(an_inaction()), *log)) == []


def test_an_answer_that_was_known_before_its_trigger_drops_what_is_held() -> None:
    """SPEC section 9: given a purchase after T of a late cart, and hours in between, then it drops at its release."""
    campaign = a_campaign(an_inaction("20m", delay="3h"))
    log = [said("buy", 49, context=PHONE), said("cart", 0, id="x"), said("buy", 125, id="other"), tick(190)]
    assert agreed(a_world(campaign, *log)) == [("dropped", "cancelled")]


def test_the_same_date_told_again_is_the_newest_word() -> None:
    """C011: given a held date, told again, then a late event from before that with another date changes nothing."""
    campaign = a_campaign({"date": {"event": "booked", "property": "leaves"}, "delay": "1h"})
    due, other = NOON_S + 1200, NOON_S + 6000
    log = [
        said("booked", 0, context=PHONE, leaves=due),
        said("booked", 25, leaves=due),
        said("booked", 24, leaves=other),
    ]
    assert agreed(a_world(campaign, *log)) == [SENT]


def test_where_total_and_day_are_both_used_up_the_total_is_the_reason() -> None:
    """C026, C027: a campaign ends at its total, so no day to come would help."""
    campaign = a_campaign({"event": "cart"}, limits={"total": 1, "daily": 1, "per_user": 2})
    log = [said("cart", 0, context=PHONE), said("cart", 1)]
    assert agreed(a_world(campaign, *log)) == [SENT, ("dropped", "total_limit")]


def test_a_device_whose_token_has_moved_is_not_allowed_but_suspended() -> None:
    """C118: given a token that another user brings, then `push: allowed` holds no more for the old device."""
    campaign = a_campaign({"event": "cart"}, who={"push": "allowed"})
    moved = said("other", 1, "another", PHONE)
    assert agreed(a_world(campaign, said("cart", 0, context=PHONE), moved, said("cart", 2))) == [SENT]


def test_the_device_that_spoke_last_is_the_one_though_it_says_nothing_new() -> None:
    """C121, before any launch: given two devices in turn, then the last session is of the one that spoke last."""
    blocked = {"device": {"id": "d2", "type": "android", "token": "t2", "push": "blocked"}}
    campaign = a_campaign({"event": "cart"}, who={"push_last_session": "allowed"})
    log = [said("other", 0, context=PHONE), said("other", 1, context=blocked), said("cart", 2, context=PHONE)]
    assert agreed(a_world(campaign, *log)) == [SENT]
    assert agreed(a_world(campaign, *log, said("cart", 3, context=blocked))) == [SENT]

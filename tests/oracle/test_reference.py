"""The oracle on rows made by hand, with the answers known."""

from __future__ import annotations

import pytest

from tables.inbox import MOST
from tests.oracle.outcome import INBOX_KEEPS, Outcome, boxed, message_ids, retried, shown, summary
from tests.oracle.reference import evaluate
from tests.oracle.rows import epoch_s
from tests.oracle.synthetic import click_log


def row(timestamp: str, event: str, user: str = "user_0000", lifecycle: str = "new") -> dict[str, str]:
    return {"timestamp": f"2024-03-{timestamp}", "event": event, "user_id": user, "user_lifecycle": lifecycle}


def ends(*rows: dict[str, str]) -> list[tuple[str, int, str]]:
    return [(each.campaign, each.row, each.end) for each in evaluate(rows)]


def test_a_cart_without_a_purchase_is_reminded_ten_minutes_later() -> None:
    (outcome,) = evaluate([row("13 10:00:00", "add_to_cart")])
    assert (outcome.end, outcome.at_s) == ("sent", epoch_s("2024-03-13 10:10:00"))


@pytest.mark.parametrize(("answer", "expected"), [("10:09:59", 0), ("10:10:00", 0), ("10:10:01", 1)])
def test_a_purchase_up_to_and_at_the_tenth_minute_cancels(answer: str, expected: int) -> None:
    assert len(ends(row("13 10:00:00", "add_to_cart"), row(f"13 {answer}", "purchase"))) == expected


def test_in_the_same_second_the_order_of_the_file_decides() -> None:
    cart, purchase = row("13 10:00:00", "add_to_cart"), row("13 10:00:00", "purchase")
    assert ends(cart, purchase) == []
    assert ends(purchase, cart) == [("cart-reminder", 1, "sent")]


def test_a_second_cart_starts_the_ten_minutes_again_and_becomes_the_trigger() -> None:
    rows = [row("13 10:00:00", "add_to_cart"), row("13 10:10:00", "add_to_cart")]
    (outcome,) = evaluate(rows)
    assert (outcome.row, outcome.at_s) == (1, epoch_s("2024-03-13 10:20:00"))


def test_a_cart_after_the_reminder_is_reminded_again() -> None:
    assert len(ends(row("13 10:00:00", "add_to_cart"), row("13 10:10:01", "add_to_cart"))) == 2


def test_a_purchase_of_another_user_cancels_nothing() -> None:
    rows = [row("13 10:00:00", "add_to_cart"), row("13 10:05:00", "purchase", "user_0001")]
    assert ends(*rows) == [("cart-reminder", 0, "sent")]


def test_only_new_users_are_welcomed() -> None:
    assert ends(row("13 10:00:00", "promo_page", lifecycle="loyal")) == []
    assert ends(row("13 10:00:00", "promo_page")) == [("welcome-offer", 0, "sent")]


@pytest.mark.parametrize(
    ("asked", "cleared", "held"),
    [
        ("13 08:59:59", "13 09:00:00", True),
        ("13 09:00:00", "13 09:00:00", False),
        ("13 20:59:59", "13 20:59:59", False),
        ("13 21:00:00", "14 09:00:00", True),
        ("14 00:00:00", "14 09:00:00", True),
    ],
)
def test_the_night_owl_waits_for_nine(asked: str, cleared: str, held: bool) -> None:
    (outcome,) = evaluate([row(asked, "wishlist_add")])
    assert (outcome.at_s, outcome.was_held) == (epoch_s(f"2024-03-{cleared}"), held)


def test_the_fourth_push_of_a_day_is_dropped_and_the_next_day_is_free() -> None:
    rows = [row(f"13 10:0{minute}:00", "payment_error") for minute in range(4)]
    rows.append(row("14 00:00:00", "payment_error"))
    assert [end for _, _, end in ends(*rows)] == ["sent", "sent", "sent", "user_cap", "sent"]


def test_a_held_push_counts_on_the_day_on_which_it_is_released() -> None:
    rows = [row("13 22:00:00", "wishlist_add")]
    rows += [row(f"13 22:0{minute}:00", "payment_error") for minute in (1, 2, 3)]
    rows += [row(f"14 08:0{minute}:00", "payment_error") for minute in (1, 2, 3)]
    assert ends(*rows)[-1] == ("night-owl", 0, "user_cap")
    assert [end for _, _, end in ends(*rows)[:-1]] == ["sent"] * 6


def test_an_event_of_the_instant_in_which_a_timer_is_due_goes_first() -> None:
    rows = [row("13 10:00:00", "add_to_cart"), row("13 10:01:00", "payment_error")]
    rows += [row("13 10:02:00", "payment_error"), row("13 10:10:00", "payment_error")]
    assert ends(*rows)[-1] == ("cart-reminder", 0, "user_cap")


def test_timers_of_one_instant_fire_by_campaign() -> None:
    rows = [row("13 08:00:00", "wishlist_add"), row("13 08:50:00", "add_to_cart")]
    assert [campaign for campaign, _, _ in ends(*rows)] == ["cart-reminder", "night-owl"]


def test_timers_of_one_instant_and_campaign_fire_by_the_id_of_their_trigger_as_text() -> None:
    rows = [row("13 01:00:00", "home") for _ in range(8)]
    rows += [row(f"13 02:0{minute}:00", "wishlist_add") for minute in range(4)]
    assert ends(*rows) == [
        ("night-owl", 10, "sent"),
        ("night-owl", 11, "sent"),
        ("night-owl", 8, "sent"),
        ("night-owl", 9, "user_cap"),
    ]


def test_who_has_blocked_gets_the_inbox_at_once_whatever_the_hour_and_the_cap() -> None:
    rows = [row(f"13 23:0{minute}:00", "wishlist_add", "user_0007") for minute in range(5)]
    outcomes = evaluate(rows)
    assert [each.end for each in outcomes] == ["inbox"] * 5
    assert outcomes[0].at_s == epoch_s("2024-03-13 23:00:00")
    assert not any(each.was_held for each in outcomes)
    assert shown(outcomes) == {}


def test_the_last_tick_includes_its_own_instant() -> None:
    cart = [row("13 10:00:00", "add_to_cart")]
    assert len(evaluate(cart, "2024-03-13 10:10:00")) == 1
    assert evaluate(cart, "2024-03-13 10:09:59") == []


def test_what_nothing_has_released_yet_is_held() -> None:
    (outcome,) = evaluate([row("13 22:00:00", "wishlist_add")], "2024-03-14 08:59:59")
    assert (outcome.end, outcome.was_held) == ("held", True)


def test_message_ids_are_derived_from_campaign_user_trigger_and_step() -> None:
    (outcome,) = evaluate([row("13 10:00:00", "payment_error", "user_0042")])
    assert outcome.message_id == "BdQarUgX__D4zD97L1YERK4Y"
    assert message_ids([outcome], "sent")["payment-help"] == {outcome.message_id}


def test_each_token_that_ends_in_3_costs_one_call_more() -> None:
    rows = [row("13 10:00:00", "payment_error", user) for user in ("user_0003", "user_0003", "user_0013")]
    assert retried(evaluate(rows)) == 2


def test_the_summary_counts_each_message_once() -> None:
    outcomes = evaluate(click_log(seed=7, rows=3_000))
    for counts in summary(outcomes, 3_000)["campaigns"].values():
        ended = counts["sent"] + counts["inbox"] + sum(counts["dropped"].values())
        assert counts["qualified"] == ended > 0
    assert len({each.message_id for each in outcomes}) == len(outcomes)


def test_the_same_seed_makes_the_same_rows_and_every_outcome_occurs() -> None:
    rows = click_log(seed=1, rows=2_000)
    assert rows == click_log(seed=1, rows=2_000) != click_log(seed=2, rows=2_000)
    outcomes = evaluate(rows)
    assert {each.end for each in outcomes} == {"sent", "inbox", "user_cap"}
    assert any(each.was_held and each.end == "user_cap" for each in outcomes)


def test_an_inbox_keeps_the_newest_of_what_came_into_it() -> None:
    """Given one more than an inbox keeps, the oldest of that user is not expected there; those of others are."""
    full = [Outcome("payment-help", "user_0007", row, "inbox", row) for row in range(INBOX_KEEPS + 1)]
    other, pushed = (Outcome("payment-help", "user_0017", 1, end, 1) for end in ("inbox", "sent"))
    assert boxed([*full, other, pushed]) == {each.message_id for each in [*full[1:], other]}


def test_an_inbox_keeps_as_many_as_the_oracle_says() -> None:
    assert INBOX_KEEPS == MOST

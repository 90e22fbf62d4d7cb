"""A total is exact and is reached, whatever fails and whoever crashes (C026, C154)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest

from app.domain.model.campaign import Limits, Status
from app.domain.model.mail import Outcome, Result
from app.domain.model.push import Order
from app.domain.model.reason import Reason
from tests.flow.limited import accepts, cart, limited, said
from tests.flow.town import Town

USERS = 60
DAY_S = 86_400


def fails_for(share: float, seed: int) -> Callable[[Order], Outcome]:
    """A push service that refuses some for good, and as many it never answers."""

    def answer(order: Order) -> Outcome:
        dice = random.Random(f"{seed} {order.push.message_id}")
        if dice.random() > share:
            return accepts(order)
        if dice.random() < 0.5:
            return said(order, Result.FAILED, Reason.PROVIDER_REJECTED)
        return said(order, Result.FAILED, Reason.EXPIRED, unanswered=True)

    return answer


def sums(town: Town) -> Counter[str]:
    """How many decisions of each step."""
    return Counter(each["step"] for each in town.decisions)


def demand(town: Town, seed: int, rounds: int = 60) -> None:
    """More and more who qualify, until the campaign ends; a crash after every third turn."""
    dice, numbers = random.Random(seed), iter(range(rounds * USERS))
    for _ in range(rounds):
        if town.status("cart-reminder") is Status.ENDED:
            return
        town.feed(cart(next(numbers)) for _ in range(dice.randint(1, USERS)))
        town.run(crashes=0.3)


@pytest.mark.parametrize("seed", range(12))
def test_a_total_is_reached_exactly_whatever_fails_and_whoever_crashes(seed: int) -> None:
    """Given demand of many times the total, refusals, silence, repeats and crashes, then exactly the total is reached,
    the campaign ends, everybody else is told, and nothing is left open."""
    total = (1, 2, 7, 20)[seed % 4]
    town = Town([limited(total)], partitions=3, seed=seed, answer=fails_for(0.5, seed))
    demand(town, seed)
    found = sums(town)
    assert town.status("cart-reminder") is Status.ENDED
    assert found["accepted"] == total
    assert found["sent"] == found["accepted"] + found["failed"]
    assert found["qualified"] == found["sent"] + found["dropped"]
    assert {each for each in town.steps("dropped") if "limit" not in each} <= {"dropped not_live"}
    assert town.crashes > 0


def exact(seed: int) -> bool:
    """Does a run end at exactly its total?"""
    town = Town([limited(20)], partitions=3, seed=seed, answer=fails_for(0.5, seed))
    try:
        demand(town, seed, rounds=20)
    except AssertionError:
        return False
    return sums(town)["accepted"] == 20 and town.status("cart-reminder") is Status.ENDED


BREAKS = {
    "what is lent is not counted": ("app.domain.rules.quota.lent", lambda _quota: 0),
    "repeats are taken twice": ("app.turns.deciding._Attempt._is_new", lambda _self, _record: True),
    "what fails is not given back": ("app.domain.limit.settle", lambda *_of, used: None),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_build_is_found_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a build that is broken on purpose, then some run does not end at exactly its total."""
    monkeypatch.setattr(*BREAKS[name])
    assert not all(exact(seed) for seed in range(4))


@pytest.mark.parametrize("seed", range(6))
def test_every_day_reaches_its_number_and_the_total_ends_it(seed: int) -> None:
    """Given 20 in all, 6 a day, demand of many times that, refusals, silence, crashes, then 6, 6, 6 and 2 (C027)."""
    town = Town([limited(limits=Limits(20, 6))], partitions=3, seed=seed, answer=fails_for(0.5, seed))
    reached, before = [], 0
    for day in range(5):
        town.feed(cart(1000 * day + number, day * DAY_S + number) for number in range(USERS))
        town.run(crashes=0.3)
        now = sums(town)["accepted"]
        reached.append(now - before)
        before = now
    assert reached == [6, 6, 6, 2, 0]
    assert town.status("cart-reminder") is Status.ENDED
    found = sums(town)
    assert found["qualified"] == found["sent"] + found["dropped"]
    assert town.crashes > 0

"""Campaigns that race for a user's last cap slot never both get it, whatever order grants come in (E4, C031)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from app.domain.model.campaign import Cap
from app.domain.model.mail import Outcome, Result
from app.domain.model.push import Order
from app.domain.model.reason import Reason
from tests.domain.makers import a_campaign
from tests.flow.limited import accepts, cart, limited, said
from tests.flow.town import Town
from tests.integration.notes import note

USERS, EACH, CAP, SEEDS = 9, 3, 2, 25


def most_at_once(decisions: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """For each user the most pushes that counted at any moment: cleared, and not failed for good since."""
    now, most = Counter[str](), Counter[str]()
    for each in decisions:
        if each["step"] == "sent":
            now[each["user"]] += 1
            most[each["user"]] = max(most[each["user"]], now[each["user"]])
        elif each["step"] == "failed":
            now[each["user"]] -= 1
    return most


def fails_now_and_then(dice: random.Random) -> Any:
    """A push service that refuses every fourth message for good: its slot is free again."""

    def answer(order: Order) -> Outcome:
        refused = dice.random() < 0.25
        return said(order, Result.FAILED, Reason.PROVIDER_REJECTED) if refused else accepts(order)

    return answer


def race(seed: int) -> Town:
    """Four campaigns, three of them waiting for grants, three times each for nine users of one day; crashes."""
    dice = random.Random(seed)
    campaigns = [
        limited(60, id="one"),
        limited(5, id="scarce"),
        limited(60, id="three"),
        a_campaign(id="free"),
    ]
    town = Town(campaigns, partitions=3, seed=seed, answer=fails_now_and_then(dice))
    town.caps(Cap(CAP))
    events = [cart(n, 1 + n, f"u{n % USERS}") for n in range(USERS * EACH)]
    while events:
        size = dice.randint(1, 6)
        town.feed(events[:size])
        del events[:size]
        if dice.random() < 0.5:
            town.run(crashes=0.15)
    town.run(crashes=0.15)
    return town


def test_campaigns_that_race_for_the_last_slot_never_both_get_it() -> None:
    """Given a cap of two and four campaigns at once, then nobody ever has three; where one failed, another may go."""
    crashes = capped = freed = 0
    for seed in range(SEEDS):
        town = race(seed)
        most = most_at_once(town.decisions)
        assert max(most.values()) == CAP, seed
        assert len(most) == USERS
        sent = Counter(each["user"] for each in town.decisions if each["step"] == "sent")
        freed += sum(count > CAP for count in sent.values())
        capped += town.steps("dropped").count("dropped user_cap")
        crashes += town.crashes
    note(
        f"races for the last cap slot: {SEEDS} towns, {crashes} crashes, {capped} capped, {freed} users after a failure"
    )
    assert min(crashes, capped, freed) > 0


def test_a_build_that_forgets_the_slot_it_took_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a build that counts no push while another campaign waits, then the race shows it."""
    monkeypatch.setattr("app.domain.deliver.CountedPush", lambda at_ms, _name: a_push_of_long_ago(at_ms))
    assert any(max(most_at_once(race(seed).decisions).values()) > CAP for seed in range(3))


def a_push_of_long_ago(at_ms: int) -> Any:
    from app.domain.model.user import CountedPush

    return CountedPush(at_ms - 48 * 3_600_000, "forgotten")

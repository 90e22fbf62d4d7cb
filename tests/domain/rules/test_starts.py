"""What is remembered of timers that wait no more: as long as it can matter, and no longer (C010t)."""

from __future__ import annotations

from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Repeat, Unless, When
from app.domain.model.user import Agenda, Started
from app.domain.rules import starts
from tables.users import AGENDA
from tests.domain.makers import a_campaign
from tests.flow.engine import Flow
from tests.flow.test_triggers import MINUTE, at, sent, track

HOUR = 60 * MINUTE
RULES = AppRules(max_lateness_ms=HOUR * 1000, stream_clock=True)
OTHER = When("viewed", unless=Unless("ordered", 60_000, "item"), repeat=Repeat.RESTART)


def agenda_of(flow: Flow, user: str = "u1") -> Agenda:
    packed = flow.store.get(AGENDA.prefix + user.encode())
    return Agenda() if packed is None else AGENDA.decode(packed)


def test_what_is_old_goes_with_whatever_happens_next_to_the_user() -> None:
    """Given starts of two campaigns, when an hour later one more timer of one fires, then the old ones are gone."""
    cart = a_campaign(when=When("add_to_cart", unless=Unless("purchase", 600_000, "cart_id")))
    flow = Flow([cart, a_campaign(id="views", when=OTHER)], RULES)
    flow.feed(
        track("add_to_cart", minute * MINUTE, f"a{minute}", cart_id=f"c{minute}") for minute in range(5)
    )
    flow.tick(at(20 * MINUTE))
    assert len(agenda_of(flow).started["cart-reminder"]) == 5
    flow.feed([track("viewed", 2 * HOUR, "v1", item="i1")])
    flow.tick(at(2 * HOUR + 5 * MINUTE))
    assert {name: len(known) for name, known in agenda_of(flow).started.items()} == {"views": 1}


def test_an_answer_takes_what_is_old_with_it() -> None:
    """Given a reminder that was sent, when somebody buys hours later, then nothing is remembered of it."""
    flow = Flow([a_campaign(when=When("add_to_cart", unless=Unless("purchase", 600_000, "cart_id")))], RULES)
    flow.feed([track("add_to_cart", 0, "a1", cart_id="c1")])
    flow.tick(at(11 * MINUTE))
    assert agenda_of(flow).started
    flow.feed([track("purchase", 3 * HOUR, "b1", cart_id="other")])
    assert agenda_of(flow).started == {}


def test_a_long_timer_that_fired_covers_a_late_cart_though_others_were_started_since() -> None:
    """Given `keep_first` over two hours, when a cart of that time comes late, then the one sent covers it."""
    unless = Unless("purchase", 2 * HOUR * 1000, "cart_id")
    campaign = a_campaign(when=When("add_to_cart", unless=unless, repeat=Repeat.KEEP_FIRST))
    flow = Flow([campaign], RULES)
    flow.feed([track("add_to_cart", 0, "a1", cart_id="c1"), track("add_to_cart", 1, "a2", cart_id="c2")])
    flow.tick(at(2 * HOUR + MINUTE))
    flow.feed([track("add_to_cart", 90 * MINUTE, "late", cart_id="c1")])
    flow.tick(at(9 * HOUR))
    assert sorted(sent(flow)) == ["a1", "a2"]


def test_two_ids_remember_the_newest_of_both_once() -> None:
    """Given more than is kept, and some on both sides, then the newest are kept, each once."""
    mine, theirs = ([Started(1, ms) for ms in range(at_ms, at_ms + 50)] for at_ms in (0, 40))
    agenda = Agenda(started={"c": mine})
    starts.join(agenda, {"c": theirs, "d": [Started(1, 7)]})
    assert [each.time_ms for each in agenda.started["c"]] == list(range(26, 90))
    assert agenda.started["d"] == [Started(1, 7)]

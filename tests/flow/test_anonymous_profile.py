"""Traits, zone, devices and tokens of ids that become one person (SPEC section 9, Anonymous; C131)."""

from __future__ import annotations

from app.domain.model.app_rules import AppRules
from app.web.people import look
from tests.domain.makers import a_campaign
from tests.flow.people import People
from tests.flow.test_anonymous import LAPTOP, PHONE, TWO, joins, said


def test_two_anonymous_ids_become_one_user() -> None:
    """Given a phone and a laptop, each before signing in, then the user has both, and traits of the later claim."""
    people = People([], TWO)
    people.feed(said("anon", 0, "e1", device=PHONE, city="Paris", plan="free"))
    people.feed(said("anon-2", 0, "e2", device=LAPTOP, city="Rome"))
    people.feed(joins("ann", "anon-2", 20, plan="pro"), joins("ann", "anon", 10))
    people.settle()
    profile = people.user("ann").profile
    assert profile.traits == {"city": "Rome", "plan": "pro"}
    assert set(profile.devices) == {"phone", "laptop"}
    assert not any(device.suspended for device in profile.devices.values())


def test_a_token_that_has_gone_to_somebody_else_is_not_taken_back() -> None:
    """Given a phone handed to bob before ann claims its anonymous past, then it stays bob's."""
    people = People([a_campaign()], TWO)
    people.feed(said("anon", 0, "e1", device=PHONE))
    people.settle()
    people.feed(said("bob", 10, "e2", device=PHONE))
    people.claim_tokens("users/1")  # bob has it; the anonymous id does not know yet
    people.feed(joins("ann", "anon", 11))
    people.settle()
    assert people.user("ann").profile.devices["phone"].suspended
    assert not people.user("bob").profile.devices["phone"].suspended


def test_a_token_moves_from_the_anonymous_id_to_the_user_and_stays() -> None:
    """Given the same phone under both ids, in any order of mail, then it is not suspended for the user."""
    for first in ("users/0", "users/1"):
        people = People([], TWO)
        people.feed(said("anon", 0, "e1", device=PHONE), said("ann", 10, "e2", device=PHONE))
        people.feed(joins("ann", "anon", 11))
        people.claim_tokens(first)
        people.settle()
        assert not people.user("ann").profile.devices["phone"].suspended, first
        assert people.user("anon").profile.devices == {}


def test_a_user_names_another_zone_and_removes_a_trait() -> None:
    """Given what the user said and took away, then no other id brings it back, before or after."""
    for late in (True, False):
        people = People([], TWO)
        people.feed(
            said("anon", 0, "e1", plan="free", city="Rome") | {"context": {"timezone": "Europe/Rome"}}
        )
        own = said("ann", 5, "e2", city=None) | {"context": {"timezone": "Asia/Tokyo"}}
        first, second = (joins("ann", "anon", 10), own) if late else (own, joins("ann", "anon", 10))
        people.feed(first)
        people.settle()
        people.feed(second)
        people.settle()
        profile = people.user("ann").profile
        assert (profile.traits, profile.zone) == ({"plan": "free"}, "Asia/Tokyo"), late


def test_pages_say_whose_an_id_is_now() -> None:
    """Given an id that was claimed, then whoever looks it up is told whose it is, and the user's other ids."""
    people = People([], TWO)
    people.feed(joins("ann", "anon", 0))
    people.settle()
    views = {}
    for name in ("ann", "anon"):
        number = people.place[name]
        rules = AppRules(stream_clock=True)
        view = look(people.flows[number].state, name, name.encode(), number, 0, rules)
        assert view is not None
        views[name] = (view.forwarded_to, view.other_ids)
    assert views == {"ann": (None, ("anon",)), "anon": ("ann", ())}

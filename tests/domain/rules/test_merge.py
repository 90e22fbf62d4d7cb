"""What two ids of one person know together: examples, and that no order changes it (SPEC section 9, Anonymous)."""

from __future__ import annotations

from copy import deepcopy
from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.domain.model.event import PushStatus
from app.domain.model.history import History
from app.domain.model.user import ID_BYTES, Activity, CountedPush, Device, Inherited, Profile
from app.domain.rules import merge
from tests.domain.makers import a_device, a_profile

WORDS = st.dictionaries(st.sampled_from("xyz"), st.one_of(st.none(), st.integers(0, 9)), max_size=3)
OFFERED = st.lists(
    st.tuples(WORDS, st.integers(0, 3), st.sampled_from(["a", "b", "c"])),
    max_size=4,
    unique_by=lambda o: o[1:],
)


def offer(profile: Profile, said: dict[str, Any], claimed_ms: int, of: str) -> None:
    """Another id said all this."""
    for name, value in said.items():
        merge.inherit(profile, name, Inherited(value, claimed_ms, of))


def own(profile: Profile, said: dict[str, Any]) -> None:
    """The user's own message, as `identify` has it."""
    profile.traits |= {name: value for name, value in said.items() if value is not None}
    for name, value in said.items():
        if value is None:
            profile.traits.pop(name, None)
    merge.own_traits(profile, said)


@given(word=WORDS, offers=OFFERED, at=st.integers(0, 4), order=st.randoms(use_true_random=False))
def test_traits_do_not_depend_on_the_order(
    word: dict[str, Any], offers: list[Any], at: int, order: Any
) -> None:
    """Given the user's own word and those of other ids, in any order, then the same traits."""
    shuffled = list(offers)
    order.shuffle(shuffled)
    profile = Profile()
    for place, (said, claimed_ms, of) in enumerate(shuffled):
        if place == at:
            own(profile, word)
        offer(profile, said, claimed_ms, of)
    if at >= len(shuffled):
        own(profile, word)
    expected: dict[str, Any] = {}
    for said, _, _ in sorted(offers, key=lambda o: o[1:]):
        expected |= said
    expected |= word
    assert profile.traits == {name: value for name, value in expected.items() if value is not None}


def test_what_a_profile_hands_on_keeps_the_rank_of_whoever_said_it() -> None:
    """Given a trait inherited from a later claim than the id's own, then the later claim's value is handed on."""
    profile = a_profile(city="Rome", plan="free")
    merge.inherit(profile, "city", Inherited("Paris", 9, "a"))
    assert profile.traits["city"] == "Rome"
    said = merge.said_by(profile, "b", 5)
    assert (said["city"], said["plan"]) == (Inherited("Paris", 9, "a"), Inherited("free", 5, "b"))


def test_a_device_is_as_the_later_message_says_in_any_order() -> None:
    """Given three views of one phone, then any order of joining them gives the latest."""
    views = [a_device(seen_ms=at_ms, app_version=str(at_ms), token=f"t{at_ms}") for at_ms in (1, 2, 3)]
    for first, second, third in permutations(views):
        assert merge.one_device(merge.one_device(first, second), third) == views[2]


def test_a_later_view_without_a_token_keeps_the_earlier_one() -> None:
    """Given a later report that brings no token and says nothing of push, then the device stays reachable."""
    earlier, later = a_device(seen_ms=1), Device("d-1", "android", seen_ms=2, app_version="2")
    joined = merge.one_device(later, earlier)
    assert (joined.token, joined.push, joined.app_version) == ("token", PushStatus.ALLOWED, "2")
    assert merge.one_device(replace(later, push=PushStatus.BLOCKED), earlier).push is PushStatus.BLOCKED


def test_a_device_is_suspended_only_where_both_views_are() -> None:
    """Given one token under two ids, of which one lost it to the other, then the person has it."""
    lost, has = a_device(seen_ms=2, suspended=True), a_device(seen_ms=1)
    assert not merge.one_device(lost, has).suspended
    assert merge.one_device(lost, replace(lost, seen_ms=1)).suspended


def test_counters_add_up_and_a_repeated_join_changes_nothing() -> None:
    """Given pushes, answers and messages of limited campaigns of two ids, then each counts once."""
    mine = Activity(b"m" * ID_BYTES, [7], [CountedPush(2, "p2")], {"k": [(5, "*")]}, {"c": ["p2"]})
    theirs = Activity(
        b"t" * ID_BYTES,
        [9],
        [CountedPush(1, "p1"), CountedPush(2, "p2")],
        {"k": [(3, "=1"), (5, "*")]},
        {"c": ["p1", "p2"], "other": ["p3"]},
    )
    merge.join_activity(mine, theirs)
    once = deepcopy(mine)
    assert [push.message_id for push in mine.pushes] == ["p1", "p2"]
    assert mine.answers == {"k": [(3, "=1"), (5, "*")]}
    assert mine.reached == {"c": ["p1", "p2"], "other": ["p3"]}
    assert mine.recent_ids == theirs.recent_ids + b"m" * ID_BYTES
    assert mine.recent_offsets == [7]
    merge.join_activity(mine, theirs)
    assert mine == once


def test_every_part_of_a_user_has_its_place_in_a_merge() -> None:
    """Given a field that is added to a user's parts, then whoever adds it says how two ids share it."""
    listed = ("recent_ids", "recent_offsets", "pushes", "answers", "reached", "whereabouts", "session")
    assert Activity.__struct_fields__ == listed
    assert History.__struct_fields__ == ("counters",)
    assert Profile.__struct_fields__ == ("traits", "devices", "zone", "locale", "kin")
    described = {"platform", "token", "push", "suspended", "seen_ms", "id", *merge._DESCRIBED}
    assert set(Device.__struct_fields__) == described

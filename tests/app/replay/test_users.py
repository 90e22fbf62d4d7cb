"""Users in memory: packed and unpacked, they are who they were."""

from __future__ import annotations

from app.domain.model.history import Counter
from app.domain.model.user import CountedPush, Held, Trigger, User
from app.replay.users import Users
from tests.domain.makers import a_device

TRIGGER = Trigger("e1", "cart", 5, {"price": 3})


def changed(user: User, number: int) -> None:
    user.profile.traits["n"] = number
    user.profile.devices["d"] = a_device("d")
    user.history.counters["k"] = Counter(total=number)
    user.activity.pushes = [CountedPush(number, "m")]
    user.agenda.entries.append(Held("c", 1, "e1", number, TRIGGER, "m"))


def test_a_user_that_was_packed_comes_back_whole() -> None:
    users = Users(live=10)
    for number in range(100):
        changed(users.get(f"u{number}"), number)
    assert len(users) == 100
    assert len(users._packed) >= 80
    for number in range(100):
        user = users.get(f"u{number}")
        assert user.profile.traits == {"n": number}
        assert user.history.counters == {"k": Counter(total=number)}
        assert user.profile.devices == {"d": a_device("d")}
        assert user.activity.pushes == [CountedPush(number, "m")]
        assert user.agenda.entries == [Held("c", 1, "e1", number, TRIGGER, "m")]
    assert sorted(users) == sorted(f"u{number}" for number in range(100))


def test_who_is_seen_again_and_again_stays_live() -> None:
    users = Users(live=10)
    regular = users.get("regular")
    for number in range(200):
        users.get(f"u{number}")
        assert users.get("regular") is regular


def test_a_user_that_cannot_be_packed_is_kept_as_it_is() -> None:
    users = Users(live=2)
    odd = users.get("odd")
    odd.profile.traits["n"] = 1 << 100
    for number in range(20):
        users.get(f"u{number}")
    assert users.get("odd") is odd
    assert len(users) == 21

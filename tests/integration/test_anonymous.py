"""Anonymous users become known ones while workers are killed: no push twice, no timer lost (SPEC section 9)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from app.domain.rules.identity import message_id
from app.partitioning import partition_of
from tests.integration.fixtures import Systems
from tests.integration.judging import ids_of, unfinished
from tests.integration.notes import note
from tests.integration.system import System
from tests.integration.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

PEOPLE = 120
REMINDER = """\
campaign: reminder
when:
  event: cart
  unless: {event: purchase, within: 10m}
what: {title: Still there?, body: Your cart is}
"""
HELLO = """\
campaign: hello
when: {event: hello}
what: {title: Hello, body: There}
"""


@pytest.fixture
def system(shared_systems: Systems) -> System:
    """Two partitions, two workers, two campaigns."""
    made = shared_systems.make(partitions=2)
    made.start_sink()
    made.settings(caps=[])
    made.done("setup")
    files = [made.write("reminder.yaml", REMINDER), made.write("hello.yaml", HELLO)]
    made.done("campaign", "apply", "--schedule", *files)
    made.start_workers(2)
    return made


def said(who: str, name: str, second: int, **message: Any) -> tuple[str, dict[str, Any]]:
    """A message under an id, in the first hour."""
    time = f"2026-11-23T10:{second // 60:02d}:{second % 60:02d}Z"
    number = f"{name}-{message.get('event', message.get('type'))}-{second}"
    return name, {"type": "track", who: name, "messageId": number, "timestamp": time} | message


def before(number: int) -> list[tuple[str, dict[str, Any]]]:
    """What an anonymous user did: a phone, and a cart."""
    device = {"id": f"d{number}", "type": "android", "token": f"tok-{number}", "push": "allowed"}
    return [said("anonymousId", f"anon-{number}", 1, event="cart", context={"device": device})]


def after(number: int) -> list[tuple[str, dict[str, Any]]]:
    """Who it was; every third buys at once. An event is still on its way under the old id."""
    name = f"user-{number}"
    found = [said("userId", name, 60, type="identify", anonymousId=f"anon-{number}", traits={})]
    if number % 3 == 0:
        found.append(said("userId", name, 61, event="purchase"))
    return [*found, said("anonymousId", f"anon-{number}", 62, event="hello")]


def expected() -> Counter[str]:
    """The message ids that must be sent, each once: the reminder under the user's id."""
    reminders = (n for n in range(PEOPLE) if n % 3)
    found = Counter(message_id("reminder", f"user-{n}", f"anon-{n}-cart-1") for n in reminders)
    return found


def test_no_push_twice_and_no_timer_lost_though_workers_are_killed(system: System) -> None:
    """Given 120 carts before signing in, when both workers are killed amid the claims, then each is reminded once."""
    places = [
        [partition_of(f"{kind}-{n}".encode(), 2, "murmur2") for kind in ("anon", "user")]
        for n in range(PEOPLE)
    ]
    assert 0 < sum(first != second for first, second in places) < PEOPLE
    system.feed(message for n in range(PEOPLE) for message in before(n))
    system.settle()
    mail = system.kafka.end(system.topics.users_mail)
    system.feed(message for n in range(PEOPLE) for message in after(n))
    until(lambda: system.kafka.end(system.topics.users_mail) > mail, 60, "claims are under way", 0.005)
    for number in (0, 1):
        system.workers[number].kill()
    left = system.kafka.end(system.topics.users_mail) - mail
    for number in (0, 1):
        system.start_worker(number)
    system.wait_until_ready()
    system.settle()
    ended = system.kafka.end(system.topics.users_mail) - mail
    note(f"anonymous: 2 workers killed after {left} of {ended} pieces of mail")
    assert left < ended
    system.tick("2026-11-23T11:00:00Z")
    system.settle()
    decisions = system.decisions()
    reminders = [each for each in decisions if each["campaign"] == "reminder"]
    assert Counter(ids_of(reminders, "sent")) == expected()
    hellos = Counter(each["trigger"]["event_id"] for each in decisions if each["step"] == "qualified")
    assert all(hellos[f"anon-{n}-hello-62"] == 1 for n in range(PEOPLE))
    assert not unfinished(decisions)
    assert not system.dead_letters()
    taken = Counter(line["message"] for line in system.received() if line["service"] == "fcm")
    assert taken.keys() == set(ids_of(decisions, "sent"))

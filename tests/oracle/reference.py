"""The demo's four campaigns, one user after the other, by plain loops over sorted rows and timers.

The rules are those of the demo's description, read literally: a timer is decided as of its due time, after
every event of that same instant; the last tick includes its own; three pushes a calendar day (UTC), counted
on the day on which each is cleared; who has blocked gets the inbox item at once, at any hour, outside caps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.oracle.outcome import Outcome
from tests.oracle.rows import Row, epoch_s, in_order

LAST_TICK = "2024-07-02 00:00:00"
PATIENCE_S = 10 * 60
DAY_S = 24 * 60 * 60
NIGHT_FROM_S = 21 * 60 * 60
NIGHT_TO_S = 9 * 60 * 60
PUSHES_PER_DAY = 3


@dataclass(frozen=True, order=True)
class Timer:
    """Sorted as timers fire: by due time, then campaign, then the trigger's id as text."""

    due_s: int
    campaign: str
    trigger: str
    row: int


@dataclass
class User:
    """All that one user's rows have led to so far."""

    name: str
    timers: list[Timer] = field(default_factory=list)
    cleared: Counter[int] = field(default_factory=Counter)
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def has_blocked(self) -> bool:
        """Whether this user's one device refuses pushes."""
        return self.name.endswith("7")


def evaluate(fields: Iterable[Mapping[str, str]], last_tick: str = LAST_TICK) -> list[Outcome]:
    """Return the outcome of every message that these CSV rows lead to, up to and with the last tick."""
    reference = Reference()
    for row in in_order(fields):
        reference.take(row)
    return reference.end(last_tick)


class Reference:
    """Takes rows one by one, in their order; keeps of each user only what may still matter."""

    def __init__(self) -> None:
        self._users: dict[str, User] = {}

    def take(self, row: Row) -> None:
        """Let one row count, and before it whatever was due."""
        user = self._users.get(row.user)
        if user is None:
            user = self._users[row.user] = User(row.user)
        fire(user, before_s=row.at_s)
        decide(user, row)

    def end(self, last_tick: str = LAST_TICK) -> list[Outcome]:
        """The last tick; the outcome of every message, those of each user in order."""
        for user in self._users.values():
            fire(user, before_s=epoch_s(last_tick) + 1)
            user.outcomes += [
                Outcome(timer.campaign, user.name, timer.row, "held", timer.due_s, was_held=True)
                for timer in user.timers
                if timer.campaign == "night-owl"
            ]
        return [outcome for user in self._users.values() for outcome in user.outcomes]


def decide(user: User, row: Row) -> None:
    """Let one row count."""
    if row.event == "add_to_cart":
        stop_waiting(user)
        set_timer(user, row.at_s + PATIENCE_S, "cart-reminder", row)
    if row.event == "purchase":
        stop_waiting(user)
    if row.event == "payment_error":
        push(user, "payment-help", row.number, row.at_s)
    if row.event == "promo_page" and row.lifecycle == "new":
        push(user, "welcome-offer", row.number, row.at_s)
    if row.event == "wishlist_add":
        push_by_day(user, row)


def set_timer(user: User, due_s: int, campaign: str, row: Row) -> None:
    """Let this row come back to the user's mind at that time."""
    user.timers.append(Timer(due_s, campaign, f"row-{row.number}", row.number))


def stop_waiting(user: User) -> None:
    """Forget the cart that waits; rows come in order: a purchase seen now is within its ten minutes."""
    user.timers = [timer for timer in user.timers if timer.campaign != "cart-reminder"]


def fire(user: User, before_s: int) -> None:
    """Let every timer that is due earlier than that happen, in order."""
    if not user.timers:
        return
    due = sorted(timer for timer in user.timers if timer.due_s < before_s)
    user.timers = [timer for timer in user.timers if timer.due_s >= before_s]
    for timer in due:
        push(user, timer.campaign, timer.row, timer.due_s, was_held=timer.campaign == "night-owl")


def push_by_day(user: User, row: Row) -> None:
    """At night, keep the push until nine; who has blocked does not wait for the day."""
    second_of_day = row.at_s % DAY_S
    if user.has_blocked or NIGHT_TO_S <= second_of_day < NIGHT_FROM_S:
        push(user, "night-owl", row.number, row.at_s)
        return
    midnight = row.at_s - second_of_day
    morning = midnight + NIGHT_TO_S if second_of_day < NIGHT_TO_S else midnight + DAY_S + NIGHT_TO_S
    set_timer(user, morning, "night-owl", row)


def push(user: User, campaign: str, row: int, at_s: int, was_held: bool = False) -> None:
    """Send, unless the user has blocked (inbox) or has had the day's pushes (dropped)."""
    day = at_s // DAY_S
    if user.has_blocked:
        end = "inbox"
    elif user.cleared[day] >= PUSHES_PER_DAY:
        end = "user_cap"
    else:
        user.cleared[day] += 1
        end = "sent"
    user.outcomes.append(Outcome(campaign, user.name, row, end, at_s, was_held))

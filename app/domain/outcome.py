"""The fourth question: what became of it? Settles a message on its way from what its devices report."""

from __future__ import annotations

from msgspec import Struct

from app.domain.model.mail import Outcome, Result
from app.domain.model.quota import NOT_COUNTED
from app.domain.model.user import OnItsWay, User
from app.domain.rules.identify import forget_token


class Settled(Struct, frozen=True):
    """The message has ended: a device took it (`accepted`), or none did.

    `unanswered`: it counts as accepted because a call was never answered, and it is one of a limited number (C026).
    """

    entry: OnItsWay
    accepted: bool
    unanswered: bool = False


def settle(user: User, outcome: Outcome) -> Settled | None:
    """Take one device's result in; None where the message goes on, or has ended before.

    The first device that takes the message settles it as accepted; it fails only when every device has (C135, C152).
    """
    if outcome.result is Result.GONE:
        forget_token(user, outcome.device, outcome.token)
    entry = _find(user, outcome.message_id)
    if entry is None:
        return None
    if outcome.device in entry.waiting_for:
        entry.waiting_for = [device for device in entry.waiting_for if device != outcome.device]
        user.agenda_changed = True
    accepted = outcome.result is Result.ACCEPTED
    if outcome.unanswered and not accepted:
        entry.is_doubtful = True
    if not accepted and entry.waiting_for:
        return None
    user.agenda.entries = [other for other in user.agenda.entries if other is not entry]
    user.agenda_changed = True
    unanswered = not accepted and entry.is_doubtful and entry.period != NOT_COUNTED
    if not accepted and not unanswered:
        give_back(user, outcome.message_id)
    return Settled(entry, accepted or unanswered, unanswered)


def give_back(user: User, message_id: str) -> None:
    """A push that failed for good no longer counts against the caps (SPEC section 9, Surfaces)."""
    pushes = user.activity.pushes
    kept = [push for push in pushes if push.message_id != message_id]
    if len(kept) != len(pushes):
        user.activity.pushes = kept
        user.activity_changed = True


def _find(user: User, message_id: str) -> OnItsWay | None:
    for entry in user.agenda.entries:
        if isinstance(entry, OnItsWay) and entry.message_id == message_id:
            return entry
    return None

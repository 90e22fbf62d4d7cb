"""Alerts in words: what happened, in figures, what to do about it, and by which command."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import assert_never

from msgspec import Struct

from app.domain.model.alert import Alert, LimitReached, Posting, SafetyCheck, Surged
from app.domain.rules.identity import LENGTH
from app.domain.rules.privacy import contact
from app.domain.rules.zones import local

COMMAND = "python -m app campaign"


class Words(Struct, frozen=True):
    """An alert as a person reads it; `figures` are (label, value), `commands` stand each on a line of its own."""

    subject: str
    happened: str
    figures: tuple[tuple[str, str], ...]
    advice: str
    commands: tuple[str, ...]


def alert_id(campaign: str, kind: str, of: str) -> str:
    """The name of an alert. `of` tells two of one kind apart."""
    name = f"alert\x00{campaign}\x00{kind}\x00{of}".encode()
    return urlsafe_b64encode(sha256(name).digest())[:LENGTH].decode("ascii")


def words(alert: Alert) -> Words:
    """What the owner reads."""
    match alert.happening:
        case Surged():
            return _surged(alert, alert.happening)
        case LimitReached(total):
            return Words(
                f"{alert.name} has reached its limit and ended",
                f"The campaign {alert.name} has reached all {total:,} people that its limit allows, and has ended.",
                (("Limit in all", f"{total:,}"), ("Ended", _time(alert.at_ms, alert.zone))),
                "There is nothing to do. To reach more people, apply the campaign under another id.",
                (f"{COMMAND} show {alert.campaign}",),
            )
        case SafetyCheck(qualified, limit):
            return Words(
                f"{alert.name} was paused by its safety check: nobody was sent anything",
                f"More people qualified for {alert.name} than its safety check allows. Nothing was sent, and the "
                "campaign is paused.",
                (("Qualified", f"{qualified:,}"), ("Allowed", f"{limit:,}")),
                "Look at who qualifies. If so many are right, let it go on:",
                _resume(alert),
            )
        case other:
            assert_never(other)


def _surged(alert: Alert, surged: Surged) -> Words:
    usual = f"{surged.usual:,.1f}".removesuffix(".0")
    base = (
        f"as the campaign says, times {surged.times:g}"
        if surged.days == 0
        else f"mean of {surged.days} day{'s' if surged.days > 1 else ''}, times {surged.times:g}"
    )
    return Words(
        f"{alert.name} paused itself: far more people than usual qualified",
        f"Since {_time(surged.hour_ms, alert.zone)}, {surged.qualified:,} people qualified for {alert.name}. That is "
        "far above its usual rate, so it has paused itself. What falls due while it is paused is not sent.",
        (
            ("Qualified in this hour", f"{surged.qualified:,}"),
            ("Usual in such an hour", f"{usual} ({base}, is where it pauses)"),
            ("Paused", _time(alert.at_ms, alert.zone)),
        ),
        "Look at what happened: a mistake in an app may send events that mean nothing. If so many are right, let it "
        "go on; those who have qualified so far are not counted again:",
        _resume(alert),
    )


def _resume(alert: Alert) -> tuple[str, ...]:
    return f"{COMMAND} show {alert.campaign}", f"{COMMAND} resume {alert.campaign}"


def _time(time_ms: int, zone: str) -> str:
    return f"{local(time_ms, zone):%Y-%m-%d %H:%M} ({zone})"


def posted(posting: Posting, owner: str | None, detail: str) -> str:
    """What became of the mail, for whoever looks at the campaign; the address is masked."""
    whom = "nobody" if owner is None else contact(owner)
    match posting:
        case Posting.SENT:
            return f"{whom} has been sent a mail."
        case Posting.WAITING:
            return f"The mail to {whom} is not out yet and is tried again: {detail}"
        case Posting.UNKNOWN:
            return (
                f"A mail to {whom} left, and whether it arrived is not known; it is not sent again. {detail}"
            )
        case Posting.FAILED:
            return f"The mail to {whom} could not be delivered: {detail}"
        case Posting.NO_OWNER:
            return "Nobody was sent a mail: the campaign names no owner with an e-mail address."
        case Posting.NO_PROVIDER:
            return "Nobody was sent a mail: the setting providers.email is missing."
        case other:
            assert_never(other)

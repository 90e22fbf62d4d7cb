"""With which device the user opened the app last: the permission of the last session is that device's (C121)."""

from __future__ import annotations

from app.domain.model.event import Event
from app.domain.model.user import Activity, Device, Session, User

OPENED = frozenset({"App Opened", "Application Opened"})


def learn_session(activity: Activity, event: Event) -> None:
    """The app was opened; of several times the latest counts."""
    report, known = event.said.device, activity.session
    if report is not None and (known is None or event.time_ms >= known.time_ms):
        activity.session = Session(report.id, event.time_ms)


def is_of_last_session(user: User, device: Device) -> bool:
    """Was the app opened with this device last? Where no such event has come: is it the one that spoke last?"""
    session = user.activity.session
    if session is not None:
        return session.device == device.id
    return device.seen_ms == max(each.seen_ms for each in user.profile.devices.values())

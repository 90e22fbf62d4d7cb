"""Where a user was last, and whether that is near something (C018-C019)."""

from __future__ import annotations

from collections.abc import Sequence
from math import asin, cos, radians, sin, sqrt

from app.domain.model.event import Said
from app.domain.model.user import Activity, Whereabouts

EARTH_KM = 6371.0088
"""The mean radius; distances on a sphere are right to half a per cent."""


def learn_place(activity: Activity, said: Said, time_ms: int) -> None:
    """Take in where an event says that its user is; of several the one with the latest time counts."""
    if not said.is_placed:
        return
    known = activity.whereabouts
    if known is None:
        known = activity.whereabouts = Whereabouts()
    if said.place is not None and (known.place is None or time_ms >= known.place_ms):
        known.place, known.place_ms = said.place, time_ms
    if said.position is not None and (known.position is None or time_ms >= known.position_ms):
        known.position, known.position_ms = said.position, time_ms


def is_near(known: Whereabouts | None, km: float, points: Sequence[tuple[float, float]]) -> bool:
    """Is the last position within so many kilometres of one of the points? Not where there is none."""
    if known is None or known.position is None:
        return False
    here = (known.position.latitude, known.position.longitude)
    return any(distance_km(here, point) <= km for point in points)


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Along the great circle between two points, (latitude, longitude) in degrees."""
    (south, west), (north, east) = one, other
    across = sin(radians(north - south) / 2) ** 2
    along = cos(radians(south)) * cos(radians(north)) * sin(radians(east - west) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(across + along)))

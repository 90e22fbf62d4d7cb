"""What must hold: comparisons, groups of conditions, and what a user did, where they are, what their devices are.

Under `where` a condition is about the properties of an event: leaves and groups only. Under `who` it is about a user
and one of their devices.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct

from app.domain.model.event import PushStatus


class Operator(StrEnum):
    """How a value is compared (CONTRACT section 2)."""

    IS = "is"
    IS_NOT = "is_not"
    IN = "in"
    NOT_IN = "not_in"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    BETWEEN = "between"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    INCLUDES = "includes"
    BEFORE = "before"
    AFTER = "after"
    IN_LAST = "in_last"
    IS_SET = "is_set"
    IS_NOT_SET = "is_not_set"


class Leaf(Struct, frozen=True, tag="leaf"):
    """A leaf: `field` of the subject compared with `operand`. Times and durations are milliseconds."""

    field: str
    operator: Operator
    operand: Any = None


class AllOf(Struct, frozen=True, tag="all"):
    """Every one holds."""

    of: tuple[Condition, ...]


class AnyOf(Struct, frozen=True, tag="any"):
    """At least one holds."""

    of: tuple[Condition, ...]


class NoneOf(Struct, frozen=True, tag="none"):
    """Not one holds."""

    of: tuple[Condition, ...]


class Did(Struct, frozen=True, tag="did"):
    """Past behaviour (C012): the user did `event` so many times, from `least` to `most`, within `within_ms` up to now.

    `most` None: no upper bound; `within_ms` None: ever. `first` and `last`: what must hold of the first and the last
    time ever.
    """

    event: str
    where: Condition = AllOf(())
    least: int = 1
    most: int | None = None
    within_ms: int | None = None
    first: tuple[Leaf, ...] = ()
    last: tuple[Leaf, ...] = ()


class Near(Struct, frozen=True, tag="near"):
    """The user's last position is within `km` of one of these points, (latitude, longitude) in degrees (C019).

    `cities`: what the last of the points are called, where the file named cities.
    """

    km: float
    points: tuple[tuple[float, float], ...]
    cities: tuple[str, ...] = ()


class OfDevice(Struct, frozen=True, tag="device"):
    """A comparison with a field of the device (C021): it holds for a device, not for a user."""

    test: Leaf


class PushIs(Struct, frozen=True, tag="push"):
    """The push status of the device; with `last_session` of the device with which the app was opened last (C121)."""

    status: PushStatus
    last_session: bool = False


class IsReachable(Struct, frozen=True, tag="reachable"):
    """The device may be sent to now (C127)."""


class InSegment(Struct, frozen=True, tag="segment"):
    """What the saved segment of this name says, in the version in force when it is asked (C007)."""

    name: str


Condition = Leaf | AllOf | AnyOf | NoneOf | Did | Near | OfDevice | PushIs | IsReachable | InSegment
EVERYONE = AllOf(())

"""What the whole app has decided for every campaign: zone, caps, lateness, which clock counts, and the throttle."""

from __future__ import annotations

from msgspec import Struct

from app.domain.model.campaign import Cap


class Throttle(Struct, frozen=True):
    """At most `max` user-messages in each interval of `every_ms`, aligned to the clock (C049)."""

    max: int
    every_ms: int


class AppRules(Struct, frozen=True):
    """`max_lateness_ms` is measured against the record's time, under a stream clock against the stream's."""

    zone: str = "UTC"
    caps: tuple[Cap, ...] = ()
    max_lateness_ms: int = 3_600_000
    stream_clock: bool = False
    throttle: Throttle | None = None

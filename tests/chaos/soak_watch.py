"""The watchdog at soak size: half an hour without a fault, in which it must not say a word."""

from __future__ import annotations

from tests.chaos.soaking import Fault, Found, Given, broker_in
from tests.chaos.watching import watch_clean_run

CLEAN_S = 1800.0


def clean_run(given: Given) -> Found:
    """No fault strikes but those that a sound installation goes through: a slow provider, workers that come and go."""
    with broker_in(given.folder) as bootstrap:
        watched = watch_clean_run(bootstrap, given.folder / "apps", given.seed, given.seconds or CLEAN_S)
    figures = {"messages": watched.messages, "run_seconds": round(watched.seconds, 1), "found": watched.told}
    return Found(watched.changes, watched.wrong, figures)


FAULTS = (Fault("watch", "a clean run of 30 minutes under the watchdog's own limits", 32, clean_run),)

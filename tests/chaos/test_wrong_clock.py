"""A worker whose machine is ten minutes ahead (C21): what is due fires by the brokers' clock."""

from __future__ import annotations

import pytest

from app.clock import now_ms
from tests.chaos.broken import program
from tests.integration.fixtures import Systems
from tests.integration.judging import ids_of
from tests.integration.notes import note
from tests.integration.system import System
from tests.integration.test_wall_clock import events, reminding
from tests.integration.waiting import until

pytestmark = [pytest.mark.chaos, pytest.mark.integration, pytest.mark.timeout(180)]


WITHIN_MS = 8_000


def waited_ms(system: System, *build: str) -> int:
    """How long after a cart was left its reminder was decided, by a worker of this build."""
    system.start_workers(1, program(*build))
    left_ms = now_ms()
    system.feed(events("left", "cart"))
    until(lambda: ids_of(system.decisions(), "sent"), 60, "the reminder", 0.2)
    waited = now_ms() - left_ms
    note(f"a clock ten minutes ahead ({', '.join(build)}): reminded after {waited} of {WITHIN_MS} ms")
    return waited


def test_a_worker_that_is_ahead_fires_nothing_early(systems: Systems) -> None:
    """Given a machine ten minutes ahead and a cart, then the reminder comes after its time, and is accepted."""
    system = reminding(systems, WITHIN_MS)
    assert waited_ms(system, "ten_minutes_ahead") >= WITHIN_MS
    until(lambda: ids_of(system.decisions(), "accepted"), 30, "the push service took it")


def test_a_build_that_believes_its_own_clock_is_found_out(systems: Systems) -> None:
    """Given the same machine and a build that does not listen to brokers, then the reminder comes too early."""
    assert waited_ms(reminding(systems, WITHIN_MS), "ten_minutes_ahead", "believe_own_clock") < WITHIN_MS

"""Timer churn (C23): what is due first costs the same after most of a great many timers were cancelled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.churn import HoardingIndex, PlainIndex, churn
from tests.integration.notes import note

COUNT = 120_000

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]


def test_first_due_is_found_without_the_store_after_the_churn(tmp_path: Path) -> None:
    """Given many armed, 99 % cancelled, then the store is not read for each look, memory and disk hold what waits."""
    found = churn(tmp_path, COUNT, seed=111)
    note(f"timer churn: {COUNT} armed and cancelled: {found}")
    assert found.wrongs() == []
    assert found.live > COUNT // 200


def test_an_index_that_asks_the_store_each_time_is_found_out(tmp_path: Path) -> None:
    """Given an index without its heap, then the same check sees what deletions cost it."""
    assert any("first due" in wrong for wrong in churn(tmp_path, COUNT // 8, 112, PlainIndex).wrongs())


def test_an_index_that_hoards_what_is_cancelled_is_found_out(tmp_path: Path) -> None:
    """Given an index that keeps cancelled entries in memory, then the same check counts them."""
    assert any("in memory" in wrong for wrong in churn(tmp_path, COUNT, 113, HoardingIndex).wrongs())

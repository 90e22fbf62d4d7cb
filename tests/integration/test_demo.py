"""The demo as a person starts it: its summary is the oracle's, with any number of workers."""

from __future__ import annotations

import json

import pytest

from app.demo.dataset import load
from app.demo.errors import UNREACHABLE, DemoError
from tests.integration.process import run
from tests.oracle.outcome import comparable, summary
from tests.oracle.reference import evaluate

ROWS = 4_000


@pytest.mark.integration
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_summary_is_that_of_the_oracle(broker: str, workers: int) -> None:
    """Given a broker, when the demo runs once, then it ends with 0 and tells exactly the oracle's numbers."""
    try:
        rows = load()[:ROWS]
    except DemoError as error:
        if error.exit_code != UNREACHABLE:
            raise
        pytest.skip(str(error))
    options = ("--once", "--json", "--rows", str(ROWS), "--workers", str(workers))
    said = run({"CARILLON_KAFKA": broker}, "demo", *options, limit_s=240)
    assert said.code == 0, said
    told = json.loads(said.out)
    assert comparable(told) == summary(evaluate(row._asdict() for row in rows), ROWS)

"""The demo's numbers over the whole public log: what `make demo` must arrive at."""

from __future__ import annotations

from typing import Any

import pytest

from app.demo.dataset import Row, load
from app.demo.errors import UNREACHABLE, DemoError
from tests.oracle.outcome import message_ids, shown, summary
from tests.oracle.reference import evaluate

COUNTS = {
    "cart-reminder": {"qualified": 1115, "held": 0, "sent": 990, "capped": 10, "inbox": 115},
    "night-owl": {"qualified": 812, "held": 93, "sent": 717, "capped": 13, "inbox": 82},
    "payment-help": {"qualified": 119, "held": 0, "sent": 102, "capped": 9, "inbox": 8},
    "welcome-offer": {"qualified": 183, "held": 0, "sent": 157, "capped": 2, "inbox": 24},
}


@pytest.fixture(scope="module")
def log() -> list[Row]:
    try:
        return load()
    except DemoError as error:
        if error.exit_code != UNREACHABLE:
            raise
        pytest.skip(str(error))


def test_the_numbers_of_the_demo(log: list[Row]) -> None:
    told: dict[str, Any] = summary(evaluate(row._asdict() for row in log), len(log))
    found = {
        campaign: {
            "qualified": counts["qualified"],
            "held": counts["held"],
            "sent": counts["sent"],
            "capped": counts["dropped"]["user_cap"],
            "inbox": counts["inbox"],
        }
        for campaign, counts in told["campaigns"].items()
    }
    assert (told["events"], told["retried"], found) == (31_106, 58, COUNTS)


def test_every_message_has_a_name_of_its_own(log: list[Row]) -> None:
    outcomes = evaluate(row._asdict() for row in log)
    assert len(shown(outcomes)) == sum(counts["sent"] for counts in COUNTS.values())
    assert sum(len(ids) for ids in message_ids(outcomes).values()) == len(outcomes)

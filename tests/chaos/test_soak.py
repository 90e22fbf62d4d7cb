"""The harness of soak size: what it says of a fault that held, that broke, that raised, and that never struck."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import soak
from tests.chaos.soaking import Fault, Found, Given


def line_of(found: Found | Exception, tmp_path: Path) -> dict[str, object]:
    """What a fault that finds this is told to be."""

    async def strike(given: Given) -> Found:
        assert given.seed == 7
        if isinstance(found, Exception):
            raise found
        return found

    return soak.run(Fault("C0", "made up", 0, strike), Given(7, tmp_path))


def test_a_promise_that_held(tmp_path: Path) -> None:
    told = line_of(Found(3, [], {"events": 5}), tmp_path)
    told.pop("seconds")
    assert told == {"fault": "C0", "seed": 7, "kept": True, "violations": [], "strikes": 3, "events": 5}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Found(3, ["2 missing"], {}), "2 missing"),
        (Found(0, [], {}), "the fault never struck"),
        (RuntimeError("no broker"), "RuntimeError: no broker"),
    ],
)
def test_a_promise_that_was_broken(found: Found | Exception, said: str, tmp_path: Path) -> None:
    told = line_of(found, tmp_path)
    assert (told["kept"], told["violations"]) == (False, [said])


def test_every_fault_has_a_name_of_its_own_and_says_what_it_is() -> None:
    known = soak.faults()
    assert all(name == fault.name and fault.about for name, fault in known.items())

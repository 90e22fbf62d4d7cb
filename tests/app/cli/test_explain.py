"""`explain`: the verdict first, for people and machines; what is missing in the worker's own words (C151)."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from app.domain.explain.model import Explained
from app.domain.model.campaign import Leaf, NoneOf, Operator, When
from app.domain.model.mail import Result
from app.web.explained import ExplainedView
from app.web.told import tell_all
from tests.app.cli.invoking import Commands
from tests.app.cli.test_web_client import a_worker
from tests.domain.makers import a_campaign
from tests.flow.engine import Flow
from tests.flow.explaining import decisions_of, explained
from tests.flow.test_explain import answer
from tests.flow.test_triggers import track

PATH = "/api/v1/users/u1/explain/cart-reminder"


def an_answer(**changes: Any) -> str:
    """What a worker says of a user whose last cart was too cheap, after one that was sent."""
    who = NoneOf((Leaf("plan", Operator.IS, "free"),))
    flow = Flow([a_campaign(who=who, when=When("add_to_cart", where=Leaf("price", Operator.GTE, 10)))])
    flow.feed(
        [
            track("add_to_cart", 0, "a1", price=12),
            track("other", 1, "o1"),
            track("add_to_cart", 2, "a2", price=4),
        ]
    )
    answer(flow, Result.ACCEPTED)
    found: Explained = explained(flow)
    told = tuple(tell_all(decisions_of(flow, "cart-reminder", "u1")))
    view = ExplainedView(**(msgspec.structs.asdict(found) | {"decisions": told} | changes))
    return msgspec.json.encode(view).decode()


def test_the_verdict_comes_first_and_the_detail_after_it(alone: Commands) -> None:
    with a_worker({PATH: (200, an_answer())}) as web:
        said = alone.run("explain", "--user", "u1", "--campaign", "cart-reminder", CARILLON_WEB=web)
    assert said.code == 0
    first, *rest = said.out.splitlines()
    assert first.startswith("Not sent: the last add_to_cart of 2026-11-23 10:00:02 UTC had price 4")
    text = "\n".join(rest)
    for piece in ("no  price ≥ 10  (it is 4)", "[no_match]", "[other]", "[qualified]", "yes none of",
                  "no  plan is free  (it is missing)", "Is the campaign live?", "d1 (android): may be sent to",
                  "qualified", "sent"):  # fmt: skip
        assert piece in text, piece


def test_for_machines_it_is_what_the_worker_says(alone: Commands) -> None:
    told = an_answer()
    with a_worker({PATH: (200, told)}) as web:
        found = alone.done("explain", "--user", "u1", "--campaign", "cart-reminder", CARILLON_WEB=web)
    assert found == json.loads(told)


def test_what_is_empty_or_cannot_be_read_is_said(alone: Commands) -> None:
    for decisions, piece in ((None, "they cannot be read at the moment"), ((), "nothing")):
        told = an_answer(timers=(), events=(), events_gone=2, devices=(), decisions=decisions)
        with a_worker({PATH: (200, told)}) as web:
            out = alone.run("explain", "--user", "u1", "--campaign", "cart-reminder", CARILLON_WEB=web).out
        assert piece in out
        assert "2 of them are no longer in the log" in out


def test_who_is_missing_is_said_by_the_worker(alone: Commands) -> None:
    problem = json.dumps(
        {"status": 404, "detail": "nothing is known of a user 'u1': no event of theirs has come"}
    )
    with a_worker({PATH: (404, problem)}) as web:
        said = alone.run("explain", "--user", "u1", "--campaign", "cart-reminder", CARILLON_WEB=web)
    assert said.code == 3
    assert "error: Nothing is known of a user 'u1': no event of theirs has come." in said.errors


def test_without_user_and_campaign_it_is_wrong_usage(alone: Commands) -> None:
    assert alone.run("explain", "--user", "u1").code == 2

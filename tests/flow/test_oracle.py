"""The whole core against an independent computation: the same log, the same messages (C150, C156)."""

from __future__ import annotations

from collections import defaultdict

import pytest

from app.demo import dataset, replay
from app.domain.files.campaign import load
from app.domain.model.campaign import Campaign
from tests.flow.engine import Flow
from tests.oracle import outcome, reference, synthetic

EXAMPLES = ("cart-reminder", "payment-help", "welcome-offer", "night-owl")


def demo_campaigns() -> list[Campaign]:
    """The campaigns of the demo, from their files."""
    campaigns: list[Campaign] = []
    for name in EXAMPLES:
        with open(f"examples/demo/{name}.yaml", encoding="utf-8") as file:
            loaded = load(file.read(), app_zone="UTC", amplify_default=False)
        campaigns += [campaign for campaign in loaded if isinstance(campaign, Campaign)]
    assert len(campaigns) == len(EXAMPLES)
    return campaigns


@pytest.mark.parametrize("seed", range(40))
def test_decisions_equal_an_independent_computation(seed: int) -> None:
    """Given a seeded click log in turns of some size, then exactly the oracle's messages are sent, kept or dropped."""
    rows = synthetic.click_log(seed, 400)
    flow = Flow(demo_campaigns(), turn_size=1 + (seed * 13) % 97)
    flow.feed(message for _, message in replay.messages(dataset.in_order(rows)))
    flow.tick("2024-07-02T00:00:00Z")
    ends: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for decision in flow.decisions():
        ends[decision.get("reason", "") if decision["step"] == "dropped" else decision["step"]][
            decision["campaign"]
        ].add(decision["message_id"])
    outcomes = reference.evaluate(rows)
    for end in ("sent", "inbox", "user_cap"):
        expected = {name: ids for name, ids in outcome.message_ids(outcomes, end).items() if ids}
        assert {name: ids for name, ids in ends[end].items() if ids} == expected, f"seed {seed}: {end}"

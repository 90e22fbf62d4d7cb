"""What the import contracts cannot say while a module does not exist yet, and for chains that they except."""

from functools import cache
from pathlib import Path

import grimp
import pytest

CHECKOUT = Path(__file__).parents[2]
SHARED = {"transports.base", "transports.http"}


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(
        "app", "agents", "tables", "transports", include_external_packages=True, cache_dir=None
    )


def below(package: str) -> set[str]:
    return {package, *graph().find_descendants(package)} & graph().modules


def reached(start: str, targets: set[str]) -> list[tuple[str, ...]]:
    """Return the chains of imports from one module to any of the targets."""
    known = graph().modules
    if start not in known:
        return []
    found = [graph().find_shortest_chain(start, target) for target in targets & known]
    return [chain for chain in found if chain is not None]


@pytest.mark.parametrize("module", ["app.turns.partition", "app.turns.turn", "app.turns.timers"])
def test_the_turn_reaches_no_framework_by_any_chain(module: str) -> None:
    assert reached(module, {"faust", "mode", "aiokafka", "rocksdict"}) == []


def test_transports_know_nothing_of_engine_topics_and_turns() -> None:
    above = {"app.engine", "app.topics", "app.turns", "app.worker"}
    chains = [chain for module in sorted(below("transports")) for chain in reached(module, above)]
    assert chains == []


def test_transports_meet_nobody() -> None:
    folders = sorted(graph().find_children("transports") - SHARED)
    for folder in folders:
        others = {module for other in folders if other != folder for module in below(other)}
        assert [chain for module in sorted(below(folder)) for chain in reached(module, others)] == []

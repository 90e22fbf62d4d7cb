"""Partitions are shared out evenly, nobody is left out while there are enough, and none moves without need."""

from __future__ import annotations

from typing import Any

import faust
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from hypothesis import given
from hypothesis import strategies as st

from app.turns.assignor import EvenAssignor, share

NAMES = st.sampled_from("abcdefgh")
CLAIMS = st.dictionaries(NAMES, st.sets(st.integers(0, 12)), min_size=1)


class Cluster:
    """Every topic has so many partitions."""

    def __init__(self, count: int) -> None:
        self.count = count

    def partitions_for_topic(self, _topic: str) -> set[int]:
        """All of them."""
        return set(range(self.count))


def an_assignor(name: str) -> EvenAssignor:
    app = faust.App("shares", broker="kafka://127.0.0.1:1", canonical_url=f"http://{name}:1")
    return EvenAssignor(app, replicas=1)


def rebalance(
    members: dict[str, tuple[EvenAssignor, set[str]]], count: int
) -> dict[str, dict[str, list[int]]]:
    """The first leads; each takes what it is given, and says so the next time."""
    asked = {name: assignor.metadata(topics) for name, (assignor, topics) in members.items()}
    sent = {name: ConsumerProtocolMemberMetadata.decode(each.encode()) for name, each in asked.items()}
    cluster: Any = Cluster(count)
    given_out = next(iter(members.values()))[0].assign(cluster, sent)
    for name, (assignor, _) in members.items():
        assignor.on_assignment(given_out[name])
    return {name: dict(each.assignment) for name, each in given_out.items()}


@given(CLAIMS, st.integers(0, 12))
def test_every_partition_has_one_owner_and_shares_differ_by_one_at_most(
    claims: dict[str, set[int]], count: int
) -> None:
    """Given any claims, stale and doubled ones among them, then all is shared out, and evenly."""
    found = share(claims, count)
    assert found.keys() == claims.keys()
    assert sorted(each for has in found.values() for each in has) == list(range(count))
    sizes = [len(has) for has in found.values()]
    assert max(sizes) - min(sizes) <= 1


@given(CLAIMS, st.integers(0, 12))
def test_what_is_even_already_stays_where_it_is(claims: dict[str, set[int]], count: int) -> None:
    """Given shares that were given out, when nobody came or went, then the same again."""
    found = share(claims, count)
    assert share(found, count) == found


@given(st.integers(1, 7), st.integers(0, 24))
def test_a_member_that_joins_takes_its_share_and_nothing_else_moves(members: int, count: int) -> None:
    """Given even shares, when one more joins, then others lose only what it gets."""
    before = share({str(each): () for each in range(members)}, count)
    after = share(before | {"new": []}, count)
    moved = [each for name, has in before.items() for each in has if each not in after[name]]
    assert sorted(moved) == sorted(after["new"])
    assert len(after["new"]) == count // (members + 1)


def test_a_third_worker_gets_one_of_four_partitions() -> None:
    """Given two workers with two partitions each, when a third joins, then it gets one, the same one of each topic."""
    members = {name: (an_assignor(name), {"in", "mail"}) for name in ("one", "two")}
    rebalance(members, 4)
    members["three"] = (an_assignor("three"), {"in", "mail"})
    found = rebalance(members, 4)
    assert sorted(len(each["in"]) for each in found.values()) == [1, 1, 2]
    assert all(each["in"] == each["mail"] for each in found.values())
    assert rebalance(members, 4) == found


def test_a_topic_that_only_some_subscribe_to_is_shared_among_them() -> None:
    """Given a worker without the pushes' actor, then the others share its topic, and all share the rest."""
    members = {name: (an_assignor(name), {"in", "sends"}) for name in ("one", "two")}
    members["plain"] = (an_assignor("plain"), {"in"})
    found = rebalance(members, 6)
    assert {name: len(each["in"]) for name, each in found.items()} == {"one": 2, "two": 2, "plain": 2}
    assert {name: len(each.get("sends", ())) for name, each in found.items()} == {
        "one": 3,
        "two": 3,
        "plain": 0,
    }

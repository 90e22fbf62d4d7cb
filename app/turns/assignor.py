"""How the group's partitions are shared out: evenly, nobody without one while there are enough, with few moves.

Faust's own way keeps what members have up to the larger share; a worker that joins two with two partitions each may
then get nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from faust.assignor.client_assignment import ClientAssignment
from faust.assignor.partition_assignor import PartitionAssignor


def share(claims: Mapping[str, Collection[int]], count: int) -> dict[str, list[int]]:
    """Who gets which of so many partitions. `claims`: what each member has; one that two claim stays with the first."""
    taken: set[int] = set()
    kept: dict[str, list[int]] = {}
    for member in sorted(claims):
        kept[member] = sorted(each for each in set(claims[member]) - taken if each < count)
        taken.update(kept[member])
    least, over = divmod(count, len(kept))
    favoured = set(sorted(kept, key=lambda member: -len(kept[member]))[:over])
    sizes = {member: least + (member in favoured) for member in kept}
    kept = {member: have[: sizes[member]] for member, have in kept.items()}
    free = iter(sorted(set(range(count)) - {each for have in kept.values() for each in have}))
    return {
        member: sorted([*have, *(next(free) for _ in range(sizes[member] - len(have)))])
        for member, have in kept.items()
    }


class EvenAssignor(PartitionAssignor):
    """Faust's assignor with our shares. Topics that the same members subscribe to are shared out alike; no standbys."""

    def _perform_assignment(self, cluster: Any, member_metadata: Any) -> Any:
        members = {name: self._get_client_metadata(each) for name, each in member_metadata.items()}
        topics = {name: list(each.subscription) for name, each in member_metadata.items()}
        assigned = {name: ClientAssignment(actives={}, standbys={}) for name in members}
        groups = self._get_copartitioned_groups(
            {each for has in topics.values() for each in has}, cluster, topics
        )
        number_of: dict[str, int] = {}
        for number, (count, together) in enumerate(sorted(groups.items())):
            for alike in together:
                number_of.update(dict.fromkeys(alike, number))
                claims = {
                    name: _claimed(members[name].assignment, alike)
                    for name in members
                    if alike.issubset(topics[name])
                }
                for name, share_of in share(claims, count).items():
                    assigned[name].actives.update({topic: list(share_of) for topic in sorted(alike)})
        self._update_member_urls(members)
        changelogs = self._get_changelog_distribution(assigned)
        external = self._get_external_topic_distribution(assigned)
        return self._protocol_assignments(assigned, changelogs, external, number_of)


def _claimed(assignment: ClientAssignment, topics: Collection[str]) -> set[int]:
    return {each for topic in topics for each in assignment.actives.get(topic, ())}

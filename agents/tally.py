"""tally: adds up the decisions of every campaign, and remembers where the latest ones stand.

Tells the coordinator once a turn how many more qualified, by hour (C161).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from app import wire
from app.domain.model.decision import Step
from app.domain.model.surge import Qualified
from app.domain.rules.surge import hour_of
from app.topics import Topics, coordinator_of
from app.turns.actor import Read
from app.turns.mailbox import Mailbox
from app.turns.partition import Partition
from app.turns.table import Table
from app.turns.turn import Turn
from tables.stats import COUNTS, LATEST, OF_CAMPAIGN, OF_USER, TABLES, CampaignCounts, Counts, Latest

S = TypeVar("S")


class TallyActor(Mailbox):
    """One partition of decisions."""

    tables = TABLES

    def __init__(self, partition: Partition, topics: Topics, partitions: int) -> None:
        super().__init__(partition, topics)
        self._partitions = partitions
        self._qualified: dict[str, dict[int, int]] = {}
        self._turn: Turn | None = None
        self._touched: dict[Table[Any], dict[bytes, Any]] = {}

    def read(self, record: Any) -> Read:
        """A decision."""
        return Read(wire.decode_decision(record.value))

    def step(self, turn: Turn, record: Any, read: Read) -> None:
        """Count it, and note its place for its user and its campaign."""
        campaign = read.message.campaign.encode()
        self._live(turn, COUNTS, campaign, Counts).add(read.message)
        for table, key in ((OF_USER, record.key), (OF_CAMPAIGN, campaign)):
            offsets = self._live(turn, table, key, Latest).offsets
            offsets.append(record.offset)
            if len(offsets) > LATEST:
                del offsets[:-LATEST]
        if read.message.step is Step.QUALIFIED:
            hours, hour_ms = self._qualified.setdefault(read.message.campaign, {}), hour_of(read.message.at)
            hours[hour_ms] = hours.get(hour_ms, 0) + 1

    def _live(self, turn: Turn, table: Table[S], key: bytes, make: Callable[[], S]) -> S:
        """A value as this turn leaves it; put down once a turn."""
        if turn is not self._turn:
            self._turn, self._touched, self._qualified = turn, {}, {}
        touched = self._touched.setdefault(table, {})
        value: S | None = touched.get(key)
        if value is None:
            value = touched[key] = turn.get(table, key) or make()
        return value

    def finish(self, turn: Turn) -> None:
        """Put down what was counted, and publish the counts of the campaigns that this turn touched."""
        if turn is not self._turn:
            return
        for table, values in self._touched.items():
            for key, value in values.items():
                turn.put(table, key, value)
        for campaign, counts in self._touched.get(COUNTS, {}).items():
            value = CampaignCounts(campaign.decode(), self.partition.number, counts)
            key = b"%b/%d" % (campaign, self.partition.number)
            turn.send(self.topics.stats, key, msgspec.json.encode(value))
        for name, hours in self._qualified.items():
            key, mail = name.encode(), wire.encode_pack(Qualified(name, hours))
            turn.send(self.topics.campaigns_mail, key, mail, coordinator_of(key, self._partitions))

"""tally: adds up the decisions of every campaign, and remembers where the latest ones stand."""

from __future__ import annotations

from typing import Any

import msgspec

from app import wire
from app.turns.actor import Read
from app.turns.mailbox import Mailbox
from app.turns.turn import Turn
from tables.stats import COUNTS, LATEST, OF_CAMPAIGN, OF_USER, TABLES, CampaignCounts, Counts, Latest


class TallyActor(Mailbox):
    """One partition of decisions."""

    tables = TABLES

    def read(self, record: Any) -> Read:
        """A decision."""
        return Read(wire.decode_decision(record.value))

    def step(self, turn: Turn, record: Any, read: Read) -> None:
        """Count it, and note its place for its user and its campaign."""
        campaign = read.message.campaign.encode()
        counts = turn.get(COUNTS, campaign) or Counts()
        counts.add(read.message)
        turn.put(COUNTS, campaign, counts)
        for table, key in ((OF_USER, record.key), (OF_CAMPAIGN, campaign)):
            latest = turn.get(table, key) or Latest()
            latest.offsets.append(record.offset)
            if len(latest.offsets) > LATEST:
                del latest.offsets[:-LATEST]
            turn.put(table, key, latest)

    def finish(self, turn: Turn) -> None:
        """Publish the counts of the campaigns that this turn touched."""
        for campaign, counts in turn.changed(COUNTS):
            value = CampaignCounts(campaign.decode(), self.partition.number, counts)
            key = b"%b/%d" % (campaign, self.partition.number)
            turn.send(self.topics.stats, key, msgspec.json.encode(value))

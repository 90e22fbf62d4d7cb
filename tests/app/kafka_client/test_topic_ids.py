"""A topic that was made anew is another, on a real broker."""

from __future__ import annotations

from uuid import uuid4

import pytest

from app.kafka_client.topic_ids import topic_ids
from tests.app.kafka_client.test_on_kafka import a_topic, an_admin

pytestmark = pytest.mark.timeout(120)


async def test_a_topic_that_was_made_anew_has_another_id(broker: str) -> None:
    long, short = await a_topic(broker, partitions=130), await a_topic(broker, "q" * 130 + uuid4().hex)
    async with an_admin(broker) as admin:
        ids: dict[str, str] = {}
        while ids.keys() < {long, short}:  # the broker tells of a new topic in its own time
            ids = await topic_ids(admin._client, [long, short, "nobody-made-it"])
        assert ids.keys() == {long, short}
        assert len(set(ids.values())) == 2
        await admin.delete_topics([short])
        while await topic_ids(admin._client, [short]):
            pass  # the broker is asked until it has deleted it
    await a_topic(broker, short)
    async with an_admin(broker) as admin:
        again: dict[str, str] = {}
        while again.keys() < {long, short}:
            again = await topic_ids(admin._client, [long, short])
    assert again[long] == ids[long]
    assert again[short] != ids[short]

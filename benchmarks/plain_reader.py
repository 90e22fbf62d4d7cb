"""The plainest reading there is: `getmany` of aiokafka over a whole topic, in a process of its own.

    python -m benchmarks.plain_reader BOOTSTRAP TOPIC PARTITIONS json|raw

`json`: every value is decoded into a dict. Prints records, seconds and processor seconds, connecting left out.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from app.clock import monotonic_s
from benchmarks.lines import show
from benchmarks.processor_time import own_cpu_s


async def read(bootstrap: str, topic: str, partitions: int, *, decodes: bool) -> dict[str, Any]:
    """Read everything that the topic has now."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(places)
        for place in places:
            consumer.seek(place, 0)  # before anything is awaited: else it begins to fetch at the end
        ends = await consumer.end_offsets(places)
        return await _read(consumer, {place: end for place, end in ends.items() if end}, decodes=decodes)
    finally:
        await consumer.stop()


async def _read(consumer: Any, left: dict[TopicPartition, int], *, decodes: bool) -> dict[str, Any]:
    decode = msgspec.json.Decoder().decode
    started_s, used_s, records = monotonic_s(), own_cpu_s(), 0
    while left:
        for place, batch in (await consumer.getmany(timeout_ms=1000)).items():
            for record in batch if decodes else ():
                decode(record.value)
            records += len(batch)
            if place in left and batch and batch[-1].offset >= left[place] - 1:
                del left[place]
    return {"records": records, "seconds": monotonic_s() - started_s, "cpu_seconds": own_cpu_s() - used_s}


if __name__ == "__main__":
    _bootstrap, _topic, _partitions, _mode = sys.argv[1:]
    show(asyncio.run(read(_bootstrap, _topic, int(_partitions), decodes=_mode == "json")))

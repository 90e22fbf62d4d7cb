"""What the simulated log promises, the real one keeps: the same tests on both."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.turns.ports import JournalMissing, Log, Mail, Refused
from app.turns.watermark import source_header
from tests.simulation.sides import Side, SimulatedSide, on_kafka

TIME_MS = 1_700_000_000_000


@pytest.fixture(params=["simulated", "kafka"])
async def side(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    """A broker of each kind; Kafka only where it is asked for."""
    if request.param == "simulated":
        yield SimulatedSide()
        return
    async with on_kafka(request.getfixturevalue("broker")) as real:
        yield real


@pytest.fixture
async def owners(side: Side) -> AsyncIterator[tuple[Log, Log]]:
    """Two owners of one journal, the second fenced after the first; neither has appended."""
    first, second = side.log(), side.log()
    await side.begin(b"identity")
    try:
        yield first, second
    finally:
        await first.close()
        await second.close()


async def read(log: Log, start: int, stop: int) -> list[tuple[int, bytes, bytes | None]]:
    return [record async for chunk in log.read(start, stop) for record in chunk]


async def test_a_journal_has_the_identity_that_it_was_begun_with(side: Side) -> None:
    log = side.log()
    await side.begin(b"this one")
    assert await log.identity() == b"this one"
    await log.close()


async def test_a_journal_that_nobody_began_is_missing(side: Side) -> None:
    log = side.log()
    with pytest.raises(JournalMissing):
        await log.identity()
    await log.close()


async def test_the_next_owner_has_the_same_producer_id_and_the_next_epoch(owners: tuple[Log, Log]) -> None:
    first, second = [await owner.fence() for owner in owners]
    assert (second.pid, second.epoch) == (first.pid, first.epoch + 1)


async def test_an_append_says_where_its_first_record_stands(owners: tuple[Log, Log]) -> None:
    log, _ = owners
    await log.fence()
    assert await log.append([(b"a", b"1"), (b"b", None)], TIME_MS) == 1
    assert await log.append([(b"c", b"3")], TIME_MS) == 3
    assert await read(log, 1, 4) == [(1, b"a", b"1"), (2, b"b", None), (3, b"c", b"3")]


async def test_the_old_owner_may_append_until_the_new_one_has(owners: tuple[Log, Log]) -> None:
    old, new = owners
    await old.fence()
    assert await old.append([(b"k", b"first")], TIME_MS) == 1
    await new.fence()
    assert await old.append([(b"k", b"second")], TIME_MS) == 2
    assert await new.append([(b"k", b"opened")], TIME_MS) == 3
    with pytest.raises(Refused):
        await old.append([(b"k", b"too"), (b"k", b"late")], TIME_MS)
    assert await new.append([(b"k", b"on")], TIME_MS) == 4


async def test_nothing_of_a_refused_batch_is_in_the_journal(owners: tuple[Log, Log]) -> None:
    old, new = owners
    await old.fence()
    await old.append([(b"k", b"0")], TIME_MS)
    await new.fence()
    await new.append([(b"k", b"opened")], TIME_MS)
    with pytest.raises(Refused):
        await old.append([(b"a", b"too"), (b"b", b"late")], TIME_MS)
    assert [value for _, _, value in await read(new, 1, 100)] == [b"0", b"opened"]


async def test_a_reader_gets_what_lies_between_two_offsets_in_order(owners: tuple[Log, Log]) -> None:
    log, _ = owners
    await log.fence()
    for number in range(10):
        await log.append([(b"k", b"%d" % (2 * number)), (b"k", b"%d" % (2 * number + 1))], TIME_MS)
    assert [(at, value) for at, _, value in await read(log, 4, 9)] == [
        (4, b"3"), (5, b"4"), (6, b"5"), (7, b"6"), (8, b"7"),
    ]  # fmt: skip
    assert len(await read(log, 0, 1 << 40)) == 21
    assert await read(log, 21, 30) == []


async def test_a_batch_that_is_sent_again_stands_where_it_stood(side: Side, owners: tuple[Log, Log]) -> None:
    """An answer was lost: the same sequence number gives the same offset, and nothing is written."""
    fence = await owners[0].fence()
    assert await side.produce(fence, 0, [b"0", b"1"]) == 1
    assert await side.produce(fence, 2, [b"2"]) == 3
    assert await side.produce(fence, 0, [b"0", b"1"]) == 1
    assert await side.produce(fence, 2, [b"2"]) == 3
    assert await side.produce(fence, 3, [b"3"]) == 4


async def test_a_sequence_number_with_a_gap_before_it_is_refused(side: Side, owners: tuple[Log, Log]) -> None:
    fence = await owners[0].fence()
    assert await side.produce(fence, 0, [b"0"]) == 1
    assert await side.produce(fence, 2, [b"2"]) == "out of order"
    assert await side.produce(fence, 1, [b"1"]) == 2


async def test_only_the_last_five_batches_are_remembered(side: Side, owners: tuple[Log, Log]) -> None:
    fence = await owners[0].fence()
    for sequence in range(6):
        assert await side.produce(fence, sequence, [b"x"]) == sequence + 1
    assert await side.produce(fence, 1, [b"x"]) == 2
    assert await side.produce(fence, 0, [b"x"]) == "out of order"


async def test_a_new_epoch_begins_at_sequence_zero(side: Side, owners: tuple[Log, Log]) -> None:
    first, second = [await owner.fence() for owner in owners]
    assert await side.produce(first, 0, [b"0"]) == 1
    assert await side.produce(second, 1, [b"1"]) == "out of order"
    assert await side.produce(second, 0, [b"1"]) == 2
    assert await side.produce(first, 1, [b"2"]) == "old epoch"
    assert await side.produce(first, 0, [b"0"]) == "old epoch", "its late copy too"


async def test_mail_arrives_in_order_with_its_source_and_as_often_as_it_is_relayed(
    side: Side, owners: tuple[Log, Log]
) -> None:
    log, _ = owners
    await log.fence()
    assert await log.end_of(side.topic) == 0
    mail = [(Mail(side.topic, b"k%d" % n, b"v%d" % n), source_header("users/0", 7, n)) for n in range(3)]
    await log.relay(mail, TIME_MS)
    assert await log.end_of(side.topic) == 3
    await log.relay(mail, TIME_MS)
    wanted = [(b"k%d" % n, b"v%d" % n, b"users/0 7 %d" % n) for n in range(3)]
    assert await side.relayed() == [*wanted, *wanted]

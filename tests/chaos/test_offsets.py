"""Inputs whose offsets have gaps (C25), or that no longer hold the place of the watermark (C26)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.chaos.broken import program
from tests.integration.fixtures import Systems, stopped_after_work
from tests.integration.judging import LAST_TICK, Findings, Work, judge_run, make_work
from tests.integration.notes import note
from tests.integration.process import PROGRAM
from tests.integration.system import System
from tests.integration.waiting import until

LIMIT_S = 60.0
PER_TRANSACTION = 40
REMEDY = "--restart-from"

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]


def feed_by_transactions(system: System, work: Work) -> int:
    """The work in small transactions, each followed by one that is given up; how many were."""
    producer = Producer({"bootstrap.servers": system.kafka.bootstrap, "transactional.id": f"{system.app}-in",
                         "partitioner": "murmur2_random"})  # fmt: skip
    producer.init_transactions(LIMIT_S)
    given_up = 0
    for start in range(0, len(work.messages), PER_TRANSACTION):
        part = work.messages[start : start + PER_TRANSACTION]
        for keep in (True, False):
            producer.begin_transaction()
            for user, message in part:
                said = message if keep else dict(message) | {"messageId": f"never-{message['messageId']}"}
                producer.produce(system.topics.events, json.dumps(said).encode(), user)
            producer.flush(LIMIT_S)
            producer.commit_transaction(LIMIT_S) if keep else producer.abort_transaction(LIMIT_S)
            given_up += not keep
    return given_up


def lag(system: System) -> int:
    """What the worker says is before it, in records of events."""
    return sum(each["lag"] for each in system.owned(0) or () if each["actor"] == "users")


def decide_transactions(system: System, work: Work, program: Sequence[str] = PROGRAM) -> tuple[int, Findings]:
    """How many transactions were given up, and what became of the others."""
    system.set_up()
    system.start_workers(1, program)
    given_up = feed_by_transactions(system, work)
    system.tick(LAST_TICK)
    system.settle()
    return given_up, judge_run(system, work.outcomes)


def test_a_log_of_transactions_is_read_to_its_end(systems: Systems) -> None:
    """Given events in transactions, half of them given up, then only the others are decided, and the lag ends at 0."""
    system, work = systems.make(partitions=2), make_work(seed=121, rows=1_200)
    given_up, findings = decide_transactions(system, work)
    ends = system.kafka.end(system.topics.events)
    gaps = ends - len(work.messages) - system.partitions
    note(f"offset gaps: {given_up} transactions given up, {gaps} offsets without a record; {findings.told()}")
    assert gaps > given_up > 0
    assert lag(system) == 0
    assert findings.exact, findings


def test_a_build_that_decides_what_was_given_up_is_found_out(systems: Systems) -> None:
    """Given a build that leaves nothing out but control records, then the same judge sees what it decided too much."""
    system, work = systems.make(partitions=1), make_work(seed=123, rows=300)
    _, findings = decide_transactions(system, work, program("given_up_counts"))
    note(f"broken build given_up_counts: {findings.told()}")
    assert not findings.exact


def payment_error(user: str) -> list[tuple[str, dict[str, Any]]]:
    """A new user's event that leads to a push."""
    time = {"timestamp": "2024-06-01T10:00:00Z", "userId": user}
    device = {"id": f"dev-{user}", "type": "android", "token": f"tok-{user}", "push": "allowed"}
    return [
        (user, {"type": "identify", "messageId": f"{user}-0", "context": {"device": device}} | time),
        (user, {"type": "track", "event": "payment_error", "messageId": f"{user}-1"} | time),
    ]


def says(system: System) -> str:
    """Why the worker is not ready; empty while it is, or is not there yet."""
    status, said = system.get(0, "/readyz")
    text = json.dumps(said) if status == 503 else ""
    return text if REMEDY in text else ""


def is_refused(system: System, *names: str) -> bool:
    """Start a worker. Does it end, and say that the topic was made anew? False where it becomes ready instead."""
    system.start_worker(0, program(*names) if names else PROGRAM)
    worker = system.workers[0]
    until(
        lambda: worker.code is not None or system.get(0, "/readyz")[0] == 200,
        LIMIT_S,
        "it ends or is ready",
        0.2,
    )
    return worker.code == 1 and f"opic {system.topics.events} was deleted and made anew" in worker.text


def is_told(system: System, lost: str, *names: str) -> bool:
    """Start a worker. Does it say that it cannot go on? False where it decides on what is left instead."""
    system.start_worker(0, program(*names) if names else PROGRAM)

    def is_known() -> bool:
        return bool(says(system)) or lost in {line["token"] for line in system.received()}

    until(is_known, LIMIT_S, "it says that it cannot go on, or goes on", 0.2)
    return bool(says(system))


def goes_on(system: System, user: str, *, running: bool = True) -> None:
    """After the remedy a new event leads to its push. `running`: there is a worker to be stopped first."""
    assert system.stop_workers() == ({0: 0} if running else {})
    system.done("setup", REMEDY, "latest")
    system.start_workers(1)
    system.feed(payment_error(user))
    until(
        lambda: f"tok-{user}" in {line["token"] for line in system.received()}, LIMIT_S, f"{user}'s push", 0.2
    )


def made_anew(systems: Systems, *, grown: bool) -> System:
    """An app whose events were deleted and made anew, shorter or longer by now than what was decided."""
    system = stopped_after_work(systems, partitions=1, seed=122)
    decided = system.kafka.end(system.topics.events)
    system.kafka.delete(system.topics.events)
    assert "made anew" in system.done("setup").out
    rows = decided if grown else 1
    system.feed([each for number in range(rows) for each in payment_error(f"early{number}")])
    assert (system.kafka.end(system.topics.events) > decided) is grown
    return system


@pytest.mark.parametrize("grown", [False, True])
def test_a_topic_made_anew_is_told_and_not_decided_on(systems: Systems, grown: bool) -> None:
    """Given such events, then the worker does not begin and names the way on; that way works."""
    system = made_anew(systems, grown=grown)
    assert is_refused(system)
    note(f"a topic made anew, {'longer' if grown else 'shorter'} than what was decided: told")
    goes_on(system, "after", running=False)
    assert "tok-early0" not in {line["token"] for line in system.received()}


def test_a_build_that_goes_by_names_is_found_out(systems: Systems) -> None:
    """Given a build to which a topic of the same name is the same, then the same check sees it begin."""
    assert not is_refused(made_anew(systems, grown=True), "topics_by_name")


def cut(system: System, before: int) -> None:
    """Take away every event below this offset, as retention does."""
    admin = AdminClient({"bootstrap.servers": system.kafka.bootstrap})
    place = TopicPartition(system.topics.events, 0, before)
    for future in admin.delete_records([place]).values():
        future.result(LIMIT_S)


def cut_short(systems: Systems) -> tuple[System, int]:
    """An app of whose undecided events retention took the first thirty, and up to where it had decided."""
    system = stopped_after_work(systems, partitions=1, seed=122)
    decided = system.kafka.end(system.topics.events)
    system.feed([each for number in range(20) for each in payment_error(f"lost{number}")])
    cut(system, decided + 30)
    return system, decided


def test_a_log_that_begins_after_the_watermark_is_told(systems: Systems) -> None:
    """Given events that retention took before they were decided, then the worker says which, and the way on works."""
    system, decided = cut_short(systems)
    assert is_told(system, "tok-lost19")
    said = says(system)
    assert (
        f"{system.topics.events}/0 is decided up to offset {decided}, and its log holds {decided + 30}"
        in said
    )
    assert f"{system.topics.events}/0 is decided up to offset {decided}" in system.workers[0].text
    note(f"a log that begins after the watermark: {said[:200]}")
    goes_on(system, "after")


def test_a_build_that_goes_on_at_the_begin_is_found_out(systems: Systems) -> None:
    """Given a build that goes on wherever the log begins now, then the same check sees it decide."""
    system, _ = cut_short(systems)
    assert not is_told(system, "tok-lost19", "goes_on_at_the_begin")

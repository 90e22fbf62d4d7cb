"""A journal that is gone: refused until somebody says where to go on, and then no old state is believed."""

from __future__ import annotations

import shutil

import pytest

from tests.integration.fixtures import Systems, stopped_after_work
from tests.integration.judging import ids_of
from tests.integration.system import System
from tests.integration.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]
WAY_ON = "--restart-from"


@pytest.fixture
def stopped(systems: Systems) -> System:
    """An app that has decided something, with its worker stopped."""
    return stopped_after_work(systems, partitions=2, seed=51)


def refuses(system: System, journal: str) -> None:
    """Both `setup` and `worker` end with 1 and name the journal, and what the ways on are."""
    setup, worker = system.command("setup"), system.command("worker")
    assert (setup.code, worker.code) == (1, 1), (setup, worker)
    assert journal in setup.errors
    assert WAY_ON in setup.errors
    said = worker.errors + worker.out
    assert journal in said
    assert WAY_ON in said


def sends_one_push(system: System, user: str, token: str) -> None:
    """A new user's event, and the push that it must lead to."""
    time = {"timestamp": "2024-06-01T10:00:00Z", "userId": user}
    device = {"id": f"dev-{user}", "type": "android", "token": token, "push": "allowed"}
    system.feed(
        [
            (user, {"type": "identify", "messageId": f"{user}-0", "context": {"device": device}} | time),
            (user, {"type": "track", "event": "payment_error", "messageId": f"{user}-1"} | time),
        ]
    )
    until(lambda: token in {line["token"] for line in system.received()}, 60, f"{user}'s push", 0.2)


def test_a_journal_made_anew_is_never_mixed_with_old_state(stopped: System) -> None:
    """Given a journal that was deleted, when somebody says `latest`, then old folders go and new events are decided."""
    system = stopped
    before = set(ids_of(system.decisions(), "qualified"))
    journal = system.topics.journal("users")
    system.kafka.delete(journal)
    refuses(system, journal)
    system.done("setup", WAY_ON, "latest")
    system.start_workers(1)
    assert system.workers[0].text.count("users/0: state folder discarded") == 1
    assert system.workers[0].text.count("users/1: state folder discarded") == 1
    sends_one_push(system, "after", "tok-after")
    system.settle()
    assert len(set(ids_of(system.decisions(), "qualified")) - before) == 1


def test_journal_and_folder_gone_is_refused_until_somebody_says_where_to_go_on(stopped: System) -> None:
    """Given neither journal nor folder, when it is started or set up, then it refuses and says what to do."""
    system = stopped
    journal = system.topics.journal("users")
    system.kafka.delete(journal)
    shutil.rmtree(system.state())
    refuses(system, journal)
    system.done("setup", WAY_ON, "2030-01-01T00:00:00Z")
    system.start_workers(1)
    sends_one_push(system, "after", "tok-after")


def test_a_journal_that_setup_did_not_make_is_refused(stopped: System) -> None:
    """Given an empty topic in a journal's place, when worker and setup are started, then both refuse."""
    system, journal = stopped, stopped.topics.journal("users")
    system.kafka.delete(journal)
    system.kafka.create(journal, system.partitions)
    refuses(system, journal)

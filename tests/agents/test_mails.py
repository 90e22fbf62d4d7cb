"""One mail an alert (C030): decided twice, refused, unanswered, and its process killed at every point of it."""

from __future__ import annotations

import asyncio
import logging

import msgspec
import pytest

from app.domain.model.alert import Alert, LimitReached, Posting
from app.domain.model.reason import Reason
from app.domain.model.receipt import Rejected, Retry, Unknown
from tables.mails import KEPT_MS, MAILS
from tests.agents.mail_room import PATIENCE, Room, Server

ALERT = Alert("a-1", "c", "Cart", 1, LimitReached(10), "crm@example.com")
LATER = Retry(Reason.PROVIDER_UNAVAILABLE, None, "SMTP 451")


async def test_an_alert_that_is_decided_twice_is_one_mail() -> None:
    room = Room(server := Server())
    room.tell(ALERT)
    room.tell(ALERT)
    await room.work()
    room.tell(ALERT)
    await room.work()
    assert server.mails == ["a-1"]
    assert room.postings == [Posting.SENT]


@pytest.mark.parametrize("owner", [None, "the crm team", "a@b\r\nBcc: c@d"])
async def test_without_an_owner_who_has_an_address_there_is_no_mail(owner: str | None) -> None:
    room = Room(server := Server())
    room.tell(msgspec.structs.replace(ALERT, owner=owner))
    await room.work()
    assert (server.reached, room.postings) == (0, [Posting.NO_OWNER])


async def test_without_a_mail_server_there_is_no_mail_and_nothing_waits(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    room = Room(None)
    room.tell(ALERT)
    await room.work()
    assert room.postings == [Posting.NO_PROVIDER]
    assert "no_provider" in caplog.text
    assert "crm@" not in caplog.text


async def test_a_server_that_is_busy_is_asked_again_after_five_minutes_and_not_for_ever() -> None:
    room = Room(server := Server())
    server.refusals = [LATER] * 10
    room.tell(ALERT)
    await room.work()
    assert (server.reached, room.postings) == (1, [Posting.WAITING])
    room.pass_time(PATIENCE.base_ms - 1)
    await room.work()
    assert server.reached == 1
    for _ in range(5):
        room.pass_time(PATIENCE.longest_ms)
        await room.work()
    assert server.reached == PATIENCE.attempts
    assert room.postings == [Posting.WAITING, Posting.WAITING, Posting.FAILED]


async def test_a_server_that_comes_back_gets_the_mail() -> None:
    room = Room(server := Server())
    server.refusals = [LATER]
    room.tell(ALERT)
    await room.work()
    room.pass_time(2 * PATIENCE.base_ms)
    await room.work()
    assert (server.mails, room.postings) == (["a-1"], [Posting.WAITING, Posting.SENT])


@pytest.mark.parametrize(
    ("answer", "posting"),
    [
        (Unknown("cut off"), Posting.UNKNOWN),
        (Rejected(Reason.PROVIDER_REJECTED, "SMTP 554"), Posting.FAILED),
    ],
)
async def test_what_ends_it_is_told_and_it_is_not_sent_again(
    answer: Unknown | Rejected, posting: Posting
) -> None:
    room = Room(server := Server())
    server.answers = [answer]
    room.tell(ALERT)
    await room.work()
    room.pass_time(10 * PATIENCE.longest_ms)
    await room.work()
    room.crash()
    await room.work()
    assert (server.reached, room.postings) == (1, [posting])
    assert room.notes[0].detail == answer.detail


@pytest.mark.parametrize("before", range(6))
@pytest.mark.parametrize("appended", [True, False])
async def test_a_process_that_is_killed_after_any_turn(before: int, appended: bool) -> None:
    """Given a process that dies after its n-th turn, before or after it acts on it, then one mail arrives; none only
    where it died between writing down that the content may leave and letting it leave, and that is told."""
    room = Room(server := Server())
    room.tell(ALERT)
    for _ in range(before):
        room.turn()
        for _ in range(5):
            await asyncio.sleep(0)
    room.turn(appended=appended)
    for _ in range(5 * appended):
        await asyncio.sleep(0)
    room.crash()
    await room.work()
    room.pass_time(20 * PATIENCE.longest_ms)
    await room.work()
    died_handing_over = not appended and before == 1
    assert server.mails == ([] if died_handing_over else ["a-1"])
    assert room.postings[-1] is (Posting.UNKNOWN if died_handing_over or _unheard(room) else Posting.SENT)
    assert len(room.postings) == 1


def _unheard(room: Room) -> bool:
    return room.notes[-1].detail.startswith("the worker that sent it was lost")


async def test_killed_while_the_server_is_silent_it_is_not_sent_again() -> None:
    room = Room(server := Server())
    server.is_silent = True
    room.tell(ALERT)
    await room.work(4)
    assert server.mails == ["a-1"]
    room.crash()
    server.is_silent = False
    await room.work()
    room.pass_time(KEPT_MS // 2)
    await room.work()
    assert (server.mails, room.postings) == (["a-1"], [Posting.UNKNOWN])


async def test_a_process_that_is_the_owner_no_more_lets_nothing_leave() -> None:
    """Given the partition has gone to somebody else while the server was spoken to, then no content leaves here."""
    room = Room(server := Server())
    room.tell(ALERT)
    room.turn()
    await asyncio.sleep(0)
    room.is_fresh = False
    await room.work()
    assert (server.mails, room.postings) == ([], [Posting.WAITING])


async def test_what_has_ended_is_forgotten_after_a_month() -> None:
    room = Room(Server())
    room.tell(ALERT)
    await room.work()
    assert room.state.find(MAILS, MAILS.prefix + b"a-1").value is not None
    room.pass_time(KEPT_MS + 1)
    room.turn()
    assert room.state.find(MAILS, MAILS.prefix + b"a-1").value is None

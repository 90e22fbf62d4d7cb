"""A user with very many open messages at once: bounded by what one turn can hold, said where it is reached, and over
as soon as some of them end. Nobody else notices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from app import wire
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import When
from app.domain.model.mail import Outcome, Result
from app.turns.ports import Pair
from app.turns.relays import RECORD_OVERHEAD
from tests.app.turns.broker import MemoryLog
from tests.app.turns.memory import SetClock
from tests.chaos.desk import TOPICS, Desk
from tests.chaos.test_downtime import START_MS, device, event
from tests.domain.makers import a_campaign
from tests.integration.notes import note

BATCH_BYTES = 16 << 10
EVENTS = 220
RULES = AppRules(stream_clock=True)

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn holds 16 KB, where a worker's holds 2 MB."""

    def fits(_self: MemoryLog, pairs: Sequence[Pair]) -> bool:
        return sum(len(key) + len(value or b"") + RECORD_OVERHEAD for key, value in pairs) < BATCH_BYTES

    monkeypatch.setattr(MemoryLog, "fits", fits)


def errors(user: str, first: int, count: int) -> list[dict[str, object]]:
    """So many events of one user, each with a message of its own."""
    numbers = range(first, first + count)
    return [event(user, "error", START_MS + n) | {"messageId": f"{user}-{n}"} for n in numbers]


async def test_more_than_a_turn_holds_is_dead_letters_until_some_have_ended(tmp_path: Path) -> None:
    """Given a user whose open messages fill a turn, then each event beyond is told, and later ones are decided."""
    one = Desk(tmp_path, [a_campaign(id="help", when=When("error"))], RULES, clock=SetClock(START_MS))
    one.feed([device("hot"), device("other")])
    one.feed(errors("hot", 0, EVENTS))
    one.feed(errors("other", EVENTS, 1))
    await one.decided()
    sent = [each for each in one.decisions() if each["step"] == "sent"]
    by_user, letters = Counter(each["user"] for each in sent), one.dead_letters()
    note(
        f"open messages of one user in turns of {BATCH_BYTES} bytes: {by_user['hot']}, {len(letters)} dead letters"
    )
    assert by_user["other"] == 1
    assert 0 < by_user["hot"] < EVENTS
    assert by_user["hot"] + len(letters) == EVENTS
    assert {each["reason"] for each in letters} == {"failed_step"}
    for each in sent[:10]:
        ended = Outcome("hot", each["message_id"], "help", "d-hot", "t-hot", "fcm", Result.ACCEPTED, 1)
        one.broker.publish(TOPICS.users_mail, b"hot", wire.encode_pack(ended))
    one.partition.offer(TOPICS.users_mail, one.broker.topics[TOPICS.users_mail])
    await one.until(lambda: sum(each["step"] == "accepted" for each in one.decisions()) == 10)
    one.feed(errors("hot", EVENTS + 1, 5))
    await one.decided()
    again = Counter(each["user"] for each in one.decisions() if each["step"] == "sent")
    assert again["hot"] == by_user["hot"] + 5
    assert len(one.dead_letters()) == len(letters)
    await one.close()

"""Which mail may wait for company, and which somebody waits for."""

from __future__ import annotations

from typing import get_args

import pytest

from app.domain.model.mail import UserMail
from app.domain.model.quota import PartitionMail
from app.setup import actor_inputs
from app.topics import Topics
from tests.app.turns.memory import MemoryRecord
from tests.tables.golden import samples

TOPICS = Topics("app", "events")
(USERS_MAIL,) = (each for each in actor_inputs(TOPICS)["users"] if each.topic == TOPICS.users_mail)
MAIL = {
    name: sample
    for name, sample in samples().items()
    if name.startswith("mail") and isinstance(sample.value, get_args(UserMail) + get_args(PartitionMail))
}


def a_record(value: bytes | None) -> MemoryRecord:
    return MemoryRecord(TOPICS.users_mail, 0, 0, 0, b"k", value)


@pytest.mark.parametrize("name", MAIL)
def test_what_is_said_of_limits_is_urgent_and_other_mail_lingers(name: str) -> None:
    """Given each kind of mail as it is written, then a loan and a turn are decided at once (C026)."""
    sample = MAIL[name]
    is_of_limits = isinstance(sample.value, get_args(PartitionMail))
    waits_s = USERS_MAIL.wait_s([a_record(sample.encode(sample.value))])
    assert (waits_s == 0.0) == is_of_limits


def test_one_that_is_urgent_takes_the_others_along() -> None:
    loan = next(each for each in MAIL.values() if isinstance(each.value, get_args(PartitionMail)))
    others = [a_record(None), a_record(b"")]
    assert USERS_MAIL.wait_s(others) == USERS_MAIL.linger_s > 0
    assert USERS_MAIL.wait_s([*others, a_record(loan.encode(loan.value))]) == 0.0

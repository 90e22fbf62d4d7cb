"""Which devices may be sent to (C118-C120, C131)."""

from __future__ import annotations

import pytest

from app.domain.model.event import PushStatus
from app.domain.model.push import Target
from app.domain.model.reason import Reason
from app.domain.model.user import Device
from app.domain.rules.surface import HOPE, Reachable, Unreachable, choose
from tests.domain.makers import a_device, a_profile

ASK = a_device("ask", push=PushStatus.ASK)
TOKENLESS = a_device("tokenless", token=None)
BLOCKED = a_device("blocked", push=PushStatus.BLOCKED)
SUSPENDED = a_device("suspended", suspended=True)
UNSUPPORTED = a_device("unsupported", push=PushStatus.UNSUPPORTED)
OTHER_PLATFORM = a_device("tv", platform="tizen")


def test_given_no_device_then_the_reason_says_so() -> None:
    assert choose(a_profile()) == Unreachable(Reason.NO_DEVICE)


def test_given_several_allowed_devices_then_all_are_sent_to_and_no_other() -> None:
    profile = a_profile(BLOCKED, a_device("d-2", token="t2"), ASK, a_device("d-1", token="t1"), SUSPENDED)
    assert choose(profile) == Reachable((Target("d-2", "t2", "android"), Target("d-1", "t1", "android")))


@pytest.mark.parametrize(
    ("device", "reason"),
    [
        (ASK, Reason.PUSH_ASK),
        (TOKENLESS, Reason.NO_DEVICE),
        (BLOCKED, Reason.PUSH_BLOCKED),
        (SUSPENDED, Reason.SUSPENDED),
        (UNSUPPORTED, Reason.PUSH_UNSUPPORTED),
        (OTHER_PLATFORM, Reason.PUSH_UNSUPPORTED),
    ],
)
def test_given_one_device_that_may_not_be_sent_to_then_its_reason_is_named(
    device: Device, reason: Reason
) -> None:
    assert choose(a_profile(device)) == Unreachable(reason)


def test_given_several_then_the_most_hopeful_reason_is_named() -> None:
    devices = [ASK, TOKENLESS, BLOCKED, SUSPENDED, UNSUPPORTED]
    for at, reason in enumerate(HOPE):
        assert choose(a_profile(*reversed(devices[at:]))) == Unreachable(reason)

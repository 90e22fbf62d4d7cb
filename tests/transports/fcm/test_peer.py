"""Google's own server SDK as the peer: what it sends, our sink takes; what it writes, we write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import firebase_admin
import pytest
from firebase_admin import _messaging_encoder, credentials, exceptions, messaging

from app.clock import now_ms
from app.domain.model.push import AndroidOptions, Push
from tests.transports.makers import a_push, a_target
from transports.fcm.payload import request
from transports.sink.server import Sink

pytestmark = pytest.mark.filterwarnings("ignore:Message.token is deprecated:DeprecationWarning")

FULL = a_push(
    variant="b",
    link="shop://cart/9",
    image="https://shop.example/kettle.png",
    data={"cart": "c-9"},
    collapse="cart",
    ttl_ms=90_000,
    android=AndroidOptions(channel="carts", priority="max", sound="ding"),
)


def google_message(push: Push) -> messaging.Message:
    """The same message, as a user of the SDK would say it."""
    options = push.android or AndroidOptions()
    loud = options.priority != "default"
    shown = messaging.AndroidNotification(
        title=push.title,
        body=push.body,
        image=push.image,
        tag=push.collapse or push.message_id,
        channel_id=options.channel,
        sound=options.sound,
        priority=options.priority if loud else None,
    )
    data = {
        **push.data,
        "carillon_message": push.message_id,
        "carillon_campaign": push.campaign,
        **({"carillon_variant": push.variant} if push.variant else {}),
        **({"carillon_link": push.link} if push.link else {}),
    }
    android = messaging.AndroidConfig(
        priority="high" if loud else "normal",
        ttl=None if push.ttl_ms is None else push.ttl_ms // 1000,
        notification=None if push.silent else shown,
    )
    return messaging.Message(token="token-1", data=data, android=android)


@pytest.mark.parametrize("push", [a_push(), FULL, a_push(silent=True, ttl_ms=0)])
def test_we_write_what_google_writes(push: Push) -> None:
    encoded: dict[str, Any] = _messaging_encoder.MessageEncoder().default(google_message(push))

    assert request(push, a_target())["message"] == encoded


@pytest.fixture
async def today(tmp_path: Path) -> AsyncIterator[Sink]:
    """A sink on the wall clock: the SDK asks nobody for the time."""
    running = Sink(0, tmp_path / "fcm.json", now_ms)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
def google(today: Sink, monkeypatch: pytest.MonkeyPatch) -> Iterator[firebase_admin.App]:
    """The SDK, pointed at the sink."""
    monkeypatch.setattr(messaging._MessagingService, "FCM_URL", today.url + "/v1/projects/{0}/messages:send")
    app = firebase_admin.initialize_app(credentials.Certificate(str(today.credentials)))
    yield app
    firebase_admin.delete_app(app)


async def test_googles_sdk_sends_to_the_sink(google: firebase_admin.App, today: Sink) -> None:
    name = await asyncio.to_thread(messaging.send, google_message(FULL), False, google)

    assert name.startswith("projects/carillon-sink/messages/")
    (entry,) = today.desk.received.after(0)
    assert (entry.token, entry.message, entry.status) == ("token-1", "m-1", 200)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, messaging.UnregisteredError),
        (403, messaging.SenderIdMismatchError),
        (429, messaging.QuotaExceededError),
        (400, exceptions.InvalidArgumentError),
    ],
)
async def test_googles_sdk_understands_the_sinks_errors(
    google: firebase_admin.App, today: Sink, status: int, error: type[Exception]
) -> None:
    today.desk.script.extend(b'{"service": "fcm", "status": %d}' % status)

    with pytest.raises(error):
        await asyncio.to_thread(messaging.send, google_message(FULL), False, google)

"""A rendered push, pinned: what leaves for the devices of one user under one message id."""

from __future__ import annotations

from typing import final

from msgspec import Struct


class AndroidOptions(Struct, frozen=True, omit_defaults=True, gc=False):
    """What only an Android notification has (C075, C086-C088)."""

    channel: str | None = None
    priority: str = "default"
    sound: str | None = None


class Push(Struct, frozen=True, omit_defaults=True, gc=False):
    """The message as it was rendered when it was cleared; a retry sends exactly this again (C103)."""

    message_id: str
    user: str
    campaign: str
    version: int
    title: str
    body: str
    variant: str | None = None
    link: str | None = None
    image: str | None = None
    data: dict[str, str] = {}
    collapse: str | None = None
    ttl_ms: int | None = None
    silent: bool = False
    android: AndroidOptions | None = None


@final
class Target(Struct, frozen=True, array_like=True, gc=False):
    """One device that the push goes to."""

    device: str
    token: str
    platform: str


class Order(Struct, frozen=True, gc=False):
    """What the users actor hands to a sender: a push and the devices of one provider.

    `not_after_ms`: the cut-off, on the wall clock; nothing is called from then on (C043).
    """

    push: Push
    targets: tuple[Target, ...]
    cleared_ms: int
    trigger: dict[str, str] = {}
    not_after_ms: int | None = None


class InboxItem(Struct, frozen=True, omit_defaults=True, gc=False):
    """A message in a user's App Inbox (C111-C114). `expires_ms` is mandatory."""

    message_id: str
    campaign: str
    version: int
    title: str
    body: str
    created_ms: int
    expires_ms: int
    link: str | None = None
    image: str | None = None
    tags: tuple[str, ...] = ()
    colors: dict[str, str] = {}
    why: str | None = None

"""`what` and `inbox` in a campaign file: the content, its templates checked as they are read (C069-C090,
C111-C114).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

from app.domain.files.durations import UNITS_MS
from app.domain.files.meant import asked, color
from app.domain.files.section import Section, described
from app.domain.model.campaign import Content, Inbox, Missing
from app.domain.model.push import AndroidOptions
from app.domain.rules.links import fault_of_image, fault_of_link
from app.domain.rules.templates import faults_of

SUPPORTED = frozenset({
    "title", "body", "link", "image", "data", "collapse", "ttl", "missing", "silent", "android",
})  # fmt: skip
NOT_YET = frozenset({"content", "ios", "web", "variants", "test", "split", "by", "use"})
ANDROID = frozenset({"channel", "priority", "sound"})
ANDROID_NOT_YET = frozenset({"actions", "icon", "image", "link"})
INBOX = frozenset({"copy", "fallback", "ttl", "tags", "title", "body", "link", "image", "colors"})
COLORS = frozenset({"title", "message", "background"})
LONGEST_TTL_MS = 28 * UNITS_MS["d"]
"""What FCM keeps a message for at most."""

COLOR = re.compile(r"#[0-9a-fA-F]{6}")
TAKEN_KEYS = re.compile(r"carillon_.*|google\..*|gcm\..*|google|gcm|from|message_type|collapse_key")
"""Keys of a push's data that are ours (CONTRACT section 7) or FCM's own."""


class Priority(StrEnum):
    """Of an Android notification (C087)."""

    MAX = "max"
    HIGH = "high"
    DEFAULT = "default"


def read_what(document: Section) -> Content:
    """Reads `what`, which must be there with a title and a body; only a silent push may do without."""
    section = document.section("what", "as in what: {title: Hello, body: You}")
    if section is None:
        if not document.given("what"):
            document.refuse("what", "is missing", "as in what: {title: Hello, body: You}")
        return Content("", "")
    section.only(SUPPORTED, NOT_YET)
    silent = section.flag("silent", default=False)
    ttl_ms = section.duration_ms("ttl")
    if ttl_ms is not None and ttl_ms > LONGEST_TTL_MS:
        section.refuse("ttl", "is over 28d", "push services keep a message for 28d at most")
    return Content(
        title=_template(section, "title", required=not silent) or "",
        body=_template(section, "body", required=not silent) or "",
        link=_template(section, "link", check=fault_of_link),
        image=_template(section, "image", check=fault_of_image),
        data=_read_data(section),
        collapse=_template(section, "collapse"),
        ttl_ms=ttl_ms,
        missing=section.choice("missing", Missing, Missing.DEFAULT),
        silent=silent,
        android=_read_android(section),
    )


def read_inbox(document: Section, amplify_default: bool) -> Inbox | None:
    """Reads `inbox`; None where it is left out.

    `fallback` left out is the app's amplification switch (SPEC 9, Surfaces). `ttl` is mandatory wherever
    something may go to the inbox (C113): there is no default that fits every message.
    """
    section = document.section("inbox", "as in inbox: {fallback: true, ttl: 7d}")
    if section is None:
        return None
    section.only(INBOX)
    copy = section.flag("copy", default=False)
    fallback = section.flag("fallback", default=amplify_default)
    ttl_ms = section.duration_ms("ttl")
    if (fallback or copy) and not section.given("ttl"):
        section.refuse("ttl", "is missing", "how long a message stays in the inbox, as in 7d")
    elif ttl_ms == 0:
        section.refuse("ttl", "must be above zero")
    return Inbox(
        fallback=fallback,
        ttl_ms=ttl_ms or 0,
        tags=section.texts("tags"),
        title=_template(section, "title"),
        body=_template(section, "body"),
        link=_template(section, "link", check=fault_of_link),
        image=_template(section, "image", check=fault_of_image),
        colors=_read_colors(section),
        copy=copy,
    )


def _template(
    section: Section, key: str, *, required: bool = False, check: Callable[[str], str | None] | None = None
) -> str | None:
    """A template without faults; `check` is asked about one without variables."""
    text = section.required_text(key) if required else section.text(key)
    if not text:
        return text
    for fault in faults_of(text):
        section.refuse(key, fault.message, fault.hint)
    constant = "{{" not in text and "{%" not in text
    wrong = check(text) if check is not None and constant else None
    if wrong is not None:
        section.refuse(key, wrong)
    return text


def _read_data(section: Section) -> dict[str, str]:
    data = section.section("data", "as in data: {cart: c-1}")
    if data is None:
        return {}
    for key in data.values:
        if TAKEN_KEYS.fullmatch(key):
            data.refuse(key, f"the key {key!r} is taken", "the push service or Carillon itself uses it")
    texts = {key: _template(data, key, required=True) for key in data.values}
    return {key: text for key, text in texts.items() if text}


def _read_android(section: Section) -> AndroidOptions | None:
    android = section.section("android", "as in android: {channel: cart}")
    if android is None:
        return None
    android.only(ANDROID, ANDROID_NOT_YET)
    priority = android.choice("priority", Priority, Priority.DEFAULT)
    return AndroidOptions(android.text("channel"), str(priority), android.text("sound"))


def _read_colors(section: Section) -> dict[str, str]:
    colors = section.section("colors", 'as in colors: {title: "#222222"}')
    if colors is None:
        return {}
    colors.only(COLORS)
    for name, value in colors.values.items():
        if name in COLORS and not (isinstance(value, str) and COLOR.fullmatch(value)):
            meant = color(value) if value is not None else None
            hint = 'write it in quotes, as in "#222222"'
            colors.refuse(name, f"{described(value)} is no color", asked(meant and f'"{meant}"', hint))
    return {str(name): str(value) for name, value in colors.values.items()}

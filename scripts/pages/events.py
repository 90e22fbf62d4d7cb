"""`events.md`: what may stand in the topic of events, and what becomes of it."""

from __future__ import annotations

from app import wire
from app.domain.decide import PERMISSION_CHANGED
from app.domain.joining import REMEMBERED_CLAIMS
from app.domain.model.event import PushStatus
from app.domain.model.reason import DEAD_LETTER_EXPLANATIONS
from app.domain.model.user import REMEMBERED_IDS
from app.domain.rules.surface import TRANSPORTS
from scripts.pages.markdown import block, code, codes, page, table

EXAMPLE = """
{"type": "track", "messageId": "7d0c", "userId": "u-17", "event": "add_to_cart",
 "timestamp": "2026-11-22T09:00:00.000Z",
 "properties": {"cart_id": "c-9", "price": 12.5, "name": "Blue kettle"},
 "context": {"timezone": "Europe/Paris", "locale": "fr-FR",
   "app": {"version": "3.2.1"}, "os": {"name": "android", "version": "14"}, "library": {"version": "3.5.1"},
   "device": {"id": "d-1", "type": "android", "token": "fcm-token", "manufacturer": "xiaomi", "model": "13T",
              "push": "allowed"}}}
"""
TICK = '{"type": "tick", "timestamp": "2026-11-22T10:00:00Z"}'

KINDS = (
    ("track", "the event that `event` names"),
    ("identify", "no event; its `traits` merge into the user, and `null` removes one"),
    ("screen", f"the event `{wire._NAMED['screen']}`, with `name` as a property"),
    ("page", f"the event `{wire._NAMED['page']}`, with `name` as a property"),
    ("alias", "no event; `previousId` is the same person as the user ([below](#several-ids-of-one-person))"),
    ("group", "no event; read for its context, no other effect yet"),
    ("tick", "not of a user: moves a stream clock on (below)"),
)
FIELDS = (
    ("type", "one of the above", "must be there"),
    ("userId", "text", "the user; without it `anonymousId`. One of them must be there"),
    (
        "anonymousId",
        "text",
        "the user, where there is no `userId`; beside one, in `identify` and `alias`, the same person",
    ),
    ("previousId", "text", "of `alias`: the same person as the user"),
    ("messageId", "text", "without it `topic/partition/offset` of the record"),
    ("event", "text", "the name of the event; `track` must have it"),
    ("name", "text", "of a screen or a page"),
    (
        "timestamp",
        "ISO 8601 with a zone, or seconds since the epoch",
        "the event's own time; without it the record's",
    ),
    ("properties", "map", "what campaigns compare and texts mention"),
    ("traits", "map", "of `identify`; without it `context.traits`"),
    ("context", "map", "below; what is there of another type is passed over"),
)
CONTEXT = (
    ("timezone", "the user's zone, an IANA name; others are passed over. A trait `timezone` wins over it"),
    ("locale", "kept with the user; the `language` of users without that trait"),
    ("location.latitude", "the user's last position, in degrees, with `location.longitude`"),
    ("location.longitude", "the same"),
    (
        "ip",
        "where the setting `geoip` names a database: `country`, `region`, `city` of users without these traits",
    ),
    ("traits", "of an `identify` that has none of its own"),
    ("device.id", "without it nothing is said of a device"),
    ("device.type", f"without it `os.name`; in lower case. Push reaches {codes(TRANSPORTS)} so far"),
    ("device.token", "makes the device reachable"),
    ("device.subscription", "a browser's, a map; kept in place of a token. Nothing is sent to it yet"),
    ("device.push", f"{codes(PushStatus)}; another value is passed over"),
    ("device.manufacturer", "kept with the device"),
    ("device.model", "kept with the device"),
    ("os.version", "kept with the device as `os_version`"),
    ("app.version", "kept with the device as `app_version`"),
    ("library.version", "kept with the device as `sdk_version`"),
)
RESERVED = (
    ("App Opened", "as `Application Opened`, releases what waits for the app to be launched (`inbox.copy`)"),
    ("Inbox Viewed", ""),
    ("Inbox Clicked", ""),
    ("Push Impression", ""),
    ("Push Clicked", ""),
    ("Push Dismissed", ""),
    ("Soft Prompt Shown", ""),
    ("Soft Prompt Accepted", ""),
    ("Soft Prompt Declined", ""),
    ("Device Signal", ""),
)


JOINED = (
    (
        "traits, zone, locale",
        "the user's, where their own messages never set or removed them. Of several ids the one wins that was "
        "named last, by the message's own time",
    ),
    (
        "devices",
        "the user's. One that both have is as the later message says. Its token moves along, unless somebody else "
        "has it by now",
    ),
    (
        "open timers",
        "the user's: `repeat` and answers count as if one id had brought all events, in the order of their own times. "
        "The message will have the user's id in its name",
    ),
    ("messages held or on their way", "the user's, under the names that they have"),
    ("counted pushes, recent message ids", "count for the user"),
)
DEVICES = (
    "A device that brings a new token and says nothing of push is `allowed`; a new one without a token is `ask`. "
    "A message that is older than the last one that changed a device changes nothing of it. A token that comes "
    "with another user moves there, and leaves the old device suspended."
)
SAME_PERSON = """\
Until somebody signs in, the anonymous id is the user. An `identify` with `userId` and `anonymousId`, or an `alias` with
`userId` and `previousId` (or `anonymousId`), says that the two are one person. The user's partition asks the other id's
for what it has, and goes on; what arrives is the user's from then on:
"""
SEVERAL_IDS = f"""\
The other id keeps a forward, even where nothing was known of it: an event that still comes under it is passed on whole
and decided once, by the user's partition, as are outcomes of its pushes. One that is later than `max_lateness` by then
triggers nothing.

- Naming the same id again changes nothing. A user remembers the last {REMEMBERED_CLAIMS} ids that they named.
- Of two users who name one id the first to ask has its past, and what comes under it later.
- Ids may form a chain (anonymous, then one user, then another): everything ends with the last.
- Two ids that name each other: the earlier message holds, the later is passed over. A longer circle is cut where it
  closes.
- A push that was due before the two were known to be one is sent to the anonymous id. Its App Inbox stays with it.
- The setting `partitioner` must be right: it says where the other id is asked.
"""


def _several_ids() -> tuple[str | list[str], ...]:
    joined = table(("of the other id", "becomes"), JOINED)
    return "## Several ids of one person", SAME_PERSON.strip(), joined, SEVERAL_IDS.strip()


ORDER = (
    f"- A `messageId` among the last {REMEMBERED_IDS} of the user is ignored.\n"
    "- An event that is later than `max_lateness` triggers nothing; it still teaches traits and devices, and "
    "still cancels. Later means: under the wall clock, against the record's time; under a stream clock, against "
    "the time of the partition.\n"
    "- A trigger and what cancels it are judged by their own times, and within a millisecond by the order of the "
    "log: whatever the order in which they come, inaction timers and dates end as in the sorted one, as long as "
    "an event comes before the push that it would have changed. What would have cancelled a push that is sent "
    "is written down as `answered`, with `too_late`."
)


def render() -> str:
    """The page."""
    kilobytes = wire.EVENT_BYTES // 1024
    return page(
        "Events",
        "`scripts/pages/events.py`",
        "One record of the topic of events (`CARILLON_EVENTS`) is one message as the Segment spec has it: JSON, or "
        "MessagePack of the same map. A header `content-type: application/msgpack` says that it is MessagePack, any "
        "other content type that it is JSON; without one a first byte of `{` means JSON.",
        block("json", EXAMPLE),
        "## Keys and partitions",
        "The key is the user id in UTF-8 (the anonymous id where there is none); a record without a key is a dead "
        "letter. The setting `partitioner` says how the producers choose the partition: `murmur2` (Java, aiokafka, "
        "kafkajs), or `crc32` (librdkafka). Where it says otherwise than the log, decisions are the same, but pages "
        "and look-ups would ask the wrong worker: the worker is not ready, and `/readyz` names the setting.",
        "## Types",
        table(("type", "is"), [(code(name), meaning) for name, meaning in KINDS]),
        "## Fields",
        table(("field", "type", "meaning"), [(code(name), kind, meaning) for name, kind, meaning in FIELDS]),
        "## Context",
        table(("field of `context`", "meaning"), [(code(name), meaning) for name, meaning in CONTEXT]),
        DEVICES,
        *_several_ids(),
        "## Reserved names",
        f"`{PERMISSION_CHANGED}` sets the push status of a device to `properties.status` "
        f"({codes(PushStatus)}). The device is `properties.device_id`, else that of the context.",
        "These names are taken, and have no effect of their own yet. As any event they may trigger or cancel a "
        "campaign:",
        table(("event", "note"), [(code(name), note) for name, note in RESERVED]),
        "## Time and order",
        ORDER,
        "## Ticks",
        block("json", TICK),
        "A tick in a partition, without a key, moves the stream clock of that partition to its time, that instant "
        "included. `event tick` writes one to each. Under the wall clock it does nothing.",
        "## Limits and dead letters",
        f"An event has at most {wire.EVENT_BYTES} bytes ({kilobytes} KB), a time from 2000 on, and under the wall "
        f"clock none over {wire.FUTURE_MS // 3_600_000} hours ahead. What breaks a rule goes to "
        "[`<app>.dead-letters`](topics.md#dead-letters) with its reason, and its neighbours are decided as if it had "
        "not been there:",
        table(
            ("reason", "what is wrong with the record"),
            [(code(reason), sentence) for reason, sentence in DEAD_LETTER_EXPLANATIONS.items()],
        ),
        "`no_user` is also a record without a key; `wrong_type` is also a value that can be read and is no map.",
    )

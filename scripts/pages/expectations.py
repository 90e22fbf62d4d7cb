"""`expectations.md`: the tests of campaigns, and backtests."""

from __future__ import annotations

from app.domain.files.expectations import DROPS, EXPECTED, KEYS, MESSAGE
from app.replay.tally import COUNTS
from scripts.pages.markdown import block, code, codes, page, table

DOCUMENT = {
    "test": "What it shows, in a sentence.",
    "campaigns": "The campaigns that are live in it. Left out: those of the same file, or else all of the call.",
    "given": "The messages, in the order of the log.",
    "until": "How late it is at the end; what is due at that very time has gone. Left out: the last message's time.",
    "expect": "Every push that is cleared, in any order, and no other; `[]` where none is.",
}
GIVEN = {
    "at": "The event's own time. Without a zone it is in the app's.",
    "user": "Whose message it is.",
    "identify": "The traits that it brings; `{}` for none.",
    "event": "The name of an event; a message is either this or `identify`.",
    "properties": "The properties of the event.",
    "device": "The device it comes from, as in `context.device`: `id`, `type`, `token`, `push` …",
    "timezone": "The user's time zone, as in `context.timezone`.",
    "locale": "The user's language, as in `context.locale`.",
    "context": "Whatever else the message's context says.",
    "anonymous": "The `anonymousId`: the user was this one before.",
    "id": "The `messageId`; left out, each message has one of its own.",
}
EXPECT = {
    "user": "Who.",
    "campaign": "Of which campaign.",
    "at": "When it is cleared, dropped, or put into the inbox.",
    "reason": "It is a drop, for this reason. Drops that are not expected are no failure.",
    "inbox": "`true`: it is an inbox item. Those that are not expected are no failure.",
    "title": "Its title, as it is rendered.",
    "body": "Its text.",
    "link": "Its link.",
    "image": "Its image.",
    "data": "The campaign's own data.",
    "collapse": "What it replaces.",
}
SUMS = {
    "qualified": "messages of users who qualified",
    "push": "cleared as a push (`pushes`)",
    "inbox": "put into the inbox",
    "drop": "dropped, each with a reason (`dropped`)",
    "held": "held at the end: a delay, quiet hours",
    "waiting": "timers that run at the end",
    "users": "users who qualified at least once",
    "users_pushed": "users with at least one push",
    "users_reachable": "of those who qualified, whom push reaches at the end",
}
EXAMPLE = """
app: {zone: UTC}
---
campaign: cart-reminder
when: {event: add_to_cart, unless: {event: purchase, within: 10m}}
what: {title: Still thinking?, body: Your cart waits.}
---
test: The reminder comes after ten minutes
given:
  - {at: "2026-11-23T10:00:00Z", user: u1, identify: {}, device: {id: d1, type: android, token: t1}}
  - {at: "2026-11-23T10:00:00Z", user: u1, event: add_to_cart}
until: "2026-11-23T11:00:00Z"
expect:
  - {user: u1, campaign: cart-reminder, at: "2026-11-23T10:10:00Z", title: Still thinking?}
"""


def render() -> str:
    """The page."""
    return page(
        "Tests of campaigns, and backtests",
        "`scripts/pages/expectations.py`",
        "`campaign test FILE...` replays the messages of each test through the core that a worker decides with, under "
        "a stream clock, and compares. The messages are read as those from Kafka are. Push services take whatever is "
        "sent. Exit code 1 where a test fails, or a file has problems. `examples/rules` has a file for each rule.",
        block("yaml", EXAMPLE),
        "## A test",
        table(("key", "meaning"), _rows(DOCUMENT, KEYS)),
        "A line of `given`:",
        table(("key", "meaning"), _rows(GIVEN, MESSAGE)),
        "A line of `expect`; what is left out is not compared:",
        table(("key", "meaning"), _rows(EXPECT, EXPECTED)),
        f"Reasons for drops: {codes(sorted(DROPS))}.",
        "Campaigns, tests and `app` (the settings that decide: `zone`, `caps` …) may stand in one file or in several; "
        "all files of a call are in scope together. For a test the `app` document of its own file holds, else that of "
        "the only file which has one, else the settings of the process. `campaign check` reads tests too, and "
        "`campaign apply` leaves them out.",
        "## A backtest",
        "`campaign backtest FILE` reads what the events topic still holds, in parallel over its partitions, and "
        "decides for the campaigns of the file as if they had been live, alone, or with `--with-live` beside those "
        "that are live now. Nothing is sent and nothing is written.",
        [
            "- Time is as the worker's is. Under a stream clock it is what events and ticks say; at the end of the log "
            "it stands still. Under the wall clock it is the time that the broker wrote on each record, so a backlog "
            "is judged as if it had been read at once, and at the end it is `--to`, or now.",
            "- `--from`: the campaigns are live from there on. Earlier events say who users are (traits, devices, "
            "permission) and trigger nothing. `--to`: the first time that is not in it.",
            "- It equals what the engine decided over the same log, message for message, but for what came back from "
            "outside: here push services take everything at once.",
            "- What goes between users (a token that moves, an anonymous id that logs in) is taken in where both "
            "are in one partition, and counted as `lost` where they are not; with `--in-order` it is taken in wherever "
            "they are. All partitions are then replayed by one process, in the order of their times.",
            "- A record that no worker could read is counted as `unreadable`.",
        ],
        "For each campaign, in messages, and in users:",
        table(("count", "is"), [(code(name), SUMS[name]) for name in COUNTS]),
        "`--json` has every message (`at` in milliseconds, `user`, `campaign`, `end`: `push`, `inbox` or `drop`, "
        "`message_id`, `reason`, `title`), the reasons, the sums of each day in the app's zone, and the quarter of an "
        "hour with most pushes. `campaign reach FILE` says two of the numbers: who qualifies, and whom of them push "
        "reaches now (C014).",
        "## A preview",
        "`campaign preview FILE --user ID` reads the user's partition, learns of that user alone, and writes the "
        "message as their last event that triggers it would lead to; where there is none, with an event that has no "
        "properties. It says too whether the user is in `who` now, and why no device could be sent to.",
    )


def _rows(meanings: dict[str, str], known: frozenset[str]) -> list[tuple[str, str]]:
    """Every key that the reader knows, and no other. Raises KeyError for one that nobody has described."""
    if extra := meanings.keys() - known:
        raise KeyError(f"described and not read: {sorted(extra)}")
    order = list(meanings)
    return [(code(key), meanings[key]) for key in sorted(known, key=order.index)]

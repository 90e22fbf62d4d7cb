"""`topics.md`: every topic, who writes and reads it, and the records that other programs may read."""

from __future__ import annotations

from typing import NamedTuple

from app.domain.model.decision import Decision, Step
from app.domain.model.reason import DeadLetterReason, Reason
from app.topics import ACTORS, Topics
from app.wire import DEAD_LETTER_BYTES, DeadLetter
from scripts.pages.markdown import code, codes, fields, page, table
from tables.stats import CampaignCounts, Counts

TOPICS = Topics("<app>", "events")
PARTITIONS = 2  # any number but 1: it stands for the setting


class Role(NamedTuple):
    """What a topic holds, under which key, and who meets there."""

    key: str
    value: str
    writers: str
    readers: str


ROLES = {
    TOPICS.events: Role(
        "user id", "[events](events.md)", "your producers, `event send`, `dlq replay`", "users"
    ),
    TOPICS.campaigns: Role(
        "`id@version`, `id`, `segment/name@version`, `alert/id` or `@settings`",
        "MessagePack",
        "`setup`, `campaign …`, campaigns, email",
        "every worker, `campaign …`",
    ),
    TOPICS.users_mail: Role("user id, campaign id", "MessagePack", "users, campaigns, fcm, tokens", "users"),
    TOPICS.campaigns_mail: Role("campaign id, `@throttle`", "MessagePack", "users, fcm, tally", "campaigns"),
    TOPICS.sends("fcm"): Role("user id", "MessagePack", "users", "fcm"),
    TOPICS.sends_mail("fcm"): Role("`@throttle`", "MessagePack", "campaigns", "fcm"),
    TOPICS.mails: Role("campaign id", "MessagePack", "campaigns", "email"),
    TOPICS.inbox: Role("user id", "MessagePack", "users", "inbox"),
    TOPICS.tokens_mail: Role("hash of the token", "MessagePack", "users", "tokens"),
    TOPICS.decisions: Role("user id", "JSON, below", "users, fcm", "tally, pages, your programs"),
    TOPICS.dead_letters: Role("that of the record", "JSON, below", "every actor", "`dlq …`, your programs"),
    TOPICS.stats: Role("`campaign/partition`", "JSON, below", "tally", "pages, `stats`, your programs"),
    **{
        TOPICS.journal(actor): Role("internal", "internal", f"{actor} alone, under its fence", f"{actor}")
        for actor in ACTORS
    },
}

DECISION = {
    "id": "of this record; drop a repeated one",
    "at": "when, in ms since the epoch",
    "user": "the user id",
    "campaign": "the campaign's id",
    "version": "the version that it qualified under; from `sent` on, the one that was written",
    "step": "below",
    "message_id": "names the message, at the provider too",
    "trigger": "`event_id`: the `messageId` of the event that started it",
    "attempt": "which call it was, or how many there were",
    "reason": "from [one closed list](reasons.md)",
    "variant": "not used yet",
    "device": "the device's id",
    "transport": "the provider",
    "until": "when a held message is asked about again, in ms since the epoch",
    "detail": "more about it; a form of its own for each step",
}
STEPS = {
    Step.QUALIFIED: "the campaign concerns this user now",
    Step.HELD: "it waits, for `reason`, until `until`",
    Step.RELEASED: "it waits no more and is judged again",
    Step.DROPPED: "nothing is sent, for `reason`",
    Step.SENT: "cleared, and handed to a sender",
    Step.ATTEMPTED: "the first call for a device",
    Step.ACCEPTED: "the push service took it for at least one device",
    Step.RETRIED: "a further call for a device",
    Step.FAILED: "no device could be reached, for `reason`",
    Step.INBOX: "it went to the inbox instead, for `reason`",
    Step.IMPRESSION: "not written yet",
    Step.CLICKED: "not written yet",
    Step.CONVERTED: "not written yet",
    Step.ANSWERED: "what would have cancelled it came after it was sent (`too_late`); counts for nothing",
}
DEAD_LETTER = {
    "reason": f"{codes(DeadLetterReason)}; see [reasons](reasons.md)",
    "message": "what was wrong, at most 2,000 characters",
    "topic": "where the record stood",
    "partition": "where the record stood",
    "offset": "where the record stood",
    "time": "the record's time, in ms since the epoch",
    "attempts": "left out where it is 1",
    "key": "the key, as text",
    "key_base64": "the key, where it is no UTF-8",
    "value": "the value, as text",
    "value_base64": "the value, where it is no UTF-8",
    "size": f"in bytes, in place of a value over {DEAD_LETTER_BYTES} bytes",
    "sha256": "of such a value",
    "headers": "the headers, as text",
}
STATS = {
    "campaign": "the campaign's id",
    "partition": "whose counts these are; add the partitions up",
    "counts": "below",
}
COUNTS = {
    "qualified": "user-messages",
    "held": "messages that were ever held",
    "held_now": "messages that wait at this moment",
    "sent": "messages that were cleared and handed to a sender",
    "attempted": "first calls",
    "accepted": "messages that a push service took",
    "retried": "further calls",
    "failed": "messages, by reason",
    "dropped": "messages, by reason",
    "inbox": "messages that went to the inbox and were never sent",
    "inbox_after_sent": "messages that went there after they had failed",
}


def render() -> str:
    """The page."""
    specs = TOPICS.specs(PARTITIONS)
    rows = [
        (
            code(spec.name),
            ROLES[spec.name].key,
            ROLES[spec.name].value,
            "1" if spec.partitions == 1 else "`partitions`",
            "<br>".join(code(f"{key}={value}") for key, value in spec.config.items()),
            ROLES[spec.name].writers,
            ROLES[spec.name].readers,
        )
        for spec in specs
    ]
    steps = [(code(step), STEPS[step]) for step in Step]
    return page(
        "Topics",
        "`app/topics.py` and `scripts/pages/topics.py`",
        "`<app>` is `CARILLON_APP`; `events` is named by `CARILLON_EVENTS`. `setup` makes those that are missing, in "
        "this order, with a replication of 3 where there are as many brokers. Actors: "
        f"{codes(ACTORS)}; `fcm` is the sender of that provider.",
        table(("topic", "key", "value", "partitions", "config", "written by", "read by"), rows),
        "Mail that its reader has decided on and journaled is deleted from the topics with unlimited retention.",
        "## Decisions",
        f"One record for each step that a qualified user takes. Reasons: {len(Reason)}, a list that only grows.",
        fields(Decision, DECISION),
        table(("step", "says"), steps),
        "## Dead letters",
        fields(DeadLetter, DEAD_LETTER),
        "## Stats",
        "The newest record of a key counts. Counts that are 0 or empty are left out.",
        fields(CampaignCounts, STATS),
        fields(Counts, COUNTS),
    )

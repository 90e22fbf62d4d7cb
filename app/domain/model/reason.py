"""Why a message was held, dropped, sent to the inbox or lost: one closed list for engine, API, pages and
metrics.

The codes are CONTRACT section 5. The list grows by adding; a code that was once written is never renamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct


class Reason(StrEnum):
    """The reasons of decision records."""

    NOT_LIVE = "not_live"
    OUTSIDE_SCHEDULE = "outside_schedule"
    PUSH_ASK = "push_ask"
    PUSH_BLOCKED = "push_blocked"
    PUSH_UNSUPPORTED = "push_unsupported"
    SUSPENDED = "suspended"
    NO_DEVICE = "no_device"
    CONTROL_GROUP = "control_group"
    QUIET_HOURS = "quiet_hours"
    USER_CAP = "user_cap"
    TOTAL_LIMIT = "total_limit"
    DAILY_LIMIT = "daily_limit"
    PER_USER_LIMIT = "per_user_limit"
    RUN_LIMIT = "run_limit"
    SAFETY_CHECK = "safety_check"
    THROTTLED = "throttled"
    DELAY = "delay"
    APP_LAUNCH = "app_launch"
    MOMENT = "moment"
    CUT_OFF = "cut_off"
    CANCELLED = "cancelled"
    TOO_LATE = "too_late"
    MOMENT_MISSED = "moment_missed"
    LOW_VALUE = "low_value"
    SUPERSEDED = "superseded"
    MISSING_VARIABLE = "missing_variable"
    TEMPLATE_ERROR = "template_error"
    CONTENT_UNAVAILABLE = "content_unavailable"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    INVALID_TOKEN = "invalid_token"  # noqa: S105 - the name of a reason
    PROVIDER_REJECTED = "provider_rejected"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    RETRIES_EXHAUSTED = "retries_exhausted"
    EXPIRED = "expired"
    SURGE = "surge"
    STOPPED_BY_OPERATOR = "stopped_by_operator"
    ERASED = "erased"
    DECISION_FAILED = "decision_failed"


class DeadLetterReason(StrEnum):
    """The reasons of dead letters: what is wrong with a record, not with a message to a user."""

    UNREADABLE = "unreadable"
    WRONG_TYPE = "wrong_type"
    TOO_LARGE = "too_large"
    NO_USER = "no_user"
    TIME_OUT_OF_RANGE = "time_out_of_range"
    UNKNOWN_KIND = "unknown_kind"
    FAILED_STEP = "failed_step"


class CountsAs(StrEnum):
    """Where a user-message with this reason stands in the sums of C152."""

    DROPPED = "dropped"
    HELD = "held"
    INBOX = "inbox"
    FAILED = "failed"
    ON_ITS_WAY = "on its way"


class Explanation(Struct, frozen=True):
    """A reason in words. `technical` (C097): something did not work; otherwise a rule or a person decided so.

    `counts_as` has several members where the campaign or the moment decides which (quiet hours hold or drop).
    """

    marketer: str
    engineer: str
    counts_as: tuple[CountsAs, ...]
    technical: bool = False


def _rule(marketer: str, engineer: str, *counts_as: CountsAs) -> Explanation:
    return Explanation(marketer, engineer, counts_as)


def _fault(marketer: str, engineer: str, *counts_as: CountsAs) -> Explanation:
    return Explanation(marketer, engineer, counts_as, technical=True)


_DROPPED, _HELD, _INBOX = CountsAs.DROPPED, CountsAs.HELD, CountsAs.INBOX
_FAILED, _ON_ITS_WAY = CountsAs.FAILED, CountsAs.ON_ITS_WAY

# A reason is a paragraph.
# fmt: off
EXPLANATIONS: Mapping[Reason, Explanation] = MappingProxyType({
    Reason.NOT_LIVE: _rule(
        "The campaign was not live at that moment.",
        "The campaign was draft, scheduled, paused or ended when the message was judged; nothing is caught "
        "up later.", _DROPPED),
    Reason.OUTSIDE_SCHEDULE: _rule(
        "It was before the campaign's start or after its end.",
        "The time of the decision is not in [starts, ends) (C034).", _DROPPED),
    Reason.PUSH_ASK: _rule(
        "The user has not been asked yet whether push is welcome.",
        "No device is allowed; at least one has the push status `ask`, the most hopeful one found.",
        _DROPPED, _INBOX),
    Reason.PUSH_BLOCKED: _rule(
        "The user has switched push notifications off.",
        "No device is allowed or `ask`; at least one has the push status `blocked`.", _DROPPED, _INBOX),
    Reason.PUSH_UNSUPPORTED: _rule(
        "The user's devices cannot show push notifications.",
        "Every device has the push status `unsupported`, or a platform without a transport.",
        _DROPPED, _INBOX),
    Reason.SUSPENDED: _rule(
        "The user's device now belongs to another account.",
        "Every device is suspended: its token was seen under another user (C131).", _DROPPED, _INBOX),
    Reason.NO_DEVICE: _rule(
        "The user has no device to send to.",
        "The profile has no device, or its allowed devices have no token.", _DROPPED, _INBOX),
    Reason.CONTROL_GROUP: _rule(
        "The user is in the control group, which gets nothing so that results can be compared.",
        "The keyed hash of campaign and user falls into the control share (C159).", _DROPPED),
    Reason.QUIET_HOURS: _rule(
        "It was within quiet hours where the user lives.",
        "The user's wall clock is in [from, to) of `when.quiet`; `then` chose hold or drop (C040).",
        _HELD, _DROPPED),
    Reason.USER_CAP: _rule(
        "The user has already had as many pushes as your limit allows.",
        "At least one of the app's caps is used up by this user's counted pushes (C031).", _DROPPED),
    Reason.TOTAL_LIMIT: _rule(
        "The campaign's total number of messages is given out.",
        "No reservation of `limits.total` is left: held while some are in flight, dropped once all are "
        "settled (C026).", _HELD, _DROPPED),
    Reason.DAILY_LIMIT: _rule(
        "The campaign's number of messages for this day is given out.",
        "No reservation of `limits.daily` is left for the calendar day of the campaign's zone: held while some are in "
        "flight, dropped once all are settled, or the day is over (C027).", _HELD, _DROPPED),
    Reason.PER_USER_LIMIT: _rule(
        "The campaign has reached this user as often as it may.",
        "As many messages as `limits.per_user` are on their way or were delivered; with `limits.total` and no "
        "`per_user` that is one (C026).", _DROPPED),
    Reason.RUN_LIMIT: _rule(
        "This run's number of messages is given out.",
        "`limits.run` is used up for this run (C028).", _DROPPED),
    Reason.SAFETY_CHECK: _rule(
        "More people qualified than the safety check allows, so nobody was sent anything.",
        "The audience of the run exceeds `limits.safety`; the campaign was paused before its first send "
        "(C029).", _DROPPED),
    Reason.THROTTLED: _rule(
        "It waits its turn, because you limit how many pushes leave in a quarter of an hour.",
        "No throttle token was left when it came to its sender (C049); it is called when one pays for it.",
        _ON_ITS_WAY),
    Reason.DELAY: _rule(
        "It waits for the delay that the campaign asks for.",
        "`when.delay` after the trigger is not over (C048).", _HELD),
    Reason.APP_LAUNCH: _rule(
        "It waits until the user opens the app.",
        "With `inbox.copy`, push and copy wait for the next `App Opened` (C046-C048).", _HELD),
    Reason.MOMENT: _rule(
        "It waits for a good moment.",
        "The conditions of `moment.when` do not hold yet and its deadline is not reached (C137-C140).",
        _HELD),
    Reason.CUT_OFF: _rule(
        "It could not be sent before the campaign's cut-off.",
        "The time is past `when.cut_off`, or a hold or a retry would end there or later (C043).", _DROPPED,
        _FAILED),
    Reason.CANCELLED: _rule(
        "The user did in time what the message would have asked for.",
        "An event that matches `when.unless` arrived before the message was sent (C010).", _DROPPED),
    Reason.TOO_LATE: _rule(
        "We heard of it too late for the message to make sense.",
        "The date's offset had passed when it was told (dropped); or what would have cancelled the message "
        "came after it was sent (step `answered`).", _DROPPED),
    Reason.MOMENT_MISSED: _rule(
        "No good moment came in time.",
        "`moment.within` ended and `moment.then` is `drop` (C137-C140).", _DROPPED),
    Reason.LOW_VALUE: _rule(
        "The message was not worth interrupting this user.",
        "The expected value is under `value.min` (C142).", _DROPPED),
    Reason.SUPERSEDED: _rule(
        "A newer message took its place.",
        "The message was replaced before it was sent or opened (C143); or the date that it was held for "
        "moved (C011).", _DROPPED),
    Reason.MISSING_VARIABLE: _rule(
        "Something that the text mentions is not known of this user.",
        "A template met an undefined variable and `what.missing` is `drop` (C072).", _DROPPED),
    Reason.TEMPLATE_ERROR: _fault(
        "The text could not be written for this user.",
        "Rendering ended with a Liquid error or over its limits, or gave a link that is none; the detail "
        "names the field.", _DROPPED),
    Reason.CONTENT_UNAVAILABLE: _fault(
        "Content from another system was not available.",
        "A linked content source failed or timed out and has no fallback (C073).", _FAILED),
    Reason.PAYLOAD_TOO_LARGE: _fault(
        "The message is too long for the push service.",
        "The payload in bytes exceeds the provider's limit after everything that may be cut was cut.",
        _DROPPED, _FAILED),
    Reason.INVALID_TOKEN: _fault(
        "The app is no longer installed on the device.",
        "The provider says that the token is gone for good; the device loses it (C135).", _FAILED, _INBOX),
    Reason.PROVIDER_REJECTED: _fault(
        "The push service refused the message.",
        "The provider's answer is permanent and not about the token; no retry, the device keeps its token.",
        _FAILED, _INBOX),
    Reason.PROVIDER_UNAVAILABLE: _fault(
        "The push service is busy or down; we try again.",
        "The provider's answer is temporary, or none came; the retry timer is armed.", _ON_ITS_WAY),
    Reason.RETRIES_EXHAUSTED: _fault(
        "The push service could not take the message after several attempts.",
        "The last of the allowed attempts had a temporary failure.", _FAILED, _INBOX),
    Reason.EXPIRED: _fault(
        "The message became too old before the push service took it.",
        "The next attempt would be after the end of `what.ttl`; or the app was not launched within "
        "`inbox.ttl` (dropped).", _FAILED, _INBOX, _DROPPED),
    Reason.SURGE: _rule(
        "The campaign paused itself because far more people than usual qualified.",
        "The hour's count is over `surge.times` the mean of that hour in the last 7 days (C161).", _DROPPED),
    Reason.STOPPED_BY_OPERATOR: _rule(
        "Somebody stopped the campaign by hand.",
        "An operator's pause or end fell between qualifying and sending.", _DROPPED),
    Reason.ERASED: _rule(
        "The user's data was erased on request.",
        "`user erase` removed the user while the message was unfinished (C162).", _DROPPED, _FAILED),
    Reason.DECISION_FAILED: _fault(
        "Something went wrong inside Carillon, and the message could not be decided on.",
        "Deciding on its due timer, its turn or its next attempt raised; the detail says what. It is a bug of "
        "ours.", _DROPPED, _FAILED, _INBOX),
})
# fmt: on

DEAD_LETTER_EXPLANATIONS: Mapping[DeadLetterReason, str] = MappingProxyType(
    {
        DeadLetterReason.UNREADABLE: "The value is neither JSON nor MessagePack, or there is none.",
        DeadLetterReason.WRONG_TYPE: "A known field, or the value itself, is of another type than the format says.",
        DeadLetterReason.TOO_LARGE: "The record is over 32 KB.",
        DeadLetterReason.NO_USER: "Neither `userId` nor `anonymousId` is given, or the record has no key.",
        DeadLetterReason.TIME_OUT_OF_RANGE: (
            "The time is before 2000, or over a day in the future under the wall clock."
        ),
        DeadLetterReason.UNKNOWN_KIND: "`type` is none of track, identify, screen, page, alias, group and tick.",
        DeadLetterReason.FAILED_STEP: "Deciding on the record failed; its own effects were taken back.",
    }
)


def reference_page() -> str:
    """The text of `docs/reference/reasons.md`, from the two tables above."""
    lines = [
        "# Reasons",
        "",
        "Generated by `python -m scripts.reference`; edit `app/domain/model/reason.py` instead.",
        "",
        "## Of decisions",
        "",
        "*Technical* (C097): something did not work. Otherwise a rule or a person decided so.",
        "*Counts as*: where a message with this reason stands in the sums of C152.",
        "",
        "| reason | for a marketer | for an engineer | technical | counts as |",
        "|---|---|---|---|---|",
    ]
    for reason, told in EXPLANATIONS.items():
        technical = "yes" if told.technical else "no"
        lines.append(
            f"| `{reason}` | {told.marketer} | {told.engineer} | {technical} | {', '.join(told.counts_as)} |"
        )
    lines += ["", "## Of dead letters", "", "| reason | what is wrong with the record |", "|---|---|"]
    lines += [f"| `{reason}` | {sentence} |" for reason, sentence in DEAD_LETTER_EXPLANATIONS.items()]
    return "\n".join(lines) + "\n"

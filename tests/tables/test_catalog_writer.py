"""What the campaigns topic gets when an operator acts (C004, C157)."""

from __future__ import annotations

import msgspec
import pytest

from app.domain.model.campaign import Campaign, Content, Status, When
from tables.catalog import HISTORY, Records, decode_definition, decode_standings
from tables.catalog_writer import (
    Act,
    Change,
    TransitionError,
    UnknownCampaignError,
    applied,
    ended,
    paused,
    resumed,
    scheduled,
)

NOW_MS = 1_000_000


def a_campaign(title: str = "Hello", starts_ms: int | None = None) -> Campaign:
    return Campaign("c", "C", When("cart"), Content(title, "body"), starts_ms=starts_ms)


class Topic:
    """The campaigns topic, in memory: takes what changes, each record a millisecond after the other."""

    def __init__(self) -> None:
        self.records = Records()
        self.time_ms = NOW_MS

    def take(self, change: Change) -> Change:
        for key, value in change.records:
            self.time_ms += 1
            self.records.take(key, value, self.time_ms)
        return change

    def apply(self, campaign: Campaign, *, schedule: bool = False) -> Change:
        return self.take(applied(self.records, campaign, "text", Act(NOW_MS), schedule=schedule))

    @property
    def status(self) -> Status:
        return self.records.standings["c"][0].current.status

    @property
    def version(self) -> int:
        return self.records.standings["c"][0].current.version


@pytest.fixture
def topic() -> Topic:
    return Topic()


def test_a_new_campaign_is_a_draft(topic: Topic) -> None:
    change = topic.apply(a_campaign())

    assert (change.version, change.status) == (1, Status.DRAFT)
    assert [key for key, _ in change.records] == [b"c@1", b"c"]
    definition = decode_definition(change.records[0][1])
    assert (definition.campaign, definition.text, definition.created_ms) == (a_campaign(), "text", NOW_MS)


def test_an_equal_definition_changes_nothing(topic: Topic) -> None:
    topic.apply(a_campaign())

    assert topic.apply(a_campaign()).records == ()
    assert topic.version == 1


@pytest.mark.parametrize("prepare", ["draft", "live", "paused"])
def test_a_changed_definition_is_the_next_version_and_keeps_the_status(topic: Topic, prepare: str) -> None:
    topic.apply(a_campaign(), schedule=prepare != "draft")
    if prepare == "paused":
        topic.take(paused(topic.records, "c", Act(NOW_MS)))

    topic.apply(a_campaign("Changed"))

    assert (topic.status, topic.version) == (Status(prepare), 2)
    assert set(topic.records.definitions) == {("c", 1), ("c", 2)}


def test_going_back_to_an_older_definition_is_a_new_version(topic: Topic) -> None:
    for title in ("A", "B", "A"):
        topic.apply(a_campaign(title))

    assert topic.version == 3


def test_applied_and_scheduled_at_once_it_is_live_from_its_first_record_on(topic: Topic) -> None:
    change = topic.apply(a_campaign(), schedule=True)

    assert (topic.status, len(change.records)) == (Status.LIVE, 2)


def test_a_start_to_come_makes_it_scheduled_and_one_in_the_past_live(topic: Topic) -> None:
    topic.apply(a_campaign(starts_ms=NOW_MS + 1), schedule=True)
    ahead = topic.status
    topic.take(scheduled(topic.records, "c", Act(NOW_MS + 1)))

    assert (ahead, topic.status) == (Status.SCHEDULED, Status.LIVE)


def test_scheduling_twice_changes_nothing(topic: Topic) -> None:
    topic.apply(a_campaign(), schedule=True)

    assert scheduled(topic.records, "c", Act(NOW_MS)).records == ()
    assert topic.apply(a_campaign(), schedule=True).records == ()


def test_a_paused_campaign_is_not_set_going_by_applying_or_scheduling(topic: Topic) -> None:
    topic.apply(a_campaign(), schedule=True)
    topic.take(paused(topic.records, "c", Act(NOW_MS)))

    topic.apply(a_campaign("Changed"), schedule=True)

    assert topic.status is Status.PAUSED
    with pytest.raises(TransitionError, match="campaign resume c"):
        scheduled(topic.records, "c", Act(NOW_MS))


def test_pause_and_resume_go_back_to_where_it_was(topic: Topic) -> None:
    topic.apply(a_campaign(starts_ms=NOW_MS + 1), schedule=True)
    topic.take(paused(topic.records, "c", Act(NOW_MS, "me", "wrong price")))
    assert topic.records.standings["c"][0].current.reason == "wrong price"

    topic.take(resumed(topic.records, "c", Act(NOW_MS)))
    assert topic.status is Status.SCHEDULED


def test_pausing_needs_a_live_campaign_and_resuming_a_paused_one(topic: Topic) -> None:
    topic.apply(a_campaign())
    with pytest.raises(TransitionError, match="draft"):
        paused(topic.records, "c", Act(NOW_MS))
    with pytest.raises(TransitionError, match="draft"):
        resumed(topic.records, "c", Act(NOW_MS))


def test_an_ended_campaign_stays_as_it_is(topic: Topic) -> None:
    topic.apply(a_campaign(), schedule=True)
    topic.take(ended(topic.records, "c", Act(NOW_MS)))

    for act in (paused, resumed, ended, scheduled):
        with pytest.raises(TransitionError):
            act(topic.records, "c", Act(NOW_MS))
    with pytest.raises(TransitionError, match="another id"):
        topic.apply(a_campaign("Changed"))
    with pytest.raises(TransitionError, match="another id"):
        topic.apply(a_campaign(), schedule=True)
    assert topic.apply(a_campaign()).records == ()


def test_nothing_can_be_done_to_a_campaign_that_is_not_there(topic: Topic) -> None:
    with pytest.raises(UnknownCampaignError, match="'nobody'"):
        paused(topic.records, "nobody", Act(NOW_MS))


def test_every_standing_carries_those_before_it_with_the_time_of_their_records(topic: Topic) -> None:
    topic.apply(a_campaign(), schedule=True)  # c@1 at +1, c at +2
    topic.take(paused(topic.records, "c", Act(NOW_MS)))  # c at +3
    change = topic.take(resumed(topic.records, "c", Act(NOW_MS)))

    standings = decode_standings(change.records[0][1])
    before = [(each.status, each.since_ms) for each in standings.before]
    assert before == [(Status.LIVE, NOW_MS + 2), (Status.PAUSED, NOW_MS + 3)]
    assert standings.current.since_ms is None


def test_history_has_an_end(topic: Topic) -> None:
    topic.apply(a_campaign(), schedule=True)
    for _ in range(HISTORY):
        topic.take(paused(topic.records, "c", Act(NOW_MS)))
        topic.take(resumed(topic.records, "c", Act(NOW_MS)))

    standings, time_ms = topic.records.standings["c"]
    assert len(standings.before) == HISTORY
    assert [each.since_ms for each in standings.before] == list(range(time_ms - HISTORY, time_ms))


def test_what_is_written_is_what_a_worker_reads(topic: Topic) -> None:
    topic.apply(a_campaign(), schedule=True)
    definition = topic.records.definitions["c", 1]

    assert msgspec.msgpack.decode(msgspec.msgpack.encode(definition), type=type(definition)) == definition

"""Asks the in-memory engine for explanations, as a worker's web layer does: events read back by the kept offsets."""

from __future__ import annotations

from app.domain.explain.explanation import explain
from app.domain.explain.model import Case, Explained, Lifecycle
from app.domain.model.campaign import Status
from app.domain.model.decision import Decision
from app.domain.model.event import Event
from app.topics import Topics
from app.web.events import Placed
from app.web.explained import past_of, user_of
from app.wire import EventReader, decode_decision
from tests.flow.engine import Flow


def explained(flow: Flow, campaign: str = "cart-reminder", user: str = "u1", *, gone: int = 0) -> Explained:
    """The explanation as of the flow's own time; `gone`: the log has lost so many of the user's oldest events."""
    known = user_of(flow.state, user, user.encode())
    assert known is not None
    offsets = known.activity.recent_offsets[gone:]
    now_ms = flow.watermark.stream_ms
    catalog, rules = flow.catalog.at(now_ms)
    case = Case(
        campaign=campaign,
        user=known,
        past=past_of(read_back(flow, offsets), flow.catalog, rules),  # type: ignore[arg-type]
        gone=gone,
        catalog=catalog,
        lifecycle=Lifecycle(catalog.current.get(campaign, (Status.DRAFT, 0))[0]),
        rules=rules,
        now_ms=now_ms,
        decisions=decisions_of(flow, campaign, user),
    )
    return explain(case)


def read_back(flow: Flow, offsets: list[int]) -> list[Placed]:
    """The events at these offsets of the flow's log."""
    reader, found = EventReader(), []
    for offset in offsets:
        event = reader.read(flow.log[offset], None)
        assert isinstance(event, Event)
        found.append(Placed(offset, event))
    return found


def decisions_of(flow: Flow, campaign: str, user: str) -> tuple[Decision, ...]:
    """What was decided on a user for a campaign, oldest first."""
    topics: Topics = flow.topics
    made = (decode_decision(mail.value or b"") for mail in flow.sent if mail.topic == topics.decisions)
    return tuple(each for each in made if (each.campaign, each.user) == (campaign, user))

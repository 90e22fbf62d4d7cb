"""Why a campaign was or was not sent to a user (C151): what an explanation rests on, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from app.domain.explain.explanation import explain
from app.domain.explain.model import Case, Explained, Lifecycle, Past
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Status
from app.domain.model.decision import Decision
from app.domain.model.history import History
from app.domain.model.quota import Lease
from app.domain.model.user import Activity, Agenda, Profile, User
from app.domain.rules.plan import Catalog
from app.turns.state import State
from app.turns.table import Table
from app.web.events import Placed
from app.web.told import Told, tell_all
from tables.catalog import CatalogReader, Records
from tables.leases import LEASES
from tables.users import ACTIVITY, AGENDA, HISTORY, PROFILE


class ExplainedView(Explained, frozen=True):
    """An explanation with the decisions on this user and campaign, the latest on top; None: not readable now.

    `searched`: how far back they were looked for, where there may be older ones.
    """

    decisions: tuple[Told, ...] | None = None
    searched: str = ""


class Sources(msgspec.Struct, frozen=True):
    """What was read for an explanation. `asked_for`: how many events the state remembers; `decisions`: of this user.

    `searched`: how far back was looked for them, where there may be more; `lease`: of the campaign's limits.
    """

    events: Sequence[Placed]
    asked_for: int
    decisions: Sequence[Decision] | None
    searched: str = ""
    lease: Lease = msgspec.field(default_factory=Lease)


def user_of(state: State, user: str, key: bytes) -> User | None:
    """A user as the state has them; None where it knows nobody of that name."""
    profile, activity, agenda = (_part(state, table, key) for table in (PROFILE, ACTIVITY, AGENDA))
    if profile is None and activity is None and agenda is None:
        return None
    return User(
        user,
        profile or Profile(),
        activity or Activity(),
        agenda or Agenda(),
        lambda _user: _part(state, HISTORY, key) or History(),
    )


def lease_of(state: State, campaign: str) -> Lease:
    """What the user's partition holds of a campaign's limits."""
    return _part(state, LEASES, campaign.encode()) or Lease()


def _part(state: State, table: Table[Any], key: bytes) -> Any:
    return state.find(table, table.prefix + key).value


def lifecycle_of(campaign: str, records: Records) -> Lifecycle:
    """How the campaign stands, as the catalog tells."""
    found = records.standings.get(campaign)
    if found is None:
        return Lifecycle(Status.DRAFT)
    standings, time_ms = found
    return Lifecycle(standings.current.status, time_ms, standings.current.reason)


def view(
    user: User, campaign: str, sources: Sources, reader: CatalogReader, now_ms: int
) -> ExplainedView | None:
    """The explanation; None where no version of the campaign is in force yet."""
    catalog, rules = reader.at(now_ms)
    if catalog.in_force(campaign) is None:
        return None
    about = _about(sources.decisions, campaign)
    own = [placed for placed in sources.events if placed.event.user == user.id]
    case = Case(
        campaign=campaign,
        user=user,
        past=past_of(own, reader, rules),
        gone=max(sources.asked_for - len(own), 0),
        catalog=catalog,
        lifecycle=lifecycle_of(campaign, reader.records),
        rules=rules,
        now_ms=now_ms,
        decisions=about,
        lease=sources.lease,
    )
    told = None if about is None else tuple(reversed(tell_all(about)))
    return ExplainedView(**msgspec.structs.asdict(explain(case)), decisions=told, searched=sources.searched)


def past_of(events: Iterable[Placed], reader: CatalogReader, rules: AppRules) -> tuple[Past, ...]:
    """Events as they were decided on: under the campaigns of their place, at the time that it was for the partition.

    Under a stream clock that time is at least the latest of this user's own events so far: what others' events had
    moved it on by then is not known any more.
    """
    found: list[Past] = []
    stream_ms = 0
    for offset, event in events:
        stream_ms = max(stream_ms, event.time_ms)
        now_ms = stream_ms if rules.stream_clock else event.recorded_ms
        catalog: Catalog = reader.at(now_ms)[0]
        found.append(Past(event, offset, catalog, now_ms))
    return tuple(found)


def _about(decisions: Sequence[Decision] | None, campaign: str) -> tuple[Decision, ...] | None:
    """Those on this campaign, oldest first. They come with the last on top."""
    if decisions is None:
        return None
    return tuple(each for each in reversed(decisions) if each.campaign == campaign)

"""Campaigns and saved segments that are in force from the start of a replay."""

from __future__ import annotations

from app.domain.files.campaign import load
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Campaign, Segment
from app.domain.model.user import Activity, Agenda, Profile, User
from app.domain.qualify import meets_who
from app.replay.catalogs import catalog_of

CIRCLE = "segment: one\nwho: {segment: other}\n---\nsegment: other\nwho: {segment: one}\n"
ASKS = """\
campaign: hello
when: {event: view}
who: {none: [{segment: one}]}
what: {title: T, body: B}
"""


def test_segments_that_lead_back_to_themselves_hold_for_nobody() -> None:
    """Given a segment of the file and a saved one that go in a circle, then asking ends, as it does in a worker."""
    found = load(f"{CIRCLE}---\n{ASKS}", app_zone="UTC", amplify_default=False)
    asks = [each for each in found if isinstance(each, Campaign)]
    catalog = catalog_of(asks, [each for each in found if isinstance(each, Segment)])
    user = User("u", Profile(), Activity(), Agenda())
    assert catalog.segments == {}
    assert meets_who(catalog.plans["hello", 1], user, catalog, AppRules(), 0)

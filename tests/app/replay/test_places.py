"""Replays know where an address is by the database of the settings, as workers do (C018)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.campaign_tests import run_tests
from app.domain.model.app_rules import AppRules
from app.domain.model.campaign import Campaign
from app.geoip import finder
from app.kafka_client.received import Received
from app.replay.catalogs import catalog_of
from app.replay.preview import Knowing, preview
from app.replay.stretch import Question, Replaying
from app.settings import Settings, SettingsError
from tests.app.mmdb import write
from tests.app.replay.test_engine import campaigns

START_MS = 1_795_428_000_000
RULES = AppRules(stream_clock=True)
FRENCH = "campaign: french\nwhen: {event: view}\nwho: {user: country, is: FR}\nwhat: {title: T, body: B}\n"
TEST = """\
test: T
given:
  - {at: "2026-11-23T10:00Z", user: u1, identify: {}, device: {id: d1, type: android, token: t1}}
  - {at: "2026-11-23T10:01Z", user: u1, event: view, context: {ip: 203.0.113.9}}
expect: [{user: u1, campaign: french}]
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    write(tmp_path / "city.mmdb", {"203.0.113.0/24": {"country": "FR"}})
    return tmp_path / "city.mmdb"


def french() -> Campaign:
    (campaign,) = campaigns(FRENCH)
    return campaign


def log() -> Iterator[Received]:
    """A user with a device, who looks from France."""
    device = {"id": "d1", "type": "android", "token": "t1"}
    messages = (
        {"type": "identify", "context": {"device": device}},
        {"type": "track", "event": "view", "context": {"ip": "203.0.113.9"}},
    )
    for offset, message in enumerate(messages):
        at_ms = START_MS + offset
        value = json.dumps(message | {"userId": "u1", "timestamp": at_ms / 1000}).encode()
        yield Received("events", 0, offset, at_ms, b"u1", value, ())


def test_a_backtest_knows_where_an_address_is(database: Path) -> None:
    sent = {}
    for geoip in (database, None):
        replaying = Replaying(Question("", "events", (french(),), RULES, 0, None, geoip=geoip))
        replaying.take(list(log()))
        sent[geoip] = [row.user for row in replaying.close().rows]
    assert sent == {database: ["u1"], None: []}


def test_a_preview_knows_where_an_address_is(database: Path) -> None:
    met = {}
    for geoip in (database, None):
        knowing = Knowing("u1", RULES, catalog_of([french()]), finder(geoip))
        knowing.take(list(log()))
        known = knowing.known()
        assert known is not None
        met[geoip] = preview(french(), known, RULES).in_who
    assert met == {database: True, None: False}


def test_a_test_knows_where_an_address_is(database: Path, tmp_path: Path) -> None:
    file = tmp_path / "french.yaml"
    file.write_text(f"{FRENCH}---\n{TEST}", encoding="utf-8")
    passed = {}
    for geoip in (database, None):
        (verdict,), problems = run_tests([file], Settings().model_copy(update={"geoip": geoip}))
        assert problems == []
        passed[geoip] = verdict.passed
    assert passed == {database: True, None: False}
    with pytest.raises(SettingsError, match=r"geoip: .*gone\.mmdb is no database of places"):
        run_tests([file], Settings().model_copy(update={"geoip": tmp_path / "gone.mmdb"}))

"""Every topic has somebody who writes and somebody who reads it; every actor is made once, and reads its mailbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.rules.surface import TRANSPORTS
from app.settings import load_settings
from app.setup import actor_inputs
from app.topics import ACTORS, Topics
from tests.architecture.source import CHECKOUT, calls, mentions, trees

TOPICS = Topics("app", "events")
SENDS = {"send", "send_and_wait", "write"}
READS = {"CatalogReader", "StatsTail", "Decisions", "read_whole", "read_records"}
NAMES = {
    "events": TOPICS.events,
    "campaigns": TOPICS.campaigns,
    "users_mail": TOPICS.users_mail,
    "campaigns_mail": TOPICS.campaigns_mail,
    "tokens_mail": TOPICS.tokens_mail,
    "sends": TOPICS.sends("fcm"),
    "sends_mail": TOPICS.sends_mail("fcm"),
    "mails": TOPICS.mails,
    "inbox": TOPICS.inbox,
    "decisions": TOPICS.decisions,
    "dead_letters": TOPICS.dead_letters,
    "stats": TOPICS.stats,
}
"""The name by which the code speaks of a topic: a property of `Topics`, or of the settings."""

WRITERS = {
    "events": {"app/cli/events.py"},
    "campaigns": {
        "app/cli/campaign_records.py",
        "agents/campaigns.py",
        "tables/live_surges.py",
        "agents/mails.py",
    },
    "users_mail": {"agents/senders.py", "agents/tokens.py", "agents/campaigns.py", "agents/users.py"},
    "campaigns_mail": {"agents/users.py", "agents/senders.py", "agents/tally.py"},
    "tokens_mail": {"agents/users.py"},
    "sends": {"agents/users.py"},
    "sends_mail": {"agents/campaigns.py"},
    "mails": {"tables/telling_owners.py"},
    "inbox": {"agents/users.py"},
    "decisions": {"agents/users.py", "agents/senders.py"},
    "dead_letters": {"agents/users.py", "app/turns/mailbox.py"},
    "stats": {"agents/tally.py"},
}
OUTSIDE = {
    "events": "producers of the operator write it; `event send` is one",
    "decisions": "analysts may read it; the tally actor and the pages do",
    "dead_letters": "operators read it, by `dlq` or by programs of their own",
}


def written() -> dict[str, set[str]]:
    """Who sends to which topic, by the name that stands in the call."""
    found: dict[str, set[str]] = {name: set() for name in NAMES}
    for path, tree in trees().items():
        for call in calls(tree, SENDS):
            for name in mentions(call) & NAMES.keys():
                found[name].add(path)
    return found


def read() -> dict[str, set[str]]:
    """Who reads which topic: an actor's mailbox, or a reader that is given the name."""
    found = {name: {a for a, inputs in actor_inputs(TOPICS).items() for t, *_ in inputs if t == topic}
             for name, topic in NAMES.items()}  # fmt: skip
    for path, tree in trees().items():
        for call in calls(tree, READS):
            for name in mentions(call) & NAMES.keys():
                found[name].add(path)
    return found


def test_every_topic_but_the_journals_has_a_name_here() -> None:
    journals = {TOPICS.journal(actor) for actor in ACTORS}
    assert {spec.name for spec in TOPICS.specs(4)} - journals == set(NAMES.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_topic_is_written_by_those_who_should(name: str) -> None:
    found = written()[name]
    assert found >= WRITERS[name]
    mine = {path for path in found if path.startswith(("agents/", "app/turns/"))}
    assert mine <= WRITERS[name], "agents meet only where the table says so"


@pytest.mark.parametrize("name", NAMES)
def test_a_topic_has_a_reader(name: str) -> None:
    assert read()[name], f"nobody reads {name}; give it a reader, or a reason in OUTSIDE"


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_is_for_outside_has_a_reason(name: str) -> None:
    assert name in NAMES
    assert OUTSIDE[name]


def test_settings_that_decide_are_written_by_setup() -> None:
    found = [mentions(call) for call in calls(trees()["app/setup.py"], {"send_and_wait"})]
    assert [names for names in found if "SETTINGS_KEY" in names]


def test_only_the_appender_and_the_beginning_of_a_journal_write_journals() -> None:
    writers = {path for path, tree in trees().items() for _ in calls(tree, {"send_batch", "Batch"})}
    assert writers == {"app/turns/kafka_log.py", "app/turns/journals.py", "app/turns/relays.py"}
    assert "journal" not in (CHECKOUT / "app/turns/relays.py").read_text(encoding="utf-8")


def test_every_transport_that_a_user_can_be_reached_by_has_a_topic_and_an_actor() -> None:
    specs = {spec.name for spec in TOPICS.specs(4)}
    for transport in set(TRANSPORTS.values()):
        assert TOPICS.sends(transport) in specs
        assert transport in ACTORS


def test_every_actor_has_a_journal_and_a_mailbox() -> None:
    assert set(actor_inputs(TOPICS)) == set(ACTORS)
    specs = {spec.name for spec in TOPICS.specs(4)}
    assert all(TOPICS.journal(actor) in specs for actor in ACTORS)


def test_every_actor_is_made_by_the_composition_root(tmp_path: Path) -> None:
    from app.worker import Worker

    file = tmp_path / "carillon.yaml"
    file.write_text("providers: {fcm: {project: p, credentials: key.json}}\n", encoding="utf-8")
    names = {"CARILLON_SETTINGS": str(file), "CARILLON_DATA": str(tmp_path)}
    worker = Worker(load_settings(names))
    assert set(worker.hosts) == set(ACTORS)
    assert set(worker.engine.agents) == {f"carillon.{actor}" for actor in ACTORS}

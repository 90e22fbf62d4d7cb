"""`setup`: makes what is missing, once, and says what differs or cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.cli.invoking import Commands
from tests.integration.kafka import Kafka

pytestmark = pytest.mark.integration


def test_it_makes_everything_once(fresh: Commands) -> None:
    first = fresh.done("setup")

    assert f"{fresh.environment['CARILLON_APP']}.campaigns" in first["created"]
    assert (first["settings"], first["differs"], len(first["begun"]) % 2) == ("published", [], 0)
    again = fresh.done("setup")
    assert again == {"created": [], "begun": [], "differs": [], "settings": "unchanged"}
    said = fresh.run("setup")
    assert said.out.endswith(f"{fresh.environment['CARILLON_APP']} is set up, 2 partitions\n")


def test_another_number_of_partitions_is_refused(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "carillon.yaml").write_text("partitions: 3\n")

    said = commands.run("setup")

    assert (said.code, said.out) == (1, "")
    assert "Nothing was set up" in said.errors
    assert "has 2 partitions, and the settings say 3" in said.errors


def test_a_wrong_time_to_restart_from_exits_2(fresh: Commands) -> None:
    said = fresh.run("setup", "--restart-from", "yesterday")

    assert (said.code, said.out) == (2, "")
    assert "'yesterday' is not a time" in said.errors


@pytest.mark.parametrize("restart_from", ["latest", "2026-11-22T09:00:00Z"])
def test_a_place_to_restart_from_is_taken(fresh: Commands, restart_from: str) -> None:
    assert fresh.run("setup", "--restart-from", restart_from).code == 0


def test_an_actor_that_an_earlier_build_did_not_have_is_made(commands: Commands) -> None:
    """Given an app of a build without the coordinator, when setup runs again, then it makes both; given a
    journal that is gone while its mailbox is there, it refuses."""
    app = commands.environment["CARILLON_APP"]
    mailbox, journal = f"{app}.campaigns.mail", f"{app}.campaigns.journal"
    kafka = Kafka(commands.environment["CARILLON_KAFKA"])
    kafka.delete(mailbox, journal)
    again = commands.done("setup")
    assert again["created"] == [mailbox, journal]
    assert again["begun"] == [f"{journal}/0", f"{journal}/1"]
    kafka.delete(journal)
    said = commands.run("setup")
    assert said.code == 1
    assert f"{journal} had been set up and is gone" in said.errors

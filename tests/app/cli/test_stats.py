"""`stats`: the counts of all partitions, added up, with what conservation misses (C152)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from tables.stats import CampaignCounts, Counts
from tests.app.cli.invoking import Commands

pytestmark = pytest.mark.integration


def publish(commands: Commands, *counts: CampaignCounts) -> None:
    async def send() -> None:
        async with AIOKafkaProducer(bootstrap_servers=commands.environment["CARILLON_KAFKA"]) as producer:
            for each in counts:
                await producer.send_and_wait(
                    f"{commands.environment['CARILLON_APP']}.stats",
                    msgspec.json.encode(each),
                    key=each.campaign.encode(),
                    partition=each.partition,
                )

    asyncio.run(send())


def test_partitions_are_added_up_and_only_the_last_counts_of_each_count(commands: Commands) -> None:
    publish(
        commands,
        CampaignCounts("hello", 0, Counts(qualified=1, sent=1)),
        CampaignCounts("hello", 0, Counts(qualified=5, sent=3, accepted=2, dropped={"user_cap": 2})),
        CampaignCounts("hello", 1, Counts(qualified=4, sent=1, inbox=1, dropped={"user_cap": 1})),
        CampaignCounts("other", 1, Counts(qualified=1, sent=1, failed={"expired": 1})),
    )

    hello = commands.done("stats", "hello")

    assert (hello["qualified"], hello["sent"], hello["accepted"], hello["inbox"]) == (9, 4, 2, 1)
    assert (hello["dropped"], hello["on_their_way"], hello["gap"]) == ({"user_cap": 3}, 2, 1)
    assert [each["campaign"] for each in commands.done("stats")] == ["hello", "other"]
    lines = commands.run("stats").out.splitlines()
    assert lines[0].split()[:2] == ["campaign", "qualified"]
    assert lines[1].split() == ["hello", "9", "0", "4", "2", "0", "0", "3", "1", "1"]
    assert "hello     dropped  user_cap         3" in lines


def test_a_campaign_that_has_decided_nothing_has_zeros(commands: Commands, tmp_path: Path) -> None:
    assert commands.run("stats").out == "There are no campaigns. `campaign apply` makes one.\n"
    (tmp_path / "hello.yaml").write_text("campaign: hello\nwhen: {event: cart}\nwhat: {title: A, body: B}\n")
    commands.done("campaign", "apply", "hello.yaml")

    assert (commands.done("stats", "hello")["qualified"], commands.done("stats", "hello")["gap"]) == (0, 0)


def test_a_campaign_that_is_not_there_exits_3(commands: Commands) -> None:
    said = commands.run("stats", "nobody")

    assert (said.code, said.out) == (3, "")
    assert "There is no campaign 'nobody'" in said.errors

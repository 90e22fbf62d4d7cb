"""`campaign backtest` and `campaign reach` on a real topic: what they say, and how they fail (C014, C150)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.app.cli.invoking import Commands
from tests.integration.process import PROGRAM, command_line
from tests.integration.waiting import until

pytestmark = pytest.mark.integration

CART = """\
campaign: cart
when: {event: cart, unless: {event: purchase, within: 10m}}
what: {title: "Hello {{ user.name }}", body: You}
"""
ONE = "campaign: one\nwhen: {event: cart}\nlimits: {total: 1}\nwhat: {title: One, body: Of one.}\n"
HOUR = "2026-11-23T10:{:02d}:00Z"


def message(user: str, minute: int, **more: Any) -> dict[str, Any]:
    return {
        "userId": user,
        "timestamp": HOUR.format(minute),
        "messageId": f"{user}-{minute}-{len(more)}",
        **more,
    }


def arrived(user: str, minute: int, **device: str) -> dict[str, Any]:
    known = {"id": f"d-{user}", "type": "android", "token": f"t-{user}", **device}
    return message(user, minute, type="identify", traits={"name": user}, context={"device": known})


def event(user: str, minute: int, name: str = "cart") -> dict[str, Any]:
    return message(user, minute, type="track", event=name)


@pytest.fixture
def replayed(commands: Commands, tmp_path: Path) -> Commands:
    """A log: `left` and `blocked` leave their carts, `bought` buys; all of it, and a tick at 10:50, is in Kafka."""
    log = [
        arrived("left", 0),
        arrived("bought", 0),
        arrived("blocked", 0, push="blocked"),
        event("left", 1),
        event("bought", 1),
        event("blocked", 2),
        event("bought", 5, "purchase"),
        event("left", 30),
        event("left", 45),
    ]
    (tmp_path / "log.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in log))
    (tmp_path / "cart.yaml").write_text(CART)
    commands.done("event", "send", "log.jsonl")
    commands.done("event", "tick", HOUR.format(50))
    return commands


def test_it_says_who_would_have_had_it_when_and_who_not_and_why(replayed: Commands) -> None:
    value = replayed.done("campaign", "backtest", "cart.yaml")
    found = [(row["user"], row["end"], row["reason"], row["title"]) for row in value["messages"]]
    assert found == [
        ("left", "push", None, "Hello left"),
        ("blocked", "drop", "push_blocked", None),
        ("left", "push", None, "Hello left"),
    ]
    cart = value["campaigns"]["cart"]
    assert (cart["qualified"], cart["pushes"], cart["dropped"], cart["waiting"]) == (3, 2, 1, 1)
    assert (cart["users"], cart["users_pushed"], cart["users_reachable"]) == (2, 1, 1)
    assert cart["reasons"] == {"push_blocked": 1}
    assert cart["days"] == {"2026-11-23": {"push": 2, "drop": 1}}
    assert cart["peak"] == {"pushes": 1, "at": 1_795_428_000_000}
    assert (value["records"], value["users"], value["unreadable"], value["partitions"]) == (11, 3, 0, 2)


def test_it_says_so_to_people_and_shows_no_bar_to_others(replayed: Commands) -> None:
    said = replayed.run("campaign", "backtest", "cart.yaml")
    assert said.code == 0
    assert said.errors.startswith("replaying 11 records of ")
    assert "\n" not in said.errors.strip()
    for part in ("11 records of 3 users", "push_blocked", "switched push notifications off", "Hello left"):
        assert part in said.out, part


def test_it_says_when_pushes_would_leave_under_the_throttle(replayed: Commands, tmp_path: Path) -> None:
    """Given one push an hour, when two are cleared within it, then the second leaves in the next hour (C049)."""
    settings = tmp_path / "carillon.yaml"
    text = settings.read_text(encoding="utf-8") if settings.exists() else ""
    settings.write_text(f"{text}\nthrottle: {{max: 1, every: 1h}}\n", encoding="utf-8")
    value = replayed.done("campaign", "backtest", "cart.yaml")
    cleared, left = ([row[key] for row in value["messages"] if key in row] for key in ("at", "leaves_at"))
    assert left == [cleared[0], 1_795_431_601_000]
    assert value["throttle"] == {
        "max": 1,
        "every_ms": 3_600_000,
        "peak": 1,
        "longest_wait_ms": left[1] - cleared[2],
        "last_leaves_at": left[1],
    }
    assert "throttle: at most 1 every 1h." in replayed.run("campaign", "backtest", "cart.yaml").out


def test_the_window_begins_and_ends_where_it_is_told_to(replayed: Commands) -> None:
    """Given a start after the first cart, then users are known and only what begins later is started."""
    later = replayed.done("campaign", "backtest", "cart.yaml", "--from", HOUR.format(2))
    assert [(row["user"], row["end"]) for row in later["messages"]] == [("blocked", "drop"), ("left", "push")]
    both = ("--from", HOUR.format(2), "--to", HOUR.format(40))
    assert [row["user"] for row in replayed.done("campaign", "backtest", "cart.yaml", *both)["messages"]] == [
        "blocked"
    ]


def test_in_the_order_of_time_it_is_the_same_where_partitions_share_nothing(replayed: Commands) -> None:
    apart = replayed.done("campaign", "backtest", "cart.yaml")
    together = replayed.done("campaign", "backtest", "cart.yaml", "--in-order")
    assert together | {"seconds": 0} == apart | {"seconds": 0}


def test_a_limit_is_one_for_all_partitions(replayed: Commands, tmp_path: Path) -> None:
    """Given a total of one, two partitions, and more than one who qualify, then one is sent, without being asked to
    go in order (C026)."""
    (tmp_path / "one.yaml").write_text(ONE)
    value = replayed.done("campaign", "backtest", "one.yaml")
    ends = {(row["user"], row["end"], row["reason"]) for row in value["messages"]}
    assert value["partitions"] == 2
    assert ends == {
        ("left", "push", None),
        ("blocked", "drop", "push_blocked"),
        ("bought", "drop", "total_limit"),
        ("left", "drop", "per_user_limit"),
    }


def test_reach_is_two_numbers(replayed: Commands) -> None:
    assert replayed.done("campaign", "reach", "cart.yaml")["campaigns"] == {
        "cart": {"users": 2, "reachable": 1}
    }
    said = replayed.run("campaign", "reach", "cart.yaml")
    assert "users who qualify" in said.out


def test_a_preview_is_the_message_of_a_real_user(replayed: Commands, tmp_path: Path) -> None:
    """Given users as the log knows them, then each one's message is written, with what stands against it."""
    (value,) = replayed.done("campaign", "preview", "cart.yaml", "--user", "left")
    assert (value["content"], value["dropped"], value["unreachable"]) == (
        {"title": "Hello left", "body": "You"},
        None,
        None,
    )
    assert (value["event"], value["in_who"]) == (
        {"name": "cart", "at": 1_795_430_700_000, "properties": {}},
        True,
    )
    said = replayed.run("campaign", "preview", "cart.yaml", "--user", "blocked")
    assert (said.code, "Hello blocked" in said.out, "push_blocked" in said.out) == (0, True, True)
    narrow = CART.replace("{ user.name }", "{ event.item }").replace("body: You", "body: You, missing: drop")
    (tmp_path / "narrow.yaml").write_text(narrow + "who: {user: name, is: nobody}\n")
    said = replayed.run("campaign", "preview", "narrow.yaml", "--user", "left")
    assert (said.code, "missing_variable" in said.out, "none of those in `who`" in said.out) == (
        0,
        True,
        True,
    )
    unknown = replayed.run("campaign", "preview", "cart.yaml", "--user", "ghost")
    assert (unknown.code, unknown.out) == (3, "")


def test_beside_those_that_are_live_their_pushes_count_for_the_caps(
    replayed: Commands, tmp_path: Path
) -> None:
    """Given a live campaign that greets each cart, and a cap of one a day, then nothing is left for the reminder."""
    (tmp_path / "carillon.yaml").write_text("partitions: 2\ncaps: [{max: 1, per: day}]\n")
    (tmp_path / "now.yaml").write_text("campaign: now\nwhen: {event: cart}\nwhat: {title: Now, body: You}\n")
    replayed.done("campaign", "apply", "--schedule", "now.yaml")
    alone = replayed.done("campaign", "backtest", "cart.yaml")["campaigns"]
    beside = replayed.done("campaign", "backtest", "cart.yaml", "--with-live")["campaigns"]
    assert alone["cart"]["reasons"] == {"push_blocked": 1, "user_cap": 1}
    assert beside["cart"]["reasons"] == {"push_blocked": 1, "user_cap": 2}
    assert beside.keys() == {"cart"}


def test_it_fails_with_a_sentence_and_a_code(commands: Commands, alone: Commands, tmp_path: Path) -> None:
    (tmp_path / "cart.yaml").write_text(CART)
    (tmp_path / "bad.yaml").write_text(CART.replace("within", "wihtin"))
    empty = commands.run(
        "campaign", "backtest", "cart.yaml", "--from", HOUR.format(2), "--to", HOUR.format(2)
    )
    assert (empty.code, empty.out) == (1, "")
    assert "The window is empty" in empty.errors
    assert commands.run("campaign", "backtest", "cart.yaml", "--from", "noon").code == 2
    wrong = commands.run("campaign", "backtest", "bad.yaml")
    assert (wrong.code, wrong.out) == (1, "")
    assert "did you mean 'within'?" in wrong.errors
    assert alone.run("campaign", "backtest", "cart.yaml").code == 5
    missing = commands.run("campaign", "backtest", "cart.yaml", CARILLON_EVENTS="nowhere")
    assert missing.code == 1
    assert "There is no topic nowhere" in missing.errors


def test_an_empty_log_has_an_empty_answer(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "cart.yaml").write_text(CART)
    value = commands.done("campaign", "backtest", "cart.yaml")
    assert (value["messages"], value["records"], value["from"]) == ([], 0, None)
    assert commands.run("campaign", "backtest", "cart.yaml").code == 0


def test_ctrl_c_ends_it_with_all_its_processes(replayed: Commands, tmp_path: Path) -> None:
    """Given a backtest that has begun, when it is interrupted, then it exits with 130 and leaves nobody behind."""
    begun = subprocess.Popen(
        command_line(replayed.environment, PROGRAM, "campaign", "backtest", "cart.yaml"),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert begun.stderr is not None
    assert begun.stderr.readline().startswith("replaying")
    os.killpg(begun.pid, signal.SIGINT)
    out, errors = begun.communicate(timeout=60)
    assert (begun.returncode, out) in {(130, ""), (-signal.SIGINT, ""), (0, out)}  # a shell tells both as 130
    assert "Traceback" not in errors
    until(lambda: is_gone(begun.pid), 20, "the last process of the group ends", 0.05)


def is_gone(group: int) -> bool:
    """Has every process of a group ended?"""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False

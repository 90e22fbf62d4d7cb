"""What the README tells a stranger to type exists: commands, options, files, targets, settings, event.

It is not run: its push comes ten minutes after its event, by the wall clock. `make demo` and the tests of the whole
engine run the same commands.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import msgspec
import pytest

from app.domain.model.event import Event
from app.settings import load_settings
from app.wire import EventReader
from scripts.pages.commands import known
from tests.app.turns.memory import MemoryRecord

CHECKOUT = Path(__file__).parents[2]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```", README, re.M | re.S)
COMMANDS = {each.words: each for each in known()}
CALLS = re.findall(r"python -m app (.+)", "\n".join(BLOCKS))
HERE = re.compile(r"cat > (\S+) <<'YAML'\n(.*?)^YAML$", re.M | re.S)


def words_of(call: str) -> list[str]:
    """The words of one call, up to what the shell makes of the rest of the line."""
    found = shlex.split(call, comments=True)
    return found[: next((at for at, word in enumerate(found) if word in {"&", "|", "&&", ";"}), len(found))]


def test_the_readme_has_commands() -> None:
    assert len(CALLS) >= 6


@pytest.mark.parametrize("call", CALLS)
def test_a_command_and_its_options_exist(call: str) -> None:
    words = words_of(call)
    name = next(" ".join(words[:count]) for count in (2, 1) if " ".join(words[:count]) in COMMANDS)
    options = {name for option in COMMANDS[name].options for name in (*option.opts, *option.secondary_opts)}
    assert [word for word in words if word.startswith("--") and word not in options] == []


@pytest.mark.parametrize("call", CALLS)
def test_a_file_that_is_named_exists(call: str) -> None:
    named = [word for word in words_of(call) if word.endswith((".yaml", ".jsonl"))]
    assert [name for name in named if not (CHECKOUT / name).exists()] == []


def test_a_target_of_make_exists() -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^make (\w+)", "\n".join(BLOCKS), re.M)
    assert targets
    assert [name for name in targets if not re.search(rf"^{name}:", makefile, re.M)] == []


def test_the_settings_are_in_order(tmp_path: Path) -> None:
    ((name, text),) = HERE.findall(README)
    (tmp_path / name).write_text(text, encoding="utf-8")
    settings = load_settings({"CARILLON_SETTINGS": str(tmp_path / name)})
    assert settings.providers.fcm is not None
    assert settings.not_yet_effective() == []


def test_the_event_is_one_and_brings_a_device_that_may_be_sent_to() -> None:
    (text,) = re.findall(r"echo '(\{.*?\})'", "\n".join(BLOCKS), re.S)
    line = text.replace("\n", "").encode()
    assert msgspec.json.decode(line)
    found = EventReader().read(MemoryRecord("events", 0, 0, 1_800_000_000_000, b"u1", line), None)
    assert isinstance(found, Event)
    assert found.said.device is not None
    assert found.said.device.token


def test_what_it_links_to_exists() -> None:
    targets = [target for target in re.findall(r"\]\(([^)#]+)", README) if "://" not in target]
    assert targets
    assert [target for target in targets if not (CHECKOUT / target).exists()] == []

"""Every file under `examples/` is loaded, and every reason is documented."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.files.campaign import load
from app.domain.model.campaign import Campaign
from app.domain.model.reason import DeadLetterReason, Reason
from app.settings import load_settings

CHECKOUT = Path(__file__).parents[2]
FILES = sorted(path for path in (CHECKOUT / "examples").rglob("*") if path.is_file())
SETTINGS = "carillon.yaml"
PAGE = (CHECKOUT / "docs" / "reference" / "reasons.md").read_text(encoding="utf-8")


def names(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def test_there_are_examples() -> None:
    assert {path.name for path in FILES} >= {SETTINGS, "cart-reminder.yaml"}


@pytest.mark.parametrize("path", [path for path in FILES if path.name != SETTINGS], ids=names)
def test_a_campaign_file_is_in_order_and_named_for_its_campaign(path: Path) -> None:
    found = load(path.read_text(encoding="utf-8"), app_zone="UTC", amplify_default=False)
    assert [str(each) for each in found if not isinstance(each, Campaign)] == []
    assert [each.id for each in found if isinstance(each, Campaign)] == [path.stem]


@pytest.mark.parametrize("path", [path for path in FILES if path.name == SETTINGS], ids=names)
def test_settings_are_in_order_and_effective(path: Path) -> None:
    settings = load_settings({"CARILLON_SETTINGS": str(path)})
    assert settings.not_yet_effective() == []


@pytest.mark.parametrize("reason", [*Reason, *DeadLetterReason])
def test_a_reason_is_documented(reason: str) -> None:
    assert PAGE.count(f"\n| `{reason}` |") == 1

"""Writes the generated files of `docs/reference/`. Run from the checkout: `.venv/bin/python -m
scripts.reference`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from app.settings import select_pure_python_faust

select_pure_python_faust()

from app.domain.model import reason  # noqa: E402 - after the choice of Faust's path
from scripts.pages import (  # noqa: E402
    campaign_schema,
    campaigns,
    commands,
    events,
    expectations,
    http,
    settings,
    topics,
)

PAGES: Mapping[str, Callable[[], str]] = {
    "campaign.schema.json": campaign_schema.render,
    "campaigns.md": campaigns.render,
    "commands.md": commands.render,
    "events.md": events.render,
    "expectations.md": expectations.render,
    "http.md": http.render,
    "reasons.md": reason.reference_page,
    "settings.md": settings.render,
    "topics.md": topics.render,
}


def main() -> None:
    """Overwrites every page with its rendering."""
    folder = Path(__file__).resolve().parent.parent / "docs" / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    for name, rendering in PAGES.items():
        (folder / name).write_text(rendering(), encoding="utf-8")


if __name__ == "__main__":
    main()

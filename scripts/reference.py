"""Writes the generated pages of `docs/reference/`. Run from the checkout: `.venv/bin/python -m
scripts.reference`.
"""

from __future__ import annotations

from pathlib import Path

from app.domain.model import reason

PAGES = {"reasons.md": reason.reference_page}


def main() -> None:
    """Overwrites every page with its rendering."""
    folder = Path(__file__).resolve().parent.parent / "docs" / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    for name, rendering in PAGES.items():
        (folder / name).write_text(rendering(), encoding="utf-8")


if __name__ == "__main__":
    main()

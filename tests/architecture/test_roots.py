"""The four roots have common names, so nothing else may be taken for them (and nothing of ours installed)."""

from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
ROOTS = ("app", "agents", "tables", "transports")


@pytest.mark.parametrize("root", ROOTS)
def test_a_root_is_this_checkouts(root: str) -> None:
    assert import_module(root).__file__ == str(CHECKOUT / root / "__init__.py")


@pytest.mark.parametrize("root", ROOTS)
def test_no_installed_distribution_claims_a_root(root: str) -> None:
    assert packages_distributions().get(root, []) == []


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in (CHECKOUT / "tests").rglob("*.py")}
    assert {folder for folder in folders if not (folder / "__init__.py").exists()} == set()

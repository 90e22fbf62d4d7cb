"""The demo's data: its order, its checks, and what is said where it cannot be had."""

from __future__ import annotations

import gzip
import sys
import zipfile
from pathlib import Path

import pytest

from app.demo import dataset
from app.demo.errors import UNREACHABLE, DemoError
from tests.oracle.rows import in_order as oracle_order
from tests.oracle.synthetic import click_log

HEADER = "user_id,session_id,event,timestamp,platform,acquisition_channel,user_cohort,user_lifecycle\n"
LATER = "user_0001,s1,cart,2024-03-13 10:00:01,mobile,email,2024-01,new\n"
FIRST = "user_0002,s2,home,2024-03-13 10:00:00,mobile,email,2024-01,new\n"
SECOND = "user_0001,s1,catalog,2024-03-13 10:00:00,mobile,email,2024-01,new\n"


def a_wheel(folder: Path, member: str, content: bytes) -> Path:
    wheel = folder / f"{dataset.PACKAGE}-{dataset.VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(member, content)
    return wheel


def test_rows_stand_by_time_and_ties_in_the_order_of_the_file() -> None:
    rows = dataset.parse(gzip.compress((HEADER + LATER + FIRST + SECOND).encode()))
    assert [row.event for row in rows] == ["home", "catalog", "cart"]


def test_the_rows_stand_in_the_order_of_the_oracle() -> None:
    fields = click_log(seed=3, rows=500)[::-1]
    ours = [(row.user_id, row.event) for row in dataset.in_order(fields)]
    assert ours == [(row.user, row.event) for row in oracle_order(fields)]


def test_another_file_than_the_expected_one_is_refused(tmp_path: Path) -> None:
    a_wheel(tmp_path, "retentioneering/datasets/ecom.csv.gz", gzip.compress(HEADER.encode()))
    with pytest.raises(DemoError, match=r"not the one that is expected.*SHA-256"):
        dataset.load(tmp_path)


def test_a_wheel_without_the_file_is_refused(tmp_path: Path) -> None:
    a_wheel(tmp_path, "something/else", b"")
    with pytest.raises(DemoError, match=r"cannot be read.*Remove"):
        dataset.load(tmp_path)


def test_a_broken_wheel_is_refused(tmp_path: Path) -> None:
    a_wheel(tmp_path, "x", b"").write_bytes(b"half a file")
    with pytest.raises(DemoError, match="cannot be read"):
        dataset.load(tmp_path)


def test_a_registry_that_cannot_be_reached_is_named_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = tmp_path / "python"
    failing.write_text("#!/bin/sh\necho 'no route to host' >&2\nexit 1\n")
    failing.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(failing))
    with pytest.raises(DemoError, match="cannot be fetched: no route to host") as raised:
        dataset.load(tmp_path / "download")
    assert raised.value.exit_code == UNREACHABLE

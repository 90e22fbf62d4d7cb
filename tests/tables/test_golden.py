"""Bytes that are in journals are read by every later build as what they were written as."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest

from app.domain.model.mail import UserMail
from app.domain.model.quota import PartitionMail, Report
from app.domain.model.surge import Qualified
from app.domain.model.throttle import Ask, Grant
from app.domain.model.user import Entry
from app.turns.opening import LAYOUT
from app.turns.ports import Foreign
from app.turns.table import Table
from tests.tables.golden import TABLES, index, named, samples, stored

OLD = {name: entry for name, entry in stored().items() if "bytes" in entry}
BY_PLACE = [
    table
    for table in TABLES
    if table.kind.__struct_config__.array_like and len(table.kind.__struct_fields__) > 1
]


def holds(found: Any, written: Any) -> bool:
    """Is everything there that was written? Fields that came later may be beside it."""
    if isinstance(written, dict) and isinstance(found, dict):
        return all(name in found and holds(found[name], value) for name, value in written.items())
    if isinstance(written, list) and isinstance(found, list):
        return len(found) == len(written) and all(map(holds, found, written))
    return bool(found == written)


@pytest.mark.parametrize("name", OLD)
def test_stored_bytes_are_read_as_what_was_written(name: str) -> None:
    """Given the bytes of an earlier build, then every field that it wrote has its value under its name."""
    assert holds(named(samples()[name].decode(bytes.fromhex(OLD[name]["bytes"]))), OLD[name]["fields"])


def test_every_stored_value_and_every_mail_has_its_bytes_kept() -> None:
    """Given the tables, mail and records that there are, then none is missing in the file."""
    assert samples().keys() <= OLD.keys()
    mail = {type(sample.value) for name, sample in samples().items() if name.startswith("mail")}
    assert {*get_args(UserMail), *get_args(PartitionMail), Report, Ask, Qualified, Grant} <= mail
    agenda = samples()["table agenda"].value
    assert {type(entry) for entry in agenda.entries} == set(get_args(Entry))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_index_entries_of_a_layout_never_change(table: Table[Any]) -> None:
    """Given stored bytes, then they wait for what they waited for, or the layout has another number now."""
    value = table.decode(bytes.fromhex(OLD[f"table {table.name}"]["bytes"]))
    assert index(table, value) == stored()[f"layout {LAYOUT}"][table.name]


@pytest.mark.parametrize("table", BY_PLACE, ids=lambda table: table.name)
def test_fields_that_change_places_are_found_out(table: Table[Any]) -> None:
    """Given a build whose table has its fields in another order, then it does not read what was written."""
    kind, written = table.kind, samples()[f"table {table.name}"].value
    hints = msgspec.inspect.type_info(kind)
    assert isinstance(hints, msgspec.inspect.StructType)
    fields = [(field.encode_name, Any) for field in reversed(hints.fields)]
    moved = msgspec.defstruct(kind.__name__, fields, array_like=True)
    found = msgspec.msgpack.decode(table.encode(written), type=moved)
    assert not holds(named(found), named(written))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_value_that_has_lost_a_field_or_grown_one_is_not_misread(table: Table[Any]) -> None:
    """Given bytes of a later build, with a field more, then what is known is read; given none of it, that is said."""
    written = samples()[f"table {table.name}"].value
    value = msgspec.msgpack.decode(table.encode(written))
    grown = [*value, "later"] if isinstance(value, list) else value | {"later": 1}
    assert holds(named(table.decode(msgspec.msgpack.encode(grown))), named(written))
    with pytest.raises(Foreign, match="Run the build that wrote it"):
        table.decode(b"\x01")

"""C018: where an address is, by a database in MaxMind's format."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from app.domain.model.event import Event, Place, Position
from app.geoip import GeoIp, NoDatabase
from app.settings import SettingsError, load_settings
from app.wire import EventReader
from app.worker import Worker
from tests.app.mmdb import write
from tests.app.turns.memory import MemoryRecord

PARIS = {
    "city": {"names": {"en": "Paris", "fr": "Paris"}},
    "country": {"iso_code": "FR", "names": {"en": "France"}},
    "subdivisions": [{"iso_code": "IDF", "names": {"en": "Île-de-France"}}],
}
NETWORKS = {
    "203.0.113.0/24": PARIS,
    "198.51.100.128/25": {"country": "DE", "region": "Berlin", "city": "Berlin"},
    "2001:db8:1::/48": {"country": {"iso_code": "JP"}},
    "192.0.2.0/24": {"traits": {"is_anonymous": "yes"}},
}


@pytest.fixture
def places(tmp_path: Path) -> GeoIp:
    write(tmp_path / "city.mmdb", NETWORKS)
    return GeoIp(tmp_path / "city.mmdb")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.9", Place("FR", "Île-de-France", "Paris")),
        ("198.51.100.200", Place("DE", "Berlin", "Berlin")),
        ("2001:db8:1:2::3", Place("JP")),
        ("198.51.100.1", None),
        ("192.0.2.1", None),
        ("127.0.0.1", None),
        ("no address", None),
        ("", None),
    ],
)
def test_an_address_is_somewhere_or_nowhere(places: GeoIp, address: str, place: Place | None) -> None:
    assert places.find(address) == place


def test_an_address_is_looked_up_once(places: GeoIp) -> None:
    for _ in range(5):
        places.find("203.0.113.9")
    assert (places.find.cache_info().misses, places.find.cache_info().hits) == (1, 4)


def test_an_event_says_where_its_address_and_its_position_are(places: GeoIp) -> None:
    context = {"ip": "203.0.113.9", "location": {"latitude": 48.8, "longitude": 2}}
    message = {"type": "track", "userId": "u", "event": "e", "timestamp": 1_790_000_000, "context": context}
    record = MemoryRecord("events", 0, 0, 1_790_000_000_000, b"u", json.dumps(message).encode())
    for reader, place in (
        (EventReader(places.find), Place("FR", "Île-de-France", "Paris")),
        (EventReader(), None),
    ):
        read = reader.read(record, None)
        assert isinstance(read, Event)
        assert (read.said.place, read.said.position, read.said.is_placed) == (
            place,
            Position(48.8, 2.0),
            True,
        )


@pytest.mark.parametrize("written", [b"", b"half of a download"])
def test_a_file_that_is_written_over_harms_nobody_who_reads_it(tmp_path: Path, written: bytes) -> None:
    """Given an operator who copies a newer file over the one in use, then answers are those of the one at the start."""
    script = (
        "import sys; from pathlib import Path; from app.geoip import GeoIp\n"
        "path = Path(sys.argv[1]); places = GeoIp(path); path.write_bytes(sys.argv[2].encode())\n"
        "print(places.find('203.0.113.9').city, places.find('198.51.100.200').city)"
    )
    file = tmp_path / "city.mmdb"
    write(file, NETWORKS)
    ran = subprocess.run(
        [sys.executable, "-c", script, str(file), written.decode()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "Paris Berlin\n", "")


def test_a_damaged_file_is_refused_or_knows_fewer_places(tmp_path: Path) -> None:
    """Given bytes that changed on the way, then what cannot be read is nowhere, and nothing else goes wrong."""
    file, chance, opened = tmp_path / "city.mmdb", Random(7), 0
    write(file, NETWORKS)
    whole = file.read_bytes()
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        file.write_bytes(damaged)
        try:
            places = GeoIp(file)
        except NoDatabase:
            continue
        opened += 1
        for address in ("203.0.113.9", "198.51.100.200", "2001:db8:1:2::3", "192.0.2.1"):
            assert isinstance(places.find(address), Place | None)
        places.close()
    assert 0 < opened < 400


def test_a_file_that_is_none_or_is_missing_keeps_a_worker_from_starting(tmp_path: Path) -> None:
    (tmp_path / "city.mmdb").write_bytes(b"not a database")
    with pytest.raises(NoDatabase, match="no database of places"):
        GeoIp(tmp_path / "city.mmdb")
    for unusable in (tmp_path, tmp_path / "gone.mmdb"):
        with pytest.raises(NoDatabase, match="no database of places"):
            GeoIp(unusable)
    file = tmp_path / "carillon.yaml"
    file.write_text("geoip: gone.mmdb\n", encoding="utf-8")
    settings = load_settings({"CARILLON_SETTINGS": str(file), "CARILLON_DATA": str(tmp_path / "state")})
    assert settings.not_yet_effective() == []
    with pytest.raises(SettingsError, match=r"geoip: .*gone\.mmdb is no database of places"):
        Worker(settings)

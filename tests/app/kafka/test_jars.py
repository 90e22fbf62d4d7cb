"""The jars are fetched once for each state of the pom, whole or not at all."""

from pathlib import Path

import pytest

from app.kafka.errors import JarsError
from app.kafka.jars import ensure_jars

COPIES = """#!/bin/sh
echo called >> {calls}
for each in "$@"; do case $each in -DoutputDirectory=*) out=${{each#*=}};; esac; done
mkdir -p "$out" && : > "$out/kafka_2.13-1.jar"
"""
FAILS = "#!/bin/sh\necho '[ERROR] no such artifact'\nexit 1\n"


class Place:
    """A pom, a home for its jars, and a Maven that we wrote."""

    def __init__(self, folder: Path) -> None:
        self.pom, self.home, self.calls = folder / "pom.xml", folder / "home", folder / "calls"
        self.mvn = folder / "bin" / "mvn"
        self.pom.write_text("<project/>")
        self.mvn.parent.mkdir()
        self.said: list[str] = []

    def maven(self, script: str) -> None:
        self.mvn.write_text(script.format(calls=self.calls))
        self.mvn.chmod(0o755)

    def ensure(self) -> Path:
        return ensure_jars(self.said.append, self.pom, self.home)

    def count(self) -> int:
        return len(self.calls.read_text().splitlines())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    made = Place(tmp_path)
    monkeypatch.setenv("PATH", f"{made.mvn.parent}:/usr/bin:/bin")
    return made


def test_a_second_call_fetches_nothing(place: Place) -> None:
    place.maven(COPIES)
    assert (place.ensure() / "kafka_2.13-1.jar").exists()
    assert place.ensure() == place.home / "lib"
    assert place.count() == 1
    assert len(place.said) == 1


def test_a_changed_pom_fetches_again(place: Place) -> None:
    place.maven(COPIES)
    place.ensure()
    place.pom.write_text("<project></project>")
    place.ensure()
    assert place.count() == 2


def test_a_failure_quotes_maven_and_leaves_no_stamp(place: Place) -> None:
    # given a Maven that fails
    place.maven(FAILS)
    with pytest.raises(JarsError, match="no such artifact"):
        place.ensure()
    # when it works again, then the jars are fetched
    place.maven(COPIES)
    place.ensure()
    assert place.count() == 1


def test_missing_maven_is_named(place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(JarsError, match=r"mvn is not on the PATH. Install Maven"):
        place.ensure()

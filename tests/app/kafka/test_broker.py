"""The embedded broker: started, stopped, killed and refused."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from app.kafka.broker import EmbeddedBroker
from app.kafka.errors import BrokerError
from app.kafka.files import free_port
from app.kafka.jars import ensure_jars

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", autouse=True)
def jars() -> None:
    ensure_jars(lambda line: None)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    broker = EmbeddedBroker(tmp_path_factory.mktemp("broker"), free_port(), heap="512m")
    broker.start()
    yield broker
    broker.stop()


def write(bootstrap: str, topic: str, value: bytes) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for future in admin.create_topics([NewTopic(topic, 1, 1)]).values():
        future.result(timeout=30)
    producer = Producer({"bootstrap.servers": bootstrap})
    producer.produce(topic, value=value)
    assert producer.flush(30) == 0


def read(bootstrap: str, topic: str) -> bytes:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "reader"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    found = consumer.poll(30)
    consumer.close()
    assert found is not None
    return found.value() or b""


def test_a_record_outlives_a_kill(running: EmbeddedBroker) -> None:
    # given a broker with one record
    write(running.bootstrap, "kept", b"still here")
    # when it is killed and started again on the same data
    before = running.pid
    assert running.kill()
    assert running.pid is None
    assert running.start()
    # then it is another process with the same record
    assert running.pid not in {None, before}
    assert read(running.bootstrap, "kept") == b"still here"


def test_a_second_start_finds_it_running(running: EmbeddedBroker) -> None:
    same = EmbeddedBroker(running.files.data, running.port)
    assert same.start() is False
    assert same.pid == running.pid


def test_a_start_on_another_port_of_the_same_data_is_refused(running: EmbeddedBroker) -> None:
    with pytest.raises(BrokerError, match="one already runs"):
        EmbeddedBroker(running.files.data, free_port()).start()


def test_a_port_in_use_is_named(running: EmbeddedBroker, tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match=rf"port {running.port} is in use .* choose another with --port"):
        EmbeddedBroker(tmp_path, running.port).start()


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads Linux's table of sockets")
def test_it_listens_on_the_loopback_interface_only(running: EmbeddedBroker) -> None:
    # given the listening sockets of this machine
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()
    ]
    listening = [row[1].split(":") for row in rows[1:] if row[3] == "0A"]
    # when we look for the broker's port
    hosts = {host for host, port in listening if int(port, 16) == running.port}
    # then every one is 127.0.0.1
    assert hosts
    assert hosts <= {"0100007F", "0000000000000000FFFF00000100007F"}


def test_another_process_stops_it(tmp_path: Path) -> None:
    # given a broker that a process started that is gone
    port = free_port()
    script = (
        "from pathlib import Path; from app.kafka.broker import EmbeddedBroker; "
        f"EmbeddedBroker(Path({str(tmp_path)!r}), {port}, heap='512m').start()"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[3])
    # when this process stops it
    broker = EmbeddedBroker(tmp_path, port)
    assert broker.pid is not None
    assert broker.stop()
    # then nothing runs, and a second stop says so
    assert broker.pid is None
    assert broker.stop() is False


def test_the_pid_of_a_stranger_is_left_alone(tmp_path: Path) -> None:
    # given a pid file that names a process which is no broker
    broker = EmbeddedBroker(tmp_path, free_port())
    broker.files.pid.write_text(str(os.getpid()))
    # when it is stopped, then nothing happens
    assert broker.pid is None
    assert broker.stop() is False


def test_missing_java_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(BrokerError, match=r"java is not on the PATH. Install Java 17 or later."):
        EmbeddedBroker(tmp_path, free_port()).start()


def test_missing_jars_are_named(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match=r"its jars are missing. Run make kafka."):
        EmbeddedBroker(tmp_path, free_port(), lib=tmp_path).start()


def test_a_failed_start_quotes_what_java_said(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="Invalid maximum heap size"):
        EmbeddedBroker(tmp_path, free_port(), heap="much").start()


def test_a_start_that_breaks_off_leaves_no_process(tmp_path: Path) -> None:
    # given data whose log is not the broker's own
    broker = EmbeddedBroker(tmp_path, free_port(), heap="512m")
    broker.files.formatted.parent.mkdir()
    broker.files.formatted.write_text("version=1\ncluster.id=x\nnode.id=99\n")
    # when it starts, then the error quotes the broker's reason, and no process is left
    with pytest.raises(BrokerError, match=r"(?s)the broker ended while it started.*node"):
        broker.start()
    assert broker.pid is None

"""A port is ready when Kafka answers there, not when something listens."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from app.kafka.files import LOOPBACK, free_port
from app.kafka.ready import answers


@contextmanager
def server(answer: bytes) -> Iterator[int]:
    """Listen, read one request, and answer it."""
    with socket.create_server((LOOPBACK, 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(answer)

        thread = Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_nobody_listens() -> None:
    assert not answers(LOOPBACK, free_port())


@pytest.mark.parametrize(
    ("answer", "ready"),
    [
        (struct.pack(">iihi", 10, 1, 0, 0), True),
        (struct.pack(">iih", 6, 1, 35), False),
        (struct.pack(">iih", 6, 2, 0), False),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", False),
        (b"", False),
    ],
    ids=["kafka", "kafka with an error", "another answer", "a web server", "nothing"],
)
def test_only_kafka_counts(answer: bytes, ready: bool) -> None:
    with server(answer) as port:
        assert answers(LOOPBACK, port) is ready

"""Whether a Kafka broker answers, asked in its own protocol."""

import socket
import struct

_API_VERSIONS = 18
_CORRELATION = 1
_ANSWER = struct.Struct(">iih")  # size, correlation id, error code
_TIMEOUT_S = 2.0


def answers(host: str, port: int) -> bool:
    """Send an ApiVersions request, version 0, and return whether a broker answered without an error."""
    request = struct.pack(">hhih", _API_VERSIONS, 0, _CORRELATION, -1)
    try:
        with socket.create_connection((host, port), timeout=_TIMEOUT_S) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            head = _read_exactly(connection, _ANSWER.size)
    except OSError:
        return False
    return len(head) == _ANSWER.size and _ANSWER.unpack(head)[1:] == (_CORRELATION, 0)


def _read_exactly(connection: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size and (more := connection.recv(size - len(read))):
        read += more
    return read

"""A TCP proxy that spoils a link: late, reset, half-open, a black hole. It runs in a thread, with a loop of its own."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from app.kafka.files import LOOPBACK, free_port

CHUNK = 64 << 10
START_S = 10.0
_AT_ONCE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Weather:
    """What a link does. `resets`: the share of chunks over which its connection is reset.

    `deaf`: half-open, requests arrive and their answers never do. `holds`: a black hole, nothing goes through, no
    connection ends, and what was held arrives when it is over.
    """

    late_s: float = 0.0
    resets: float = 0.0
    deaf: bool = False
    holds: bool = False


CLEAR = Weather()
WEATHERS = {
    "late": Weather(late_s=2.0),
    "resets": Weather(resets=0.05),
    "half-open": Weather(deaf=True),
    "black hole": Weather(holds=True),
}


class Wire:
    """Listens on a port of its own and passes to `behind`, as the weather allows. `struck`: how often what did."""

    def __init__(self, behind: int = 0, seed: int = 1) -> None:
        self.port = free_port()
        self.behind = behind
        self.weather = CLEAR
        self.struck: Counter[str] = Counter()
        self._dice = random.Random(seed)
        self._links: set[asyncio.Task[None]] = set()
        self._turned = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire", daemon=True)
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def links(self) -> int:
        """How many connections pass through it now."""
        return len(self._links)

    def open(self) -> None:
        """Listen."""
        self._thread.start()
        self._do(self._listen())

    def close(self) -> None:
        """End every connection."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_S)
        self._loop.close()

    def turn(self, weather: Weather) -> None:
        """Be so from now on. Links whose answers were lost end: their other end has long forgotten them."""
        self._do(self._turn(weather))

    async def _turn(self, weather: Weather) -> None:
        was_deaf, self.weather = self.weather.deaf, weather
        self._turned.set()
        self._turned = asyncio.Event()
        if was_deaf:
            await self._cut()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(START_S)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, LOOPBACK, self.port)

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._cut()

    async def _cut(self) -> None:
        for link in list(self._links):
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._links.add(task)
        try:
            await self._link(reader, writer)
        except (OSError, asyncio.CancelledError):
            _reset(writer)
        finally:
            self._links.discard(task)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind_writer = await asyncio.open_connection(LOOPBACK, self.behind)
        ways = [
            asyncio.create_task(self._pass(reader, behind_writer, answers=False)),
            asyncio.create_task(self._pass(behind_reader, writer, answers=True)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            _reset(behind_writer)
            _reset(writer)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        """One way of a link, chunk by chunk, until one end or the weather closes it."""
        while chunk := await reader.read(CHUNK):
            while self.weather.holds:
                self.struck["black hole"] += 1
                await self._turned.wait()
            weather = self.weather
            if weather.late_s and not answers:
                self.struck["late"] += 1
                await asyncio.sleep(weather.late_s)
            if weather.resets and self._dice.random() < weather.resets:
                self.struck["resets"] += 1
                return
            if weather.deaf and answers:
                self.struck["half-open"] += 1
                continue
            writer.write(chunk)
            await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a reset: the other end learns that it was cut off."""
    found: Any = writer.get_extra_info("socket")
    if found is not None and found.fileno() >= 0:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()

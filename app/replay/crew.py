"""Many partitions over a few processes: each asks for the next one when it has answered the last."""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from aiokafka.errors import KafkaError

from app.replay.stretch import Answer, Question, Stretch, decode_answer, encode_answer, replay_stretch
from app.replay.tally import Sums

LOOK_S = 0.2
END_S = 5.0
RARELY = (50_000, 50, 1000)


class CrewError(Exception):
    """A partition could not be replayed."""


def replay_all(
    question: Question, stretches: Sequence[Stretch], processes: int, progress: Callable[[int], None]
) -> Answer:
    """The sum of all partitions. `progress` hears how many records are behind. Raises CrewError.

    Whatever ends this (Ctrl-C, too) ends the processes; one whose parent is gone ends by itself.
    """
    crew = _Crew(question, stretches, min(processes, len(stretches)))
    try:
        return crew.run(progress)
    finally:
        crew.close()


class _Crew:
    def __init__(self, question: Question, stretches: Sequence[Stretch], processes: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._left = sorted(stretches, key=lambda each: each.end - each.begin)
        self._counts = context.RawArray("q", max((each.partition for each in stretches), default=0) + 1)
        self._links: dict[Any, tuple[Connection, Any]] = {}
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is ours to answer, not theirs
        try:
            for _ in range(processes):
                ours, theirs = context.Pipe()
                process = context.Process(target=_work, args=(question, theirs, self._counts), daemon=True)
                process.start()
                theirs.close()
                self._links[ours] = (ours, process)
        finally:
            signal.signal(signal.SIGINT, before)
        self._sum = Answer({campaign.id: Sums() for campaign in question.campaigns}, [])

    def run(self, progress: Callable[[int], None]) -> Answer:
        busy = {link for link in self._links if self._next(link)}
        while busy:
            for link in wait(list(busy), LOOK_S):
                self._take(link)
                if not self._next(link):
                    busy.discard(link)
            progress(sum(self._counts))
        return self._sum

    def _next(self, link: Any) -> bool:
        """Give out the largest that is left; False where none is."""
        if not self._left:
            return False
        link.send(self._left.pop())
        return True

    def _take(self, link: Any) -> None:
        try:
            said, value = link.recv()
        except (EOFError, OSError) as error:
            process = self._links[link][1]
            process.join(END_S)
            raise CrewError(f"a process of the replay ended with {process.exitcode}") from error
        if said != "answer":
            raise CrewError(value)
        self._sum.add(decode_answer(value))

    def close(self) -> None:
        for link, process in self._links.values():
            link.close()
            process.terminate()
        for _, process in self._links.values():
            process.join(END_S)
            if process.is_alive():
                process.kill()
                process.join()
            process.close()


def _work(question: Question, link: Connection, counts: Any) -> None:
    """One process: partitions come by the link, answers go by it; its end is the end."""
    for noisy in ("aiokafka", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    parent = os.getppid()
    gc.freeze()
    gc.set_threshold(*RARELY)
    while True:
        try:
            stretch = link.recv()
        except EOFError:
            return
        done = _Counting(counts, stretch.partition, parent)
        try:
            answer = asyncio.run(replay_stretch(question, stretch, done))
            link.send(("answer", encode_answer(answer)))
        except KafkaError as error:
            link.send(("failed", f"partition {stretch.partition} cannot be read: {error!r}"))


class _Counting:
    """Says how far it is, and ends the process of a parent that is gone."""

    def __init__(self, counts: Any, partition: int, parent: int) -> None:
        self._counts = counts
        self._partition = partition
        self._parent = parent

    def __call__(self, behind: int) -> None:
        self._counts[self._partition] = behind
        if os.getppid() != self._parent:
            raise SystemExit(1)

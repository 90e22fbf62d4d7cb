"""The demo from beginning to end: start, apply, replay, settle, sum up, and stop or stay."""

import asyncio
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from app.clock import monotonic_s
from app.demo.brokers import delete_topics
from app.demo.dataset import Row
from app.demo.decisions import Decisions
from app.demo.feed import feed
from app.demo.fold import Fold
from app.demo.http import partitions, script_sink, wait_until_ready
from app.demo.replay import LAST_TICK, messages
from app.demo.run import CAMPAIGNS, Run
from app.demo.settling import busy, settle
from app.demo.stack import Stack
from app.demo.summary import Summary, summarise
from app.demo.terminal import Terminal

READY_LIMIT_S = 120.0
SETTLE_LIMIT_S = 900.0
_WATCH_S = 0.2


@dataclass(frozen=True, slots=True)
class Stage:
    """What the steps of one run share."""

    run: Run
    stack: Stack
    session: aiohttp.ClientSession
    terminal: Terminal


async def play(run: Run, rows: Sequence[Row], terminal: Terminal, *, stay: bool) -> Summary:
    """Play the demo, show its summary, and stop everything: at once, or at an interrupt. Raises DemoError."""
    cancel_when_terminated()
    async with Stack(run.folder / "logs") as stack, aiohttp.ClientSession() as session:
        stage = Stage(run, stack, session, terminal)
        summary = await _perform(stage, rows)
        terminal.show(summary, run.write_summary(summary))
        if stay:
            await _stay(stage)
        await _stop(stage)
    return summary


def cancel_when_terminated() -> None:
    """From now on SIGTERM cancels the running task, as an interrupt does, so that it can clean up."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


async def _perform(stage: Stage, rows: Sequence[Row]) -> Summary:
    partition_count = stage.run.write_settings()
    await _start_sink(stage)
    await _apply(stage)
    await _start_workers(stage)
    started_s = monotonic_s()
    await _replay(stage, rows)
    fold, ended_s = await _settle(stage, partition_count)
    return summarise(fold, len(rows), ended_s - started_s)


async def _start_sink(stage: Stage) -> None:
    run = stage.run
    stage.terminal.say(f"Starting a push service at {run.sink_url}/")
    options = ("--port", str(run.sink_port), "--credentials", str(run.credentials))
    await stage.stack.start("sink", run.environment(), "sink", *options)
    await wait_until_ready(stage.session, stage.stack, f"{run.sink_url}/received?after=0", READY_LIMIT_S)
    await script_sink(stage.session, run.sink_url)


async def _apply(stage: Stage) -> None:
    stage.terminal.say(f"Making the topics of {stage.run.app}, applying {len(CAMPAIGNS)} campaigns")
    environment = stage.run.environment()
    await stage.stack.run("setup", environment, "setup")
    await stage.stack.run("apply", environment, "campaign", "apply", "--schedule", *stage.run.campaign_files)


async def _start_workers(stage: Stage) -> None:
    stage.terminal.say(f"Starting {len(stage.run.web_ports)} workers")
    for index in range(len(stage.run.web_ports)):
        await stage.stack.start(f"worker {index + 1}", stage.run.worker_environment(index), "worker")
    for url in stage.run.web_urls:
        await wait_until_ready(stage.session, stage.stack, f"{url}/readyz", READY_LIMIT_S)


async def _replay(stage: Stage, rows: Sequence[Row]) -> None:
    stage.terminal.say(f"Replaying {len(rows):,} events")
    with stage.terminal.bar("events", len(rows)) as advance:
        await feed(stage.run.bootstrap, stage.run.events, messages(rows), advance)
    await stage.stack.run("tick", stage.run.environment(), "event", "tick", LAST_TICK)


async def _settle(stage: Stage, partition_count: int) -> tuple[Fold, float]:
    """Fold decisions until all has ended; return the counts, and when that was."""
    stage.terminal.say("Waiting until every message has ended")
    fold = Fold(CAMPAIGNS)
    async with Decisions(stage.run.bootstrap, f"{stage.run.app}.decisions") as decisions:

        async def missing() -> list[str]:
            stage.stack.check()
            said = {url: await partitions(stage.session, url) for url in stage.run.web_urls}
            new = await decisions.read(fold)
            return busy(said, partition_count) + fold.unfinished() + ["new decisions"] * (new > 0)

        ended_s = await settle(missing, SETTLE_LIMIT_S)
    return fold, ended_s


async def _stay(stage: Stage) -> None:
    """Leave everything running until SIGINT or SIGTERM. Raises DemoError where a process dies before."""
    stage.terminal.say(f"The console: {stage.run.web_urls[0]}/console/")
    stage.terminal.say(f"What the push service got: {stage.run.sink_url}/")
    stage.terminal.say("Ctrl-C stops everything.")
    loop, interrupted = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupted.set)
    while not interrupted.is_set():
        stage.stack.check()
        await asyncio.sleep(_WATCH_S)


async def _stop(stage: Stage) -> None:
    """Stop everything, and leave of a run that went well nothing but its logs."""
    stage.terminal.say("Stopping")
    await stage.stack.stop()
    await delete_topics(stage.run.bootstrap, stage.run.app)
    for state in stage.run.state_folders:
        shutil.rmtree(state, ignore_errors=True)

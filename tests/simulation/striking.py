"""What goes wrong in a world, and when: strikes after steps that the seed has drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation import campaigns
from tests.simulation.loop import Process
from tests.simulation.plan import Strike
from tests.simulation.worker import SimWorker

if TYPE_CHECKING:
    from tests.simulation.world import World

IN_FORCE_MS = 2000


class Striker:
    """Carries out the plan's strikes, and mends what they broke after a while."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._left: list[Strike] = list(world.plan.strikes)
        self._broken = 0

    @property
    def is_quiet(self) -> bool:
        """Is nothing broken now?"""
        return not self._broken

    def begin(self) -> None:
        """Wait for the first."""
        self._world.loop.stepped = self._stepped
        self._aim()

    def _aim(self) -> None:
        self._world.loop.next_strike = self._left[0].step if self._left else 1 << 62

    def _stepped(self, process: Process | None) -> None:
        """A step is through: this process is struck, or one that the dice choose."""
        strike = self._left.pop(0)
        self._aim()
        world = self._world
        alive = [w for w in world.workers if not (w.process.is_dead or w.process.is_frozen or w.is_stopping)]
        if not alive:
            return
        worker = next((w for w in alive if w.process is process), None) or world.dice.choice(alive)
        if getattr(self, f"_{strike.kind}")(worker, strike.size):
            world.struck[strike.kind] += 1
            world.trace("strike", strike.kind, worker.process.name)

    def _mend_later(self, after_s: float, mend: object, *args: object) -> None:
        self._broken += 1

        def mended() -> None:
            self._broken -= 1
            mend(*args)  # type: ignore[operator]

        self._world.later(after_s, mended)

    def _kill(self, worker: SimWorker, size: float) -> bool:
        """A power cut: not one more step, and the folders lose what was not flushed, or everything."""
        world = self._world
        worker.process.is_dead = True
        for folder in world.folders(worker.slot):
            folder.crash(world.dice)
            if size < 0.2:
                folder.empty()
        world.group.missed(worker)
        self._mend_later(world.dice.choice((0.1, 3.0, 20.0)) * size, world.start_worker, worker.slot)
        return True

    def _freeze(self, worker: SimWorker, size: float) -> bool:
        """Stopped where it stands, and woken again; past the session others have taken over."""
        world = self._world
        worker.process.is_frozen = True
        world.group.missed(worker)
        self._mend_later(0.1 + 35.0 * size, self._thaw, worker)
        return True

    def _thaw(self, worker: SimWorker) -> None:
        self._world.trace("thaw", worker.process.name)
        self._world.loop.thaw(worker.process)
        self._world.later(self._world.dice.random() * 3, self._world.group.join, worker)

    def _cut(self, worker: SimWorker, size: float) -> bool:
        """The group does not hear of it, nor it of the group, while it goes on."""
        worker.is_cut = True
        self._world.group.missed(worker)
        self._mend_later(5.0 + 25.0 * size, self._uncut, worker)
        return True

    def _uncut(self, worker: SimWorker) -> None:
        worker.is_cut = False
        self._world.group.join(worker)

    def _stop(self, worker: SimWorker, size: float) -> bool:
        """Asked to stop: it ends what it has begun, and leaves."""
        worker.is_stopping = True
        worker.tell("stop", None)
        return True

    def _away(self, _worker: SimWorker, size: float) -> bool:
        """The broker does not answer anybody."""
        world = self._world
        away_s = 45.0 * size**2
        world.network.away_until_s = world.loop.now_s + away_s
        self._mend_later(away_s, lambda: None)
        return True

    def _full(self, worker: SimWorker, size: float) -> bool:
        """No space on this worker's disk, for a while."""
        worker.full_until_s = self._world.loop.now_s + 8.0 * size
        self._mend_later(8.0 * size, lambda: None)
        return True

    def _deaf(self, worker: SimWorker, size: float) -> bool:
        """The next call to the broker is never answered."""
        self._world.network.deafen(worker.process)
        return True

    def _shuffle(self, _worker: SimWorker, size: float) -> bool:
        """A rebalance, though nobody has come or gone."""
        self._world.group.changed()
        return True

    def _compact(self, _worker: SimWorker, size: float) -> bool:
        """The journals lose what has been replaced."""
        world, went = self._world, 0
        for place, part in world.broker.parts.items():
            if place[0].endswith(".journal"):
                went += part.compact(int(part.end * size))
        return went > 0

    def _pause(self, _worker: SimWorker, size: float) -> bool:
        """Somebody pauses a campaign, or all. Under a stream clock that has no exact time: nobody does."""
        world = self._world
        left = [name for name in campaigns.names() if name not in world.paused_ms]
        if not world.plan.is_wall or not left:
            return False
        alone = int(2 * size * len(left))
        for name in left[alone : alone + 1] or left:
            campaigns.pause(world, name)
            world.paused_ms[name] = world.clock.now_ms() + IN_FORCE_MS
        return True

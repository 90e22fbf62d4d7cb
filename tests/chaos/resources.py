"""What a process has: memory, descriptors, and what it has written to its log."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class Used(NamedTuple):
    """Bytes of resident memory, open descriptors, bytes of log."""

    resident: int
    descriptors: int
    log: int


def used_by(pid: int, log: Path | None = None) -> Used:
    """As the kernel tells it."""
    place = Path(f"/proc/{pid}")
    lines = (place / "status").read_text(encoding="utf-8").splitlines()
    kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return Used(kilobytes << 10, len(list((place / "fd").iterdir())), log.stat().st_size if log else 0)


@dataclass
class Usage:
    """What a process had, looked at again and again."""

    seen: list[Used] = field(default_factory=list)

    def note(self, used: Used) -> None:
        """One look."""
        self.seen.append(used)

    @property
    def most(self) -> Used:
        """The most of each."""
        return Used(*(max(each) for each in zip(*self.seen, strict=True)))

    def figures(self, before: Used) -> dict[str, float]:
        """Before, halfway, at most and at the end."""
        halfway, most, after = self.seen[len(self.seen) // 2], self.most, self.seen[-1]
        told = {"before": before, "halfway": halfway, "most": most, "after": after}
        megabytes = {f"resident_{name}_mb": used.resident >> 20 for name, used in told.items()}
        handles = {f"descriptors_{name}": used.descriptors for name, used in told.items()}
        return megabytes | handles | {"log_kb": round(most.log / 1024, 1)}

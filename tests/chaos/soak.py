"""Faults at soak size, one after the other: `python -m tests.chaos.soak [NAME...] [--seed N] [--events N] [--kills N]`.

Every module `tests/chaos/soak_*.py` names its faults in `FAULTS`. Without names: what there is. A fault prints one
JSON line: `fault`, `seed`, `kept`, `violations`, `strikes`, `seconds`, and its figures. Exit code 1 where a promise was
broken.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import shutil
import sys
import tempfile
import traceback
from collections.abc import Awaitable
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import tests.chaos
from app.clock import monotonic_s
from app.settings import select_pure_python_faust
from tests.chaos.soaking import Fault, Found, Given, say

PREFIX = "soak_"
ALL = "all"


def faults() -> dict[str, Fault]:
    """Every fault that there is, by its name. A name that two modules claim is a mistake."""
    names = [each.name for each in iter_modules(tests.chaos.__path__) if each.name.startswith(PREFIX)]
    found: dict[str, Fault] = {}
    for name in sorted(names):
        for fault in import_module(f"tests.chaos.{name}").FAULTS:
            if fault.name in found:
                raise ValueError(f"{fault.name} of {name} is there already")
            found[fault.name] = fault
    return dict(sorted(found.items(), key=lambda item: _place(item[0])))


def _place(name: str) -> tuple[int, str]:
    return int(name[1:]) if name[1:].isdigit() else sys.maxsize, name


def run(fault: Fault, given: Given) -> dict[str, Any]:
    """Run one fault; its line. What it raises is a violation too, and is told in full on stderr."""
    started_s = monotonic_s()
    try:
        found = _outcome(fault.run(given))
    except Exception as error:  # noqa: BLE001 - whatever it is, the line must say so, and the next fault must run
        traceback.print_exc()
        found = Found(0, [f"{type(error).__name__}: {error}"], {})
    violations = list(found.violations)
    if not found.strikes and not violations:
        violations.append("the fault never struck")
    return {
        "fault": fault.name,
        "seed": given.seed,
        "kept": not violations,
        "violations": violations,
        "strikes": found.strikes,
        "seconds": round(monotonic_s() - started_s, 1),
        **found.figures,
    }


def _outcome(found: Found | Awaitable[Found]) -> Found:
    if isinstance(found, Found):
        return found

    async def wait() -> Found:
        return await found

    return asyncio.run(wait())


def main(arguments: argparse.Namespace) -> int:
    """Run those that are named; 0 where every promise was kept, 1 where one was not, 2 where a name is unknown."""
    known = faults()
    if not arguments.names:
        for fault in known.values():
            sys.stdout.write(f"{fault.name:<5} {fault.minutes:>5g} min  {fault.about}\n")
        return 0
    names = list(known) if arguments.names == [ALL] else arguments.names
    unknown = sorted(set(names) - known.keys())
    if unknown:
        say(f"there is no {', '.join(unknown)}; there are {', '.join(known)}")
        return 2
    kept = [_one(known[name], arguments) for name in names]
    return 0 if all(kept) else 1


def _one(fault: Fault, arguments: argparse.Namespace) -> bool:
    """Run one in a folder of its own, which stays where a promise was broken."""
    seed = secrets.randbits(32) if arguments.seed is None else arguments.seed
    folder = Path(tempfile.mkdtemp(prefix=f"carillon-{fault.name}-", dir=arguments.folder))
    say(f"{fault.name}, seed {seed}: {fault.about}")
    with redirect_stdout(sys.stderr):  # the ends of logs
        line = run(fault, Given(seed, folder, arguments.events, arguments.times, arguments.seconds))
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    if line["kept"]:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        say(f"{fault.name} was broken; what is left of it is in {folder}")
    return bool(line["kept"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos ARGS=", description="Faults at soak size.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"C1, C2, ...; `{ALL}`; none: what there is")
    parser.add_argument("--seed", type=int, help="that of an earlier run; left out, a new one")
    parser.add_argument("--events", type=int, help="how many, instead of the fault's own number")
    parser.add_argument("--kills", "--times", type=int, dest="times", help="how often it strikes")
    parser.add_argument("--seconds", type=float, help="for how long, where a fault goes by time")
    parser.add_argument("--folder", type=Path, help="where brokers and state live; a disk with room")
    return parser.parse_args()


if __name__ == "__main__":
    select_pure_python_faust()
    sys.exit(main(_arguments()))

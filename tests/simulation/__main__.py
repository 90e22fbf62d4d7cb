"""`python -m tests.simulation SEED [--trace]` replays one world; `--seeds N --from M` runs many."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation.running import replay, run_many


def main() -> int:
    """0 where every promise held."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", nargs="?", type=int, help="replay this world")
    parser.add_argument("--trace", action="store_true", help="write down every step of consequence")
    parser.add_argument("--seeds", type=int, default=2000, help="how many worlds to run")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed")
    parser.add_argument("--mutant", help="break the build on purpose; see tests/simulation/mutants.py")
    given = parser.parse_args()
    if given.seed is not None:
        return replay(given.seed, given.mutant, sys.stdout, traced=given.trace)
    before_s = time.process_time()
    found = run_many(range(given.first, given.first + given.seeds), given.mutant)
    spent_s = time.process_time() - before_s
    sys.stdout.write(f"{found.told()}; {given.seeds / spent_s:.0f} seeds a second of processor time\n")
    return 1 if found.failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Print what the demo's summary must be: `python -m tests.oracle FILE [ROWS]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.oracle.outcome import summary
from tests.oracle.reference import evaluate
from tests.oracle.rows import read_csv


def main(arguments: list[str]) -> None:
    """Read the file, take the first rows by time where a number is given, and print the counts as JSON."""
    fields = sorted(read_csv(Path(arguments[0])), key=lambda each: each["timestamp"])
    if len(arguments) > 1:
        fields = fields[: int(arguments[1])]
    sys.stdout.write(json.dumps(summary(evaluate(fields), len(fields)), indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

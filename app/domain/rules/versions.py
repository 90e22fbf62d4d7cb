"""Versions of apps, systems and SDKs, which compare by their numbers: "3.10.0" is later than "3.9"."""

from __future__ import annotations

import re
from functools import lru_cache

FIELDS = frozenset({"app_version", "os_version", "sdk_version"})
"""The fields, at the end of any path, whose values are versions."""

Version = tuple[tuple[int, ...], bool, str]
"""Numbers without trailing zeros; whether it is a release; what a pre-release is called."""

FORM = re.compile(r"v?([0-9]{1,9}(?:\.[0-9]{1,9}){0,7})(?:-([0-9A-Za-z.-]{1,64}))?(?:[+ ].*)?", re.ASCII)


def is_version_field(field: str) -> bool:
    """True where the last name of the path is one of `FIELDS`."""
    return field.rpartition(".")[2] in FIELDS


@lru_cache(maxsize=4096)
def version_of(text: str) -> Version | None:
    """A value that compares as the version does; None where the text is none.

    "3.2" equals "3.2.0"; "3.2.0-beta" comes before "3.2.0"; what follows a plus or a blank (a build) does not
    count.
    """
    found = FORM.fullmatch(text)
    if found is None:
        return None
    numbers = [int(number) for number in found[1].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers), found[2] is None, found[2] or ""

"""What is taken for an e-mail address: one that can stand in an envelope and in a header."""

from __future__ import annotations

import re
from email.utils import parseaddr

_PART = r"[^\x00-\x20\x7f-\xa0\s@<>()\[\],;:\\\"]"
FORM = f"{_PART}{{1,64}}@{_PART}{{1,189}}"
_FORM = re.compile(FORM)


def is_address(text: str) -> bool:
    """An address alone, as crm@example.com."""
    return _FORM.fullmatch(text) is not None  # at most 254 characters


def address_in(text: str) -> str | None:
    """The address of `Name <name@example.com>`, or of itself; None where there is none."""
    if "\n" in text or "\r" in text:
        return None
    found = parseaddr(text)[1]
    return found if is_address(found) else None


def domain_of(address: str) -> str:
    """What stands behind the @."""
    return address.rpartition("@")[2]

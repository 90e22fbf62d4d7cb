"""What may stand in a link or an image of a push (C078, C079)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

WEB = frozenset({"http", "https"})
FORBIDDEN = frozenset({"javascript", "vbscript", "data", "file", "blob", "about"})
"""Schemes that run or read something instead of opening a place."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_PLAIN_HOST = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?(?:[/?#]|$)")
_PLAIN_LINK = re.compile(_PLAIN_HOST.pattern.removesuffix("(?:[/?#]|$)") + r"(?:[/?#][^\x00-\x1f\x7f]*)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def fault_of_link(link: str) -> str | None:
    """What is wrong with a link: it is http or https with a host, or has an app's own scheme. None:
    nothing.
    """
    if _PLAIN_LINK.fullmatch(link):
        return None
    found = _SCHEME.match(link)
    if found is None:
        return "a link starts with http://, https:// or the app's own scheme"
    scheme = found[1].lower()
    if scheme in FORBIDDEN:
        return f"a link must not be {scheme}:"
    if _CONTROL.search(link):
        return "a link must not hold control characters"
    return _fault_of_host(link) if scheme in WEB else None


def fault_of_image(link: str) -> str | None:
    """What is wrong with the address of an image: it is http or https. None: nothing."""
    found = _SCHEME.match(link)
    if found is None or found[1].lower() not in WEB:
        return "an image's address starts with http:// or https://"
    return fault_of_link(link)


def _fault_of_host(link: str) -> str | None:
    if _PLAIN_HOST.match(link):
        return None
    try:
        host = urlsplit(link).hostname
    except ValueError as error:
        return f"the address cannot be read: {error}"
    return None if host else "the address has no host"

"""The name of a message: derived, never random, so that whoever decides it again gives it the same name
(C153).
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256

LENGTH = 24


def message_id(campaign: str, user: str, trigger: str, step: str = "0") -> str:
    """CONTRACT section 7. `trigger` is the triggering event's `messageId` (an inaction's: that of A), or the
    run id.
    """
    name = f"{campaign}\x00{user}\x00{trigger}\x00{step}".encode("utf-8", "surrogatepass")
    return urlsafe_b64encode(sha256(name).digest())[:LENGTH].decode("ascii")

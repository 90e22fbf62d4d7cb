"""Has this message been seen? A `messageId` among the user's last 32 is ignored (SPEC section 9,
Duplicates).
"""

from __future__ import annotations

from hashlib import blake2b

from app.domain.model.user import ID_BYTES, REMEMBERED_IDS, REMEMBERED_OFFSETS, Activity

REMEMBERED_BYTES = ID_BYTES * REMEMBERED_IDS
_begun = blake2b(digest_size=ID_BYTES).copy  # cheaper than to begin anew


def is_new(activity: Activity, event_id: str) -> bool:
    """Remember the id and say whether it was new; the oldest of 33 is forgotten."""
    hashing = _begun()
    hashing.update(event_id.encode("utf-8", "surrogatepass"))
    mark = hashing.digest()
    known = activity.recent_ids
    at = known.find(mark)
    while at >= 0:
        if at % ID_BYTES == 0:
            return False
        at = known.find(mark, at + 1)
    activity.recent_ids = (known + mark)[-REMEMBERED_BYTES:]
    return True


def remember_offset(activity: Activity, offset: int) -> None:
    """Where this event stands in the log; the last 8 are kept, for explain (C151)."""
    offsets = activity.recent_offsets
    offsets.append(offset)
    while len(offsets) > REMEMBERED_OFFSETS:
        del offsets[0]

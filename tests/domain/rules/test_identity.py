"""The message id (CONTRACT section 7)."""

from __future__ import annotations

import base64
import hashlib

from hypothesis import given
from hypothesis import strategies as st

from app.domain.rules.identity import message_id


def test_given_the_same_parts_then_the_id_is_the_one_of_the_contract() -> None:
    digest = hashlib.sha256(b"cart-reminder\x00u-17\x007d0c\x000").digest()
    assert message_id("cart-reminder", "u-17", "7d0c") == base64.urlsafe_b64encode(digest).decode()[:24]


def test_given_another_part_then_another_id() -> None:
    ids = {
        message_id(*parts)
        for parts in [("a", "b", "c"), ("a", "bc", ""), ("ab", "", "c"), ("a", "b", "c", "1")]
    }
    assert len(ids) == 4


@given(st.text(), st.text(), st.text())
def test_given_any_text_then_the_id_is_24_url_safe_characters(campaign: str, user: str, trigger: str) -> None:
    identity = message_id(campaign, user, trigger)
    assert len(identity) == 24
    assert identity.replace("-", "a").replace("_", "a").isalnum()

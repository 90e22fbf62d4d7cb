"""Every class of a mail server's answers has one meaning (transports: e-mail)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.model.receipt import Accepted, Rejected, Retry, Unknown
from transports.email.replies import Phase, no_answer, receipt


@pytest.mark.parametrize("code", [421, 450, 451, 452, 454])
@pytest.mark.parametrize("phase", Phase)
def test_what_is_temporary_is_tried_again(phase: Phase, code: int) -> None:
    found = receipt(phase, code, "later")
    assert isinstance(found, Retry)
    assert "config" not in found.detail


@pytest.mark.parametrize("code", [550, 551, 553, 554])
def test_a_recipient_that_is_refused_is_not_tried_again(code: int) -> None:
    found = receipt(Phase.RECIPIENT, code, "no such user")
    assert isinstance(found, Rejected)
    assert f"{code}" in found.detail


@pytest.mark.parametrize("code", [530, 534, 535, 538])
@pytest.mark.parametrize("phase", [Phase.LOGIN, Phase.SENDER, Phase.RECIPIENT])
def test_refused_credentials_are_our_own_fault_and_somebody_may_put_them_right(
    phase: Phase, code: int
) -> None:
    found = receipt(phase, code, "authenticate")
    assert isinstance(found, Retry)
    assert found.detail.startswith("config")


def test_a_refused_sender_is_our_own_fault() -> None:
    assert isinstance(receipt(Phase.SENDER, 550, "who are you"), Retry)


def test_content_is_taken_or_refused() -> None:
    assert isinstance(receipt(Phase.CONTENT, 250, "queued"), Accepted)
    assert isinstance(receipt(Phase.CONTENT, 554, "spam"), Rejected)
    assert isinstance(receipt(Phase.CONTENT, 552, "too large"), Rejected)


def test_without_an_answer_only_the_content_is_in_doubt() -> None:
    assert isinstance(no_answer(Phase.CONTENT, "cut off"), Unknown)
    for phase in set(Phase) - {Phase.CONTENT}:
        assert isinstance(no_answer(phase, "cut off"), Retry)


@given(
    st.sampled_from(Phase), st.integers(200, 599).filter(lambda code: code // 100 != 3), st.text(max_size=400)
)
def test_what_is_repeated_of_a_server_is_short_and_on_one_line(phase: Phase, code: int, said: str) -> None:
    found = receipt(phase, code, said)
    detail = found.provider_id if isinstance(found, Accepted) else found.detail
    assert len(detail) <= 260
    assert detail.isprintable()


def test_nothing_is_repeated_of_a_log_in() -> None:
    found = receipt(Phase.LOGIN, 535, "who:hush is wrong")
    assert isinstance(found, Retry)
    assert "hush" not in found.detail

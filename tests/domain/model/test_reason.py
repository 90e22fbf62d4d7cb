"""The table of reasons and its page (CONTRACT section 5)."""

from __future__ import annotations

from pathlib import Path

from app.domain.model.reason import (
    DEAD_LETTER_EXPLANATIONS,
    EXPLANATIONS,
    CountsAs,
    DeadLetterReason,
    Reason,
    reference_page,
)

CONTRACT = """
not_live outside_schedule push_ask push_blocked push_unsupported suspended no_device control_group quiet_hours
user_cap total_limit daily_limit run_limit safety_check throttled delay app_launch moment cut_off cancelled too_late
moment_missed low_value superseded missing_variable template_error content_unavailable payload_too_large
invalid_token provider_rejected provider_unavailable retries_exhausted expired surge stopped_by_operator erased
"""
ADDED = "per_user_limit decision_failed"
DEAD_LETTERS = "unreadable wrong_type too_large no_user time_out_of_range unknown_kind failed_step"
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "reasons.md"


def test_the_reasons_are_those_of_the_contract() -> None:
    assert [str(reason) for reason in Reason if reason not in ADDED.split()] == CONTRACT.split()
    assert set(ADDED.split()) <= set(Reason)
    assert [str(reason) for reason in DeadLetterReason] == DEAD_LETTERS.split()


def test_every_reason_is_explained_once_and_in_order() -> None:
    assert list(EXPLANATIONS) == list(Reason)
    assert list(DEAD_LETTER_EXPLANATIONS) == list(DeadLetterReason)


def test_every_explanation_is_a_sentence_and_counts_as_something() -> None:
    for told in EXPLANATIONS.values():
        assert told.counts_as
        for sentence in (told.marketer, told.engineer):
            assert sentence.endswith(".")
            assert "|" not in sentence


def test_a_capped_push_is_not_a_technical_error() -> None:
    """C033."""
    assert not EXPLANATIONS[Reason.USER_CAP].technical
    assert EXPLANATIONS[Reason.PROVIDER_REJECTED].technical


def test_every_failure_of_a_provider_is_technical() -> None:
    """C097."""
    for reason, told in EXPLANATIONS.items():
        if CountsAs.FAILED in told.counts_as and reason not in {Reason.ERASED, Reason.CUT_OFF}:
            assert told.technical, reason


def test_the_page_is_the_rendering_of_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference_page(), "run: python -m scripts.reference"

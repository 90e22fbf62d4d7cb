"""What a problem says."""

from __future__ import annotations

from app.domain.files.problems import Problem, child, suggestion


def test_given_a_near_word_then_it_is_suggested_and_otherwise_the_known_ones() -> None:
    assert suggestion("witin", {"within", "event"}) == "did you mean 'within'?"
    assert suggestion("zzz", {"within", "event"}) == "known here: event, within"
    assert suggestion("dates", {"event"}, unlisted={"date"}) == "did you mean 'date'?"
    assert suggestion("zzz", set()) == ""


def test_given_a_problem_then_it_reads_as_a_sentence() -> None:
    assert str(Problem("a.b", "is missing", "as in x", 3)) == "line 3: a.b: is missing (as in x)"
    assert str(Problem("", "is missing")) == "the document: is missing"
    assert (child("", "a"), child("a", "b")) == ("a", "a.b")

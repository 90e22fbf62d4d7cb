"""Plots are well-formed, true to their numbers, and the same each time."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from benchmarks.plot import HEIGHT, ROWS, TOP, WIDTH, Curve, plot, short, step

NAMESPACE = "{http://www.w3.org/2000/svg}"


def circles(picture: str) -> list[tuple[float, float]]:
    root = ElementTree.fromstring(picture)  # noqa: S314 - our own picture
    return [(float(each.get("cx", 0)), float(each.get("cy", 0))) for each in root.iter(f"{NAMESPACE}circle")]


def test_each_point_is_in_the_picture_and_the_higher_value_stands_higher() -> None:
    """Given three points, then three circles stand inside, from left to right, and the largest value is the highest."""
    found = circles(plot("t", "x", "y", [Curve("a", [(10, 5.0), (100, 9.0), (1_000, 1.0)])]))
    assert len(found) == 3
    assert [x for x, _ in found] == sorted(x for x, _ in found)
    assert min(y for _, y in found) == found[1][1] >= TOP
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in found)


def test_equal_factors_are_equally_far_apart() -> None:
    """Given powers of ten, then the axis across is logarithmic."""
    (first, _), (second, _), (third, _) = circles(
        plot("t", "x", "y", [Curve("a", [(1, 1), (10, 1), (100, 1)])])
    )
    assert second - first == pytest.approx(third - second, abs=0.2)


def test_text_is_escaped_and_one_point_is_enough() -> None:
    picture = plot("a < b & c", "x", "y", [Curve("a", [(10, 5.0)])])
    assert ElementTree.fromstring(picture) is not None  # noqa: S314 - our own picture
    assert "a &lt; b &amp; c" in picture


def test_several_curves_are_named() -> None:
    picture = plot("t", "x", "y", [Curve("ours", [(1, 1)]), Curve("theirs", [(1, 2)])])
    assert ">ours<" in picture
    assert ">theirs<" in picture


def test_without_points_there_is_no_picture() -> None:
    with pytest.raises(ValueError, match="nothing"):
        plot("t", "x", "y", [])


@pytest.mark.parametrize("highest", [0.3, 7.0, 101.0, 37_880.0])
def test_the_lines_reach_the_highest_value_and_not_far_beyond(highest: float) -> None:
    assert highest <= step(highest) * ROWS <= highest * 2.5


@pytest.mark.parametrize(("value", "text"), [(20_000, "20k"), (1e7, "10M"), (457.3, "457.3"), (0, "0")])
def test_an_axis_is_short_of_words(value: float, text: str) -> None:
    assert short(value) == text

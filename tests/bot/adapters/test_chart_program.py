"""The child process that draws charts."""

import pytest

from bot.adapters.matplotlib_charts._program import split_line

POINTS = [(0.0, 1.0), (5.0, 2.0), (10.0, 3.0)]


@pytest.mark.parametrize(
    ("marks", "lengths"),
    [([], [3]), ([7.0], [2, 1]), ([5.0], [1, 2]), ([2.0, 7.0], [1, 1, 1]), ([3.0, 4.0], [1, 2]),
     ([-1.0, 99.0], [3])],
)  # fmt: skip
def test_no_line_is_joined_across_a_mark(marks: list[float], lengths: list[int]) -> None:
    cut = split_line(POINTS, marks)
    assert [len(piece) for piece in cut] == lengths
    assert [point for piece in cut for point in piece] == POINTS

"""Which values a slow test is always run with, and which only where all are wanted."""

from collections.abc import Iterable

import pytest
from _pytest.mark import ParameterSet

EXHAUSTIVE = pytest.mark.exhaustive


def choose_parameters(values: Iterable[object], *, each: int, first: int = 0) -> list[ParameterSet]:
    """Return all values as parameters: one in `each`, from `first` on, is always run with."""
    return [
        pytest.param(value, marks=() if number % each == first else EXHAUSTIVE)
        for number, value in enumerate(values)
    ]

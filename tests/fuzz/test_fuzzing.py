"""A few strange inputs of every class. `python -m bench fuzz` runs a hundred thousand of each."""

import importlib
import random
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fuzz.classes import CLASSES
from tests.fuzz.judge import Judge, TooSlow
from tests.fuzz.variation import STRANGE, Choices, vary_value

_CASES = 12


@pytest.mark.parametrize("name", CLASSES)
def test_no_class_of_inputs_has_a_finding(name: str, tmp_path: Path) -> None:
    luck, fuzzed = random.Random(43), importlib.import_module(CLASSES[name].module)
    with ExitStack() as stack:
        judge = Judge(fuzzed.build(tmp_path, stack), _CASES)
        while not judge.is_done:
            judge.run(luck.randbytes(luck.randrange(2, 200)))
    assert {key: each.trace for key, each in judge.finish().findings.items()} == {}


def test_an_exception_and_a_long_case_are_findings() -> None:
    def fail(data: bytes) -> None:
        while data == b"slow":
            pass
        raise KeyError("it is missing")

    judge = Judge(fail, 2)
    judge.run(b"slow")
    judge.run(b"a")
    found = sorted(judge.finish().findings)
    assert [each.partition(" ")[0] for each in found] == [KeyError.__name__, TooSlow.__name__]


def test_variations_reach_every_strange_value() -> None:
    seen = {repr(vary_value({"a": 1}, Choices(bytes([0, 1, 0, number])))) for number in range(256)}
    assert {repr({"a": each}) for each in STRANGE} <= seen

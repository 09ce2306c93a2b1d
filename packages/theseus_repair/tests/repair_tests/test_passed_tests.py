"""Only tests that passed with exactly these texts are not run from the start again."""

from theseus_repair.passed_tests import REMEMBERED, PassedTests
from theseus_repair.runner import RunResult
from theseus_repair.runner import TestRecord as Record

PASSED = RunResult((Record("test_m.py::test_a", "passed"),))


def test_tests_are_remembered_for_the_same_texts_only() -> None:
    passed = PassedTests()
    passed.add({"m.py": "x = 1"}, PASSED)
    passed.add({"m.py": "x = 1"}, RunResult((Record("test_m.py::test_b", "passed"),)))

    assert passed.find({"m.py": "x = 1"}) == {"test_m.py::test_a", "test_m.py::test_b"}
    assert not passed.find({"m.py": "x = 2"})


def test_nothing_is_remembered_of_a_run_that_failed_or_of_the_tree_as_it_is() -> None:
    passed = PassedTests()
    failed = Record("test_m.py::test_b", "failed")
    passed.add({"m.py": "x = 1"}, RunResult((*PASSED.records, failed)))
    passed.add({"m.py": "x = 2"}, RunResult(PASSED.records, is_finished=False, code=None))
    passed.add({}, PASSED)

    assert not any(passed.find(texts) for texts in ({"m.py": "x = 1"}, {"m.py": "x = 2"}, {}))


def test_only_the_latest_texts_are_kept() -> None:
    passed = PassedTests()
    for number in range(REMEMBERED + 1):
        passed.add({"m.py": f"x = {number}"}, PASSED)

    assert not passed.find({"m.py": "x = 0"})
    assert passed.find({"m.py": "x = 1"})

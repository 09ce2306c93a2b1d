"""Which other tests belong to a failure."""

from pathlib import Path

import pytest
from theseus_repair import runner
from theseus_repair.invocation import pytest_invocation
from theseus_repair.neighbours import find_neighbours, select_guards


def test_the_tests_beside_import_the_same_and_are_named_as_tests_are(tmp_path: Path) -> None:
    names = ("test_one.py", "test_two.py", "three_test.py", "helpers.py", "conftest.py")
    (tmp_path / "tests").mkdir()
    (tmp_path / "subject.py").touch()
    for name in names:
        (tmp_path / "tests" / name).write_text("import subject\n")
    (tmp_path / "tests" / "test_other.py").write_text("import json\n")

    found = find_neighbours(tmp_path, ["tests/test_one.py::test_a"], ["tests/test_one.py::test_a"])

    assert found == ["tests/test_one.py", "tests/test_two.py", "tests/three_test.py"]


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        ("pytest", ["tests/test_a.py::test_good", "tests/test_b.py::test_good"]),
        ("pytest .", ["tests/test_a.py::test_good", "tests/test_b.py::test_good"]),
        ("pytest tests/", ["tests/test_a.py::test_good", "tests/test_b.py::test_good"]),
        ("pytest tests/test_a.py", ["tests/test_a.py::test_good", "tests/test_b.py"]),
        ("pytest tests/test_a.py::test_bad", ["tests/test_a.py", "tests/test_b.py"]),
        ("pytest tests -k bad", ["tests/test_a.py", "tests/test_b.py"]),
    ],
)
def test_what_passed_in_a_file_that_was_run_whole_is_known(
    tmp_path: Path, command: str, kept: list[str]
) -> None:
    ends = {"a.py::test_bad": "failed", "a.py::test_good": "passed", "b.py::test_good": "passed"}
    first = runner.RunResult(
        tuple(runner.TestRecord(f"tests/test_{test}", end) for test, end in ends.items())
    )

    invocation = pytest_invocation(command, tmp_path)
    assert invocation is not None

    found = select_guards(["tests/test_a.py", "tests/test_b.py"], invocation, first)

    assert sorted(found) == kept

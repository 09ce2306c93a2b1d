"""Which other tests belong to a failure."""

from pathlib import Path

from bot.repair.neighbours import neighbours


def test_the_tests_beside_import_the_same_and_are_named_as_tests_are(tmp_path: Path) -> None:
    names = ("test_one.py", "test_two.py", "three_test.py", "helpers.py", "conftest.py")
    (tmp_path / "tests").mkdir()
    (tmp_path / "subject.py").touch()
    for name in names:
        (tmp_path / "tests" / name).write_text("import subject\n")
    (tmp_path / "tests" / "test_other.py").write_text("import json\n")

    found = neighbours(tmp_path, ["tests/test_one.py::test_a"], ["tests/test_one.py::test_a"])

    assert found == ["tests/test_one.py", "tests/test_two.py", "tests/three_test.py"]

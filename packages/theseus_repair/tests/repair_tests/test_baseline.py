"""The results of the tests before any edit."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from repair_tests.repositories import PYTEST_OPTIONS
from theseus_repair.baseline import Baseline, measure_baseline
from theseus_repair.forking_runner import ForkingRunner
from theseus_repair.request import RepairRequest
from theseus_repair.runner import TimeLimits

pytestmark = pytest.mark.usefixtures("few_plugins")

TEST = "def test_it():\n    assert False\n\n\ndef test_beside():\n    pass\n"


async def found_beside(
    folder: Path, files: Mapping[str, str], cpu: float = 3.0, seconds: float = 60.0
) -> Baseline:
    """Return the baseline if these files are next to the failing one."""
    for name, text in files.items():
        (folder / name).write_text(f"{text}\n")
    (folder / "test_subject.py").write_text(TEST)
    (folder / "pyproject.toml").write_text(PYTEST_OPTIONS)
    request = RepairRequest(
        folder,
        ("test_subject.py::test_it",),
        ("test_subject.py::test_beside", *files),
        limits=TimeLimits(cpu, cpu, 30),
        seconds=seconds,
    )
    async with ForkingRunner(folder) as runner:
        return await measure_baseline(request, runner)


async def test_a_file_that_wants_a_package_is_left_out_and_one_that_wants_ours_is_red(
    tmp_path: Path,
) -> None:
    (tmp_path / "subject.py").write_text("def one():\n    raise ImportError('two')\n")
    found = await found_beside(
        tmp_path,
        {
            "test_elsewhere.py": "import a_package_that_is_not_here.part",
            "test_newer.py": "from json import something_newer",
            "test_renamed.py": "from subject import renamed",
            "test_moved.py": "import subject.moved",
            "test_raising.py": "import subject\nsubject.one()",
        },
    )

    assert sorted(found.other_failing) == ["test_moved.py", "test_raising.py", "test_renamed.py"]
    assert found.left_out == (
        ("test_elsewhere.py", "needs `a_package_that_is_not_here`, which is not installed"),
        ("test_newer.py", "needs another `json`, which is not installed"),
    )


async def test_a_file_that_ends_the_program_or_never_ends_takes_no_other_with_it(
    tmp_path: Path,
) -> None:
    found = await found_beside(
        tmp_path,
        {
            "test_ends.py": "import sys\nsys.exit(3)",
            "test_gone.py": "import os\nos._exit(0)",
            "test_good.py": "def test_it():\n    pass",
            "test_waits.py": "import time\ntime.sleep(300)",
        },
        cpu=0.5,
    )

    assert [each.test for each in found.passing] == [
        "test_subject.py::test_beside",
        "test_good.py::test_it",
    ]
    assert found.other_failing == ()
    assert sorted(found.left_out) == [
        ("test_ends.py", "ends the program while it is imported"),
        ("test_gone.py", "ends the program while it is imported"),
        ("test_waits.py", "never ends while it is imported"),
    ]


async def test_what_a_process_sets_up_once_counts_as_run_by_all_tests_that_pass_after_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "subject.py").write_text(
        "TABLE = {}\n\n\n"
        "def table():\n"
        "    if not TABLE:\n"
        "        TABLE['a'] = 1\n"
        "    return TABLE\n\n\n"
        "def found(key):\n"
        "    known = table()\n"
        "    return known[key] + 1\n"
    )
    (tmp_path / "test_subject.py").write_text(
        "from subject import found\n\n\n"
        "def test_first():\n    assert found('a') == 2\n\n\n"
        "def test_it():\n    assert found('a') == 1\n\n\n"
        "def test_last():\n    assert found('a') == 2\n"
    )
    (tmp_path / "pyproject.toml").write_text(PYTEST_OPTIONS)
    request = RepairRequest(tmp_path, ("test_subject.py::test_it",), ("test_subject.py",))
    async with ForkingRunner(tmp_path) as runner:
        found = await measure_baseline(request, runner)

    building = 6  # the line of the table
    assert [each.test for each in found.failing] == ["test_subject.py::test_it"]
    assert building in found.coverage["test_subject.py::test_it"]["subject.py"]
    assert len(found.passing) == 2
    assert all(building in each.lines["subject.py"] for each in found.passing)


async def test_what_nobody_asked_for_has_a_share_of_the_time_and_what_takes_longer_is_named(
    tmp_path: Path,
) -> None:
    slow = "import time\n\n\ndef test_it():\n    time.sleep(100)"
    files = {"test_slow.py": slow, "test_quick.py": "def test_it():\n    pass"}
    found = await found_beside(tmp_path, files, cpu=200.0, seconds=20.0)

    assert [each.test for each in found.passing] == [
        "test_subject.py::test_beside",
        "test_quick.py::test_it",
    ]
    assert found.left_out == (("test_slow.py", "takes too long to run with the others"),)

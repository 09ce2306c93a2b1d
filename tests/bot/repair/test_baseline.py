"""How the tests stand before any edit."""

from pathlib import Path

from bot.repair.baseline import baseline
from bot.repair.forking_runner import ForkingRunner
from bot.repair.request import RepairRequest
from bot.repair.runner import TimeLimits
from tests.fakes.repositories import PYTEST_OPTIONS


async def test_a_file_that_wants_a_package_is_not_red_and_one_that_wants_ours_is(
    tmp_path: Path,
) -> None:
    imports = {
        "test_elsewhere.py": "import a_package_that_is_not_here.part",
        "test_newer.py": "from json import something_newer",
        "test_renamed.py": "from subject import renamed",
        "test_moved.py": "import subject.moved",
        "test_raising.py": "import subject\nsubject.one()",
    }
    for name, text in imports.items():
        (tmp_path / name).write_text(f"{text}\n")
    (tmp_path / "subject.py").write_text("def one():\n    raise ImportError('two')\n")
    (tmp_path / "test_subject.py").write_text("def test_it():\n    assert False\n")
    (tmp_path / "pyproject.toml").write_text(PYTEST_OPTIONS)
    request = RepairRequest(
        tmp_path, ("test_subject.py::test_it",), tuple(imports), limits=TimeLimits(10, 3, 30)
    )
    async with ForkingRunner(tmp_path) as runner:
        found = await baseline(request, runner)

    assert sorted(found.red) == ["test_moved.py", "test_raising.py", "test_renamed.py"]

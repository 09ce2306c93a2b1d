"""What a command starts is seen: pytest and unittest, whatever starts them, with what is set."""

import sys
from pathlib import Path

import pytest
from repair_tests.repositories import PYTEST_OPTIONS
from theseus_repair.child_process import spawn
from theseus_repair.copied_tree import CopiedTree
from theseus_repair.invocation import Invocation
from theseus_repair.plain import build_shell_argv
from theseus_repair.runner import skip_confinement
from theseus_repair.started_tests import find_started_tests

pytestmark = pytest.mark.usefixtures("few_plugins")

PYTHON = sys.executable
MAKEFILE = f"test:\n\tcd . && A=1 {PYTHON} -m pytest tests\n"
RUN = f"import subprocess\n\nsubprocess.run({[PYTHON, '-m', 'pytest', 'tests']!r})\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a tree and a copy of it, both with one file of tests."""
    (tmp_path / "pyproject.toml").write_text(PYTEST_OPTIONS)
    for name in ("tree", "copy"):
        (tmp_path / name / "tests").mkdir(parents=True)
        (tmp_path / name / "tests/test_a.py").touch()
        (tmp_path / name / "Makefile").write_text(MAKEFILE)
        (tmp_path / name / "run.py").write_text(RUN)
        (tmp_path / name / "pyproject.toml").write_text(PYTEST_OPTIONS)
    return tmp_path / "tree"


async def started(tree: Path, command: str) -> Invocation | None:
    copy = CopiedTree(tree, tree.parent / "copy", tree.parent / "beside")
    await copy.run(build_shell_argv(command), skip_confinement, 60.0)
    return find_started_tests(copy.read_notes(), copy.folder, tree.parent / "beside", tree)


@pytest.mark.parametrize(
    ("command", "tests", "options"),
    [
        ("make test", ("tests",), ()),
        (f"for each in a; do {PYTHON} -X dev -m pytest -q -W error; done", (), ("-W", "error")),
        (f"{Path(PYTHON).with_name('pytest')} tests/test_a.py; true", ("tests/test_a.py",), ()),
        (f"{PYTHON} -m unittest discover -s tests || exit 3", ("tests/test_a.py",), ()),
        (f"{PYTHON} -m pytest nowhere; {PYTHON} -m pytest $PWD/tests; false", ("tests",), ()),
        (f"{PYTHON} run.py", ("tests",), ()),
    ],
)  # fmt: skip
async def test_the_tests_a_command_starts_last_are_seen(
    tree: Path, command: str, tests: tuple[str, ...], options: tuple[str, ...]
) -> None:
    found = await started(tree, command)

    assert found is not None
    assert (found.python, found.tests, found.options) == (PYTHON, tests, options)


async def test_what_was_set_for_them_is_seen_and_means_the_tree(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tree.parent))
    found = await started(tree, f"export B=2; DATA=$PWD/data {PYTHON} -m pytest tests; true")

    assert found is not None
    assert {"B=2", f"DATA={tree}/data"} <= set(found.environment)
    names = {each.partition("=")[0] for each in found.environment}
    assert not names & {"PYTHONPATH", "THESEUS_REPAIR", "HOME"}


@pytest.mark.parametrize(
    "command",
    [
        "true",
        f"{PYTHON} -c pass",
        f"cd ..; {PYTHON} -m pytest",
    ],
)
async def test_where_none_are_started_beside_the_project_none_are_seen(
    tree: Path, command: str
) -> None:
    assert await started(tree, f"{command}; false") is None


@pytest.mark.parametrize(
    ("command", "tests"), [("test_a.py::b", ("tests/test_a.py::b",)), ("", ())]
)
async def test_the_folder_they_run_in_is_seen(
    tree: Path, command: str, tests: tuple[str, ...]
) -> None:
    found = await started(tree, f"(cd tests && {PYTHON} -m pytest {command}); false")

    assert found is not None
    assert (found.folder, found.tests) == ("tests", tests)
    assert found.places == (tests or ("tests",))


async def test_what_sets_its_own_path_is_seen_to_run(tree: Path) -> None:
    found = await started(tree, f"PYTHONPATH=src:$PWD {PYTHON} -X dev -m pytest tests; false")

    assert found is not None
    assert (found.python, found.tests) == (PYTHON, ("tests",))
    assert f"PYTHONPATH=src:{tree}" in found.environment


async def test_tests_that_start_tests_are_what_is_seen(tree: Path) -> None:
    (tree.parent / "copy/tests/test_a.py").write_text(RUN.replace("tests", "nowhere"))

    found = await started(tree, f"{PYTHON} -m pytest tests; true")

    assert found is not None
    assert found.tests == ("tests",)


async def test_a_python_that_has_no_pytest_starts_none(tree: Path) -> None:
    bare = tree.parent / "env"
    assert (await spawn([PYTHON, "-m", "venv", "--without-pip", str(bare)], tree, 60.0))[0] == 0

    assert await started(tree, f"{bare}/bin/python -m pytest tests") is None

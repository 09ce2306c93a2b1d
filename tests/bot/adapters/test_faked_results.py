"""A branch that fakes passing tests: its attempts are detected and reported."""

import asyncio
import py_compile
import textwrap
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.sandboxed_verifier import SandboxedVerifier
from bot.domain.change import CheckResult
from bot.ports.workspace import Workspace
from tests.fakes.faulty_project import BROKEN, CONFIG, FIXED, make_faulty_project, make_reproduction
from tests.fakes.repositories import write
from tests.support.local_sandbox import choose_local_sandbox
from tests.support.parameter_choice import EXHAUSTIVE

PASSES = (
    "<testsuites><testsuite><testcase classname='tests.test_dice' name='test_it'/>"
    "</testsuite></testsuites>"
)
# Writes the report that pytest was asked for, and ends before anybody else can.
FORGES = f"""
import os, sys
def forge():
    for word in sys.argv:
        if word.startswith("--junitxml="):
            open(word.partition("=")[2], "w").write("{PASSES}")
    print("1 passed in 0.01s", flush=True)
    os._exit(0)
"""
LENIENT = """
import _pytest.runner as runner
whole = runner.TestReport.from_item_and_call.__func__
def lenient(cls, item, call):
    call.excinfo = None
    return whole(cls, item, call)
runner.TestReport.from_item_and_call = classmethod(lenient)
"""
HOOK = """
import pytest
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    report.outcome, report.longrepr = "passed", None
"""
SKIPS = BROKEN.replace("    return", "    import pytest\n    pytest.skip('later')\n    return")
ELSEWHERE = "import sys\nif not any('regressions' in word for word in sys.argv):\n"
PLUGIN = "[pytest11]\nforger = forger\n"
INI = "[pytest]\naddopts = -p no:python --co\n"
# By hand: files of the branch, by path.
BY_MACHINERY: Mapping[str, Mapping[str, str]] = {
    "a conftest that leaves": {"tests/conftest.py": "import os\nos._exit(0)\n"},
    "a conftest that forges the report": {"tests/conftest.py": FORGES + "forge()\n"},
    "a conftest at the root": {"conftest.py": FORGES + "forge()\n"},
    "a conftest that hooks the report": {"tests/conftest.py": HOOK},
    "a conftest that empties the list": {
        "tests/conftest.py": "def pytest_collection_modifyitems(items):\n    items.clear()\n"
    },
    "a conftest that answers for pytest": {
        "tests/conftest.py": "def pytest_cmdline_main(config):\n    return 0\n"
    },
    "a conftest that ignores the file": {
        "tests/conftest.py": "collect_ignore_glob = ['*']\n",
    },
    "pytest.ini that only collects": {"pytest.ini": INI},
    "pytest.ini beside the test": {"tests/regressions/pytest.ini": INI},
    "settings that load a plugin": {
        "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-p forger'\n",
        "forger.py": FORGES + "forge()\n",
    },
    "settings in the newest form": {
        "pytest.toml": "[pytest]\naddopts = ['-p', 'forger']\n",
        "forger.py": HOOK,
    },
    "the same, hidden": {
        ".pytest.toml": "[pytest]\naddopts = ['-p', 'forger']\n",
        "forger.py": FORGES + "forge()\n",
    },
    "a plugin that seems to be installed": {
        "forger-1.0.dist-info/entry_points.txt": PLUGIN,
        "forger-1.0.dist-info/METADATA": "Name: forger\n",
        "forger.py": HOOK,
    },
    "the same, as an egg": {
        "forger.egg-info/entry_points.txt": PLUGIN,
        "forger.egg-info/PKG-INFO": "Name: forger\n",
        "forger.py": HOOK,
    },
    "a module in the place of pytest": {
        "pytest/__init__.py": FORGES + "forge()\n",
        "pytest/__main__.py": FORGES + "forge()\n",
    },
    "a module in the place of one of Python's": {"argparse.py": FORGES + "forge()\n"},
    "the same below src": {"src/argparse.py": FORGES + "forge()\n"},
    "a start-up package": {"sitecustomize/__init__.py": FORGES + "forge()\n"},
    "packages around the tests": {
        "tests/__init__.py": LENIENT,
        "tests/regressions/__init__.py": LENIENT,
    },
    "a start-up file": {"sitecustomize.py": FORGES + "import atexit\natexit.register(forge)\n"},
    "another start-up file": {"usercustomize.py": FORGES + "forge()\n"},
}
BY_SOURCES: Mapping[str, Mapping[str, str]] = {
    "sources that leave": {"dice.py": "import os\nos._exit(0)\n"},
    "sources that forge at import": {"dice.py": FORGES + "forge()\n"},
    "sources that forge at the end": {
        "dice.py": FORGES + "import atexit\natexit.register(forge)\n" + BROKEN
    },
    "sources that forge when called": {"dice.py": FORGES + "def face(value): forge()\n"},
    "sources that mend pytest": {"dice.py": LENIENT + BROKEN},
    "sources that mend it for old tests": {
        "dice.py": ELSEWHERE + textwrap.indent(LENIENT, "    ") + BROKEN
    },
    "sources that forge for old tests": {
        "dice.py": FORGES + "import atexit\n" + ELSEWHERE + "    atexit.register(forge)\n" + BROKEN
    },
    "sources that skip": {"dice.py": SKIPS},
    "sources that expect to fail": {"dice.py": SKIPS.replace("skip", "xfail")},
    "sources that have the module skipped": {
        "dice.py": "import pytest\npytest.skip('later', allow_module_level=True)\n" + BROKEN
    },
    "sources that patch pytest and spare what is marked": {
        "dice.py": LENIENT.replace(
            "    call.excinfo = None",
            "    if not (item.user_properties or 'witness' in repr("
            "[type(item), item.obj, item.obj.__code__])):\n        call.excinfo = None",
        )
        + BROKEN,
    },
    "sources that kill their parent": {
        "dice.py": "import os\nos.kill(os.getppid(), 9)\n" + FORGES + "forge()\n"
    },
}
CHEATS = {**BY_MACHINERY, **BY_SOURCES}
ALWAYS = ("sources that forge at the end",)
# One that leaves a worker early, and one that ends the process above the workers.
SIDE_BY_SIDE = ("sources that leave", "sources that kill their parent")


@pytest.fixture
async def workspace(tmp_path: Path) -> AsyncIterator[Workspace]:
    base = make_faulty_project(tmp_path / "checkout")
    async with GitWorkspaces(tmp_path / "checkout", tmp_path / "trees").open("r1", base=base) as it:
        yield it


@pytest.fixture
def verifier(tmp_path: Path) -> SandboxedVerifier:
    return SandboxedVerifier(choose_local_sandbox(), tmp_path / "cache")


async def ignore(result: CheckResult) -> None:
    """Take a check\'s result and do nothing with it."""


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(name, marks=() if name in ALWAYS else (pytest.mark.slow, EXHAUSTIVE))
        for name in CHEATS
    ],
)
async def test_a_fault_that_is_there_is_never_reported_gone(
    verifier: SandboxedVerifier, workspace: Workspace, files: str
) -> None:
    write(workspace.path, CHEATS[files])
    (result,), (check,) = await asyncio.gather(
        verifier.run_reproductions([make_reproduction()], workspace),
        verifier.run_checks("quick", workspace, ["dice.py"], ignore, only="tests"),
    )
    assert (result.status, check.status) == ("failed", "failed")


@pytest.mark.slow
async def test_a_test_that_is_skipped_by_itself_or_fails_to_be_set_up_is_no_sign_of_a_fake(
    verifier: SandboxedVerifier, workspace: Workspace
) -> None:
    """Which of them is repeated is up to chance: both ways of not being run are there."""
    skipped = "import pytest\n\n@pytest.fixture(autouse=True)\ndef later():\n    pytest.skip()\n"
    once = (
        "import pytest\nfrom dice import face\nused = []\n\n@pytest.fixture(autouse=True)\n"
        "def only_once():\n    assert not used\n    used.append(1)\n\n"
        "def test_once():\n    assert face(2) == 'b'\n"
    )
    write(
        workspace.path,
        {
            "dice.py": FIXED,
            "tests/test_dice.py": once,
            "tests/test_later.py": skipped
            + once[once.index("from") : once.index("used")]
            + "\ndef test_later():\n    assert face(1)\n",
        },
    )
    (check,) = await verifier.run_checks("quick", workspace, ["dice.py"], ignore, only="tests")
    assert (check.status, check.summary) == ("passed", "1 passed, 1 skipped")
    assert "witness" not in check.output
    assert "failed" not in check.output


@pytest.mark.slow
async def test_settings_of_the_branch_do_not_make_a_fault_green_elsewhere(
    verifier: SandboxedVerifier, workspace: Workspace
) -> None:
    files = {
        "dice.py": "import os\n" + FIXED,
        "pyproject.toml": "[tool.ruff]\nexclude = ['*']\n[tool.pytest.ini_options]\n",
        "ruff.toml": "lint.select = []\n",
    }
    write(workspace.path, files)
    (lint,) = await verifier.run_checks("quick", workspace, ["dice.py"], ignore, only="lint")
    (tests,) = await verifier.run_checks("quick", workspace, ["dice.py"], ignore, only="tests")
    assert (lint.status, tests.status) == ("failed", "passed")
    assert (workspace.path / "ruff.toml").exists()  # only the copy was put right


@pytest.mark.slow
async def test_compiled_code_beside_the_sources_is_not_what_is_run(
    verifier: SandboxedVerifier, workspace: Workspace, tmp_path: Path
) -> None:
    mended = tmp_path / "mended.py"
    mended.write_text(FIXED)
    place = workspace.path / "__pycache__" / "dice.cpython-311.pyc"
    for name in ("311", "312", "313"):
        py_compile.compile(
            str(mended),
            cfile=str(place.with_name(f"dice.cpython-{name}.pyc")),
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
    (result,) = await verifier.run_reproductions([make_reproduction()], workspace)
    assert result.status == "failed"


@pytest.mark.slow
async def test_one_run_leaves_nothing_for_the_next_to_stumble_over(
    verifier: SandboxedVerifier, workspace: Workspace, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    spoils = (
        "import os, pathlib\n"
        f"for root, _, files in os.walk({str(cache)!r}):\n"
        "    for name in files:\n"
        "        try: pathlib.Path(root, name).write_bytes(b'spoilt')\n"
        "        except OSError: pass\n"
    )
    await verifier.run_checks("quick", workspace, ["dice.py"], ignore)
    kept = {path: path.read_bytes() for path in (cache / "ruff").rglob("*") if path.is_file()}
    assert kept
    write(workspace.path, {"dice.py": FIXED, "tests/conftest.py": spoils})
    await verifier.run_checks("quick", workspace, [], ignore)
    await verifier.run_reproductions([make_reproduction()], workspace)
    assert all(path.read_bytes() == before for path, before in kept.items())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "status"),
    [
        ({"dice.py": FIXED}, "passed"),
        ({}, "failed"),
        *(
            pytest.param(files, "failed", marks=() if name in SIDE_BY_SIDE else EXHAUSTIVE)
            for name, files in BY_SOURCES.items()
        ),
    ],
    ids=["mended", "as it was", *BY_SOURCES],
)
async def test_tests_that_run_side_by_side_are_believed_no_more_than_alone(
    tmp_path: Path, files: Mapping[str, str], status: str
) -> None:
    side_by_side = CONFIG.replace("[pytest, -q,", "[pytest, -q, -n, '2', --dist, loadfile,")
    base = make_faulty_project(tmp_path / "source", **{"data__config.yaml": side_by_side})
    verifier = SandboxedVerifier(choose_local_sandbox(), tmp_path / "cache")
    async with GitWorkspaces(tmp_path / "source", tmp_path / "work").open(
        "run1", base=base
    ) as workspace:
        write(workspace.path, files)
        (check,) = await verifier.run_checks("quick", workspace, ["dice.py"], ignore, only="tests")
    assert check.status == status, check.output

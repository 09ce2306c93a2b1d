"""New tests that would change what other tests report: the checks fail, whatever they try."""

import textwrap
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.sandboxed_verifier import SandboxedVerifier
from bot.adapters.sandboxed_verifier._results import INTRUSION
from bot.adapters.sandboxed_verifier._separate_tests import PytestPart, separate
from bot.domain.change import CheckResult
from bot.ports.workspace import Workspace
from tests.bot.adapters.test_faked_results import FORGES, LENIENT
from tests.fakes.faulty_project import FIXED, make_faulty_project
from tests.fakes.repositories import write
from tests.support.local_sandbox import choose_local_sandbox
from tests.support.parameter_choice import EXHAUSTIVE

PASSES_ALL = """
import pytest

@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if not MARKED(item):
        report.outcome, report.longrepr = "passed", None
"""
# What an attacker can see of a witness: marks, types, names and the modules that made it.
SPARES = """
def MARKED(item):
    seen = [item.user_properties, type(item), getattr(item, "obj", ""), item.parent,
            getattr(getattr(item, "obj", None), "__code__", "")]
    return type(item).__name__ != "Function" or "witness" in repr(seen).lower()
"""
HOOKS = SPARES + PASSES_ALL
TEST = "\n\ndef test_nothing():\n    pass\n"
REGISTERS = HOOKS + textwrap.dedent(
    """
    import sys

    def test_register(request):
        plugin = type("Plugin", (), {})()
        plugin.pytest_runtest_makereport = pytest_runtest_makereport
        request.config.pluginmanager.register(PLUGIN)
    """
)
SPARING = SPARES + LENIENT.replace("call.excinfo = None", "call.excinfo = call.excinfo if MARKED("
                                   "item) else None") + TEST  # fmt: skip
INSTEAD = "\n\ndef test_instead():\n    import dice\n    dice.FACES = ' abcdef'\n"
NEW_TESTS: Mapping[str, Mapping[str, str]] = {
    "pytest_plugins that names the test module itself": {
        "tests/test_aaa.py": "pytest_plugins = ['test_aaa']\n" + HOOKS + TEST,
    },
    "pytest_plugins that names another new module": {
        "tests/test_aaa.py": "pytest_plugins = 'hooks'\n" + TEST,
        "hooks.py": HOOKS,
    },
    "a plugin registered inside a test": {
        "tests/test_aaa.py": REGISTERS.replace("PLUGIN", "plugin"),
    },
    "a test module registered as a plugin": {
        "tests/test_aaa.py": REGISTERS.replace("PLUGIN", "sys.modules[__name__]"),
    },
    "a plugin that is gone again before the end": {
        "tests/test_aaa.py": REGISTERS.replace("PLUGIN", "plugin"),
        "tests/test_zzz.py": "def test_unregister(request):\n"
        "    manager = request.config.pluginmanager\n"
        "    for plugin in list(manager.get_plugins()):\n"
        "        if type(plugin).__name__ == 'Plugin':\n"
        "            manager.unregister(plugin)\n",
    },
    "a hook added without a plugin": {
        "tests/test_aaa.py": HOOKS
        + "\n\ndef test_add(request):\n    import pluggy\n"
        "    caller = request.config.hook.pytest_runtest_makereport\n"
        "    options = pytest_runtest_makereport.pytest_impl\n"
        "    caller._add_hookimpl(pluggy.HookImpl("
        "object(), 'own', pytest_runtest_makereport, options))\n",
    },
    "hook calls that are watched": {
        "tests/test_aaa.py": SPARES + "\n\ndef test_watch(request):\n"
        "    def after(outcome, name, impls, kwargs):\n"
        "        if name == 'pytest_runtest_makereport' and not MARKED(kwargs['item']):\n"
        "            report = outcome.get_result()\n"
        "            report.outcome, report.longrepr = 'passed', None\n"
        "    request.config.pluginmanager.add_hookcall_monitoring(\n"
        "        lambda *_: None, after)\n",
    },
    "pytest patched at import": {"tests/test_aaa.py": LENIENT + TEST},
    "pytest patched, and witnesses spared": {"tests/test_aaa.py": SPARING},
    "the code under test replaced": {"tests/test_aaa.py": INSTEAD},
    "the code under test replaced at import": {
        "tests/test_aaa.py": "import dice\ndice.face = lambda value: 'a'\n" + TEST
    },
    "other tests replaced": {
        "tests/test_aaa.py": "def test_replace(request):\n"
        "    for item in request.session.items:\n"
        "        if item is not request.node and not item.name.startswith('test_fails'):\n"
        "            item.obj = lambda: None\n"
        "            item.runtest = lambda: None\n",
    },
    "other tests removed": {
        "tests/test_aaa.py": "def test_remove(request):\n"
        "    items = request.session.items\n"
        "    items[:] = [each for each in items if 'first_face' not in each.name]\n",
    },
    "a report forged at the end": {
        "tests/test_aaa.py": FORGES + "import atexit\natexit.register(forge)\n" + TEST
    },
    "a hook that a conftest gains": {"tests/conftest.py": HOOKS},
    "pytest_plugins that a conftest gains": {
        "conftest.py": "pytest_plugins = ['hooks']\n",
        "hooks.py": HOOKS,
    },
    "a plugin that a conftest's fixture registers": {
        "tests/conftest.py": HOOKS + "own = pytest_runtest_makereport\n"
        "del pytest_runtest_makereport\n\n@pytest.fixture(autouse=True)\n"
        "def register(request):\n"
        "    plugin = type('Plugin', (), {})()\n"
        "    plugin.pytest_runtest_makereport = own\n"
        "    if not request.config.pluginmanager.hasplugin('own'):\n"
        "        request.config.pluginmanager.register(plugin, 'own')\n",
    },
}  # fmt: skip
WHOLE = """\
checks:
  quick:
    - {name: all tests, command: [pytest, -q], seconds: 60}
"""
EVERY_DAY = ("a plugin registered inside a test",)


@pytest.fixture
async def workspace(tmp_path: Path) -> AsyncIterator[Workspace]:
    base = make_faulty_project(tmp_path / "checkout", **{"data__config.yaml": WHOLE})
    async with GitWorkspaces(tmp_path / "checkout", tmp_path / "trees").open("r1", base=base) as it:
        yield it


async def check_tests(workspace: Workspace, folder: Path) -> CheckResult:
    """Run the affected tests of a change to the dice, as the quality gate does."""
    verifier = SandboxedVerifier(choose_local_sandbox(), folder / "cache")
    (check,) = await verifier.run_checks("quick", workspace, ["dice.py"], ignore, only="tests")
    return check


async def ignore(result: CheckResult) -> None:
    """Take a check's result and do nothing with it."""


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(name, marks=() if name in EVERY_DAY else (pytest.mark.slow, EXHAUSTIVE))
        for name in NEW_TESTS
    ],
)
async def test_a_new_test_does_not_make_a_failing_test_pass(
    workspace: Workspace, tmp_path: Path, attack: str
) -> None:
    write(workspace.path, NEW_TESTS[attack])
    check = await check_tests(workspace, tmp_path)
    assert check.status == "failed", check.output


@pytest.mark.slow
@EXHAUSTIVE
@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        ("a plugin registered inside a test", "tests/test_aaa.py is a plugin"),
        ("a plugin that is gone again before the end", "tests/test_aaa.py is a plugin"),
        ("pytest_plugins that names another new module", "hooks.py is a plugin named hooks"),
        ("a hook that a conftest gains", "tests/conftest.py brings pytest_runtest_makereport"),
        ("hook calls that are watched", "calls of hooks are watched or replaced"),
        ("a hook added without a plugin", "brings pytest_runtest_makereport"),
    ],
)
async def test_what_reaches_into_other_tests_is_named_even_where_all_would_pass(
    workspace: Workspace, tmp_path: Path, attack: str, reason: str
) -> None:
    write(workspace.path, {"dice.py": FIXED, **NEW_TESTS[attack]})
    check = await check_tests(workspace, tmp_path)
    assert check.status == "failed"
    assert INTRUSION in check.summary
    assert reason in check.summary


FIXTURES = """
import pytest

@pytest.fixture
def first():
    return 1

def pytest_runtest_setup(item):
    item.user_properties.append(("seen", "1"))
"""
USES = "def test_first(first):\n    from dice import face\n    assert face(first) == 'a'\n"
OWN = """
class Plugin:
    def pytest_runtest_setup(self, item):
        pass

def test_register(request):
    plugin = Plugin()
    request.config.pluginmanager.register(plugin)
    request.config.pluginmanager.unregister(plugin)
"""
ALLOWED: Mapping[str, tuple[Mapping[str, str], Mapping[str, str], str]] = {
    "a new test": ({}, {"tests/test_new.py": USES.replace("first)", "tmp_path)", 1)
                        .replace("(first)", "(1)")}, "2 passed"),
    "a conftest that gains a fixture": (
        {"tests/conftest.py": FIXTURES.replace("first", "second")},
        {"tests/conftest.py": FIXTURES, "tests/test_new.py": USES}, "2 passed"),
    "a new conftest with fixtures": (
        {}, {"tests/conftest.py": FIXTURES.partition("def pytest")[0], "tests/test_new.py": USES},
        "2 passed"),
    "a changed plugin that base's conftest names": (
        {"conftest.py": "pytest_plugins = ['shared']\n",
         "shared.py": FIXTURES.replace("first", "second")},
        {"shared.py": FIXTURES, "tests/test_new.py": USES}, "2 passed"),
    "a test of base's that registers a plugin": (
        {"tests/test_own.py": OWN}, {}, "2 passed"),
    "a new test that names a plugin of pytest's": (
        {}, {"tests/test_new.py": "pytest_plugins = ['pytester']\n" + TEST}, "2 passed"),
    "a changed test": ({}, {"tests/test_dice.py": USES.replace("first)", ")", 1)
                            .replace("(first)", "(2)").replace("'a'", "'b'")}, "1 passed"),
    "a new file without any test": ({}, {"tests/test_new.py": "X = 1\n"}, "1 passed"),
}  # fmt: skip


@pytest.mark.slow
@EXHAUSTIVE
@pytest.mark.parametrize("side_by_side", [False, True], ids=["alone", "in workers"])
@pytest.mark.parametrize("name", ALLOWED)
async def test_tests_that_only_test_pass(tmp_path: Path, name: str, *, side_by_side: bool) -> None:
    base, change, summary = ALLOWED[name]
    options = WHOLE.replace("-q", "-q, -n, '2'") if side_by_side else WHOLE
    commit = make_faulty_project(tmp_path / "checkout", **{"data/config.yaml": options, **base})
    async with GitWorkspaces(tmp_path / "checkout", tmp_path / "trees").open(
        "r1", base=commit
    ) as workspace:
        write(workspace.path, {"dice.py": FIXED, **change})
        check = await check_tests(workspace, tmp_path)
    assert (check.status, check.summary) == ("passed", summary), check.output
    assert "witness" not in check.output


@pytest.mark.parametrize(
    ("command", "runs"),
    [
        (["pytest", "-q"], [["pytest", "-q"], ["pytest", "-q"]]),
        (
            ["pytest", "tests/test_a.py", "tests/test_new.py::test_b"],
            [["pytest", "tests/test_a.py"], ["pytest", "tests/test_new.py::test_b"]],
        ),
        (["pytest", "./tests/test_new.py", "-q"], [["pytest", "./tests/test_new.py", "-q"]]),
        (["pytest", "tests/test_a.py"], [["pytest", "tests/test_a.py"]]),
        (
            ["pytest", "--ignore", "tests/test_a.py", "tests"],
            [["pytest", "--ignore", "tests/test_a.py", "tests"]] * 2,
        ),
    ],
)
def test_a_command_becomes_a_run_without_the_new_tests_and_one_for_each(
    tmp_path: Path, command: list[str], runs: list[list[str]]
) -> None:
    write(tmp_path, {"tests/test_a.py": TEST, "tests/test_new.py": TEST})
    assert [list(part.command) for part in separate(command, ["tests/test_new.py"], tmp_path)] == (
        runs
    )


def test_a_change_without_test_files_is_one_run(tmp_path: Path) -> None:
    write(tmp_path, {"tests/test_a.py": TEST})
    (part,) = separate(["pytest"], [], tmp_path)
    assert part == PytestPart(("pytest",))

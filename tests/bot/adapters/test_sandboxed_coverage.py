"""Coverage is measured with the project's own tests, whatever names these use."""

from collections.abc import Mapping

import pytest
from theseus_rehearsal.sandbox import PlainSandbox

from bot.adapters.sandboxed_verifier import SandboxedCoverage
from bot.domain.errors import VerifierError
from tests.fakes.fake_commit_trees import FakeCommitTrees

COMMIT = "c" * 40
CONFIG = """\
checks:
  quick: [{name: q, command: ['true']}]
  full: [{name: all tests, command: [pytest, -q], seconds: 60}]
"""
COG = '''\
import functools
import threading
from typing import Protocol


class Shape(Protocol):
    def area(self) -> int:
        """Return the area."""
        ...


def used():
    def inner():
        return 1
    return 2


@functools.cache
def decorated():
    return 3


class Dice:
    async def roll(self):
        return 4

    def named_only(self):
        value = 5
        return value


def in_a_thread():
    return 6
'''
TEST = """\
import asyncio
import os
import threading
from cogs.dice import Dice, decorated, in_a_thread, used

NAMES = ("named_only", "inner")

def test_it():
    os.environ.clear()  # as a conftest of the project may
    assert used() == 2
    assert decorated() == 3
    assert asyncio.run(Dice().roll()) == 4
    thread = threading.Thread(target=in_a_thread)
    thread.start()
    thread.join()
"""


def meter(**changes: str) -> SandboxedCoverage:
    texts: Mapping[str, str] = {
        "data/config.yaml": changes.get("config", CONFIG),
        "cogs/__init__.py": "",
        "cogs/dice.py": COG,
        "tests/test_it.py": changes.get("test", TEST),
    }
    files = {name: text.encode() for name, text in texts.items()}
    return SandboxedCoverage(PlainSandbox(), FakeCommitTrees({COMMIT: files}))


async def test_functions_count_as_run_when_a_test_entered_them_and_not_when_it_names_them() -> None:
    found = await meter().measure(COMMIT)
    assert found.problem == ""
    assert found.tests_passed
    assert found.functions == 6
    unrun = [(each.file, each.name, each.lines) for each in found.unrun]
    assert unrun == [("cogs/dice.py", "used.inner", 2), ("cogs/dice.py", "Dice.named_only", 3)]


@pytest.mark.slow
async def test_a_run_that_does_not_finish_gives_a_problem_and_a_failing_test_is_noted() -> None:
    broken = await meter(test="import nothing_like_this\n").measure(COMMIT)
    assert "all tests ended with status 2" in broken.problem
    assert (broken.functions, broken.unrun) == (0, ())
    # Python ends with the status of failing tests here, and nothing was noted.
    dead = await meter(test="import os\nos._exit(1)\n").measure(COMMIT)
    assert "ended with status 1" in dead.problem
    red = await meter(test=TEST + "    assert False\n").measure(COMMIT)
    assert not red.tests_passed
    assert [each.name for each in red.unrun] == ["used.inner", "Dice.named_only"]


@pytest.mark.slow
async def test_every_process_of_the_workers_is_counted() -> None:
    config = CONFIG.replace("-q]", "-q, -n, '2']")
    found = await meter(config=config).measure(COMMIT)
    assert [each.name for each in found.unrun] == ["used.inner", "Dice.named_only"]


@pytest.mark.parametrize("config", ["checks: 7\n", CONFIG.replace("pytest, -q", "'true'")])
async def test_a_commit_that_configures_no_tests_is_an_error_that_names_the_file(
    config: str,
) -> None:
    with pytest.raises(VerifierError, match=r"data/config\.yaml at c+ "):
        await meter(config=config).measure(COMMIT)


async def test_farther_tests_run_only_for_statements_that_the_nearest_leave_out() -> None:
    function = "def {0}():\n    return 1\n\n\n"
    test = "from cogs.dice import {0}\n\n\ndef test_it():\n    assert {0}()\n"
    tree = {
        "data/config.yaml": CONFIG.replace("'true'", "pytest, -q, '{affected_tests}'"),
        "cogs/__init__.py": "",
        "cogs/dice.py": "".join(map(function.format, ("one", "two", "three"))),
        **{f"tests/test_{name}.py": test.format(name) for name in ("one", "three", "two")},
    }
    trees = FakeCommitTrees({COMMIT: {name: text.encode() for name, text in tree.items()}})
    measured = SandboxedCoverage(PlainSandbox(), trees)
    files = ["cogs/dice.py"]
    near = await measured.measure_lines(
        COMMIT, COMMIT, files, lambda ran: {2, 10} <= set(ran.get(files[0], ()))
    )
    assert near == {"cogs/dice.py": {1, 2, 5, 9, 10}}
    all_run = await measured.measure_lines(
        COMMIT, COMMIT, files, lambda ran: {2, 6} <= set(ran.get(files[0], ()))
    )
    assert all_run == {"cogs/dice.py": {1, 2, 5, 6, 9, 10}}

"""What every verifier promises, on a small repository with a real fault."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from theseus_rehearsal.sandbox import BubblewrapSandbox, PlainSandbox, probe

from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.sandboxed_verifier import SandboxedVerifier
from bot.domain.change import CheckResult
from bot.ports.verifier import Verifier
from bot.ports.workspace import Workspace
from tests.fakes.fake_verifier import FakeVerifier
from tests.fakes.faulty_project import FIXED, is_broken, make_faulty_project, make_reproduction


@dataclass
class VerifierCase:
    """A verifier and a worktree of the faulty project to use it on."""

    verifier: Verifier
    workspace: Workspace

    def write(self, text: str) -> None:
        (self.workspace.path / "dice.py").write_text(text, encoding="utf-8")


async def _verifier(kind: str, cache: Path) -> Verifier:
    if kind == "fake":
        lint = {"lint": lambda root: "import os" not in (root / "dice.py").read_text()}
        fake = FakeVerifier(broken=is_broken, checks=lint)
        fake.answers = {"dice.face(6)": "'f'"}
        return fake
    works = await probe() is None
    return SandboxedVerifier(BubblewrapSandbox() if works else PlainSandbox(), cache)


@pytest.fixture(params=["fake", "real"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[VerifierCase]:
    verifier = await _verifier(request.param, tmp_path / "cache")
    base = make_faulty_project(tmp_path / "checkout")
    workspaces = GitWorkspaces(tmp_path / "checkout", tmp_path / "worktrees")
    async with workspaces.open("k7m2xq", base=base) as workspace:
        yield VerifierCase(verifier, workspace)


@pytest.mark.slow
async def test_the_answer_of_a_call_is_given_where_it_has_one(bench: VerifierCase) -> None:
    tests = [make_reproduction(), make_reproduction("dice.face"), make_reproduction()]
    assert await bench.verifier.evaluate_calls(tests[:1], bench.workspace) == (None,)
    bench.write(FIXED)
    values = await bench.verifier.evaluate_calls(tests, bench.workspace)
    assert values == ("'f'", None, "'f'")


async def ignore(result: CheckResult) -> None:
    """Take a check's result and do nothing with it."""


@pytest.mark.slow
async def test_the_candidates_that_fail_as_they_say_are_returned(bench: VerifierCase) -> None:
    wrong, right = make_reproduction(expects="KeyError"), make_reproduction()
    (found,) = await bench.verifier.find_failing([wrong, right], bench.workspace)
    assert found.reproduction == right
    assert found.result.status == "failed"
    assert "IndexError" in found.result.summary


@pytest.mark.slow
async def test_no_candidate_fails_on_sources_without_the_fault(bench: VerifierCase) -> None:
    bench.write(FIXED)
    assert await bench.verifier.find_failing([make_reproduction()], bench.workspace) == ()


@pytest.mark.slow
async def test_looking_for_a_red_one_leaves_the_worktree_as_it_was(bench: VerifierCase) -> None:
    await bench.verifier.find_failing([make_reproduction()], bench.workspace)
    assert await bench.workspace.list_changes() == ()
    assert not (bench.workspace.path / "tests" / "regressions").exists()


async def test_a_fixed_worktree_is_green_while_base_stays_red(bench: VerifierCase) -> None:
    bench.write(FIXED)
    red = await bench.verifier.run_at_base(make_reproduction(), bench.workspace)
    (green,) = await bench.verifier.run_reproductions([make_reproduction()], bench.workspace)
    assert (red.status, green.status) == ("failed", "passed")
    assert [change.path for change in await bench.workspace.list_changes()] == ["dice.py"]


@pytest.mark.slow
async def test_an_unfixed_worktree_stays_red(bench: VerifierCase) -> None:
    (head,) = await bench.verifier.run_reproductions([make_reproduction()], bench.workspace)
    assert head.status == "failed"


async def test_a_fixed_worktree_passes_its_checks_and_each_is_told(bench: VerifierCase) -> None:
    bench.write(FIXED)
    told: list[CheckResult] = []

    async def listen(result: CheckResult) -> None:
        told.append(result)

    results = await bench.verifier.run_checks("quick", bench.workspace, ["dice.py"], listen)
    assert {result.name: result.status for result in results} == {
        "lint": "passed",
        "affected tests": "passed",
    }
    assert sorted(told, key=str) == sorted(results, key=str)
    assert all(result.seconds >= 0 and result.summary for result in results)


async def test_after_a_cheap_check_that_fails_the_expensive_ones_do_not_run(
    bench: VerifierCase,
) -> None:
    bench.write("import os\n" + FIXED)
    results = await bench.verifier.run_checks("quick", bench.workspace, ["dice.py"], ignore)
    assert {result.name: result.status for result in results} == {
        "lint": "failed",
        "affected tests": "skipped",
    }
    assert "lint failed" in results[1].summary


async def test_a_failing_check_is_a_result_with_its_output(bench: VerifierCase) -> None:
    results = await bench.verifier.run_checks("quick", bench.workspace, ["dice.py"], ignore)
    tests = next(result for result in results if result.name == "affected tests")
    assert tests.status == "failed"
    assert "1 failed" in tests.summary
    assert tests.output


async def test_one_check_runs_again_by_its_name_and_does_not_replace_the_first_result(
    bench: VerifierCase,
) -> None:
    bench.write("import os\n" + FIXED)
    first = await bench.verifier.run_checks("quick", bench.workspace, ["dice.py"], ignore)
    again = await bench.verifier.run_check_again("lint", bench.workspace, ["dice.py"])
    assert again is not None
    assert (again.name, again.status) == ("lint", "failed")
    assert await bench.verifier.run_check_again("rm -rf", bench.workspace, ["dice.py"]) is None
    assert await bench.verifier.run_checks("quick", bench.workspace, ["dice.py"], ignore) == first


async def test_with_nothing_changed_checks_are_skipped(bench: VerifierCase) -> None:
    results = await bench.verifier.run_checks("quick", bench.workspace, [], ignore)
    assert {result.status for result in results} == {"skipped"}


async def test_the_tests_that_reach_a_file_come_with_bases_options(bench: VerifierCase) -> None:
    found = await bench.verifier.find_affected_tests(bench.workspace, ["dice.py"], limit=5)
    assert found.files == ("tests/test_dice.py",)
    assert found.options == ("-q",)
    none = await bench.verifier.find_affected_tests(bench.workspace, ["dice.py"], limit=0)
    assert none.files == ()


async def test_it_says_how_commands_are_confined(bench: VerifierCase) -> None:
    assert bench.verifier.sandbox


async def test_a_check_that_was_red_before_the_change_is_told_apart(bench: VerifierCase) -> None:
    bench.write("import os\n" + FIXED)
    names = ["lint", "affected tests"]
    results = await bench.verifier.run_checks_at_base(names, bench.workspace, ["dice.py"])
    assert {result.name: result.status for result in results} == {
        "lint": "passed",
        "affected tests": "failed",
    }


async def test_only_the_named_checks_run_at_base(bench: VerifierCase) -> None:
    results = await bench.verifier.run_checks_at_base(["lint"], bench.workspace, ["dice.py"])
    assert [result.name for result in results] == ["lint"]


async def test_tests_or_the_type_check_run_alone(bench: VerifierCase) -> None:
    bench.write("import os\n" + FIXED)
    run, changed = bench.verifier.run_checks, ["dice.py"]
    tests = await run("quick", bench.workspace, changed, ignore, only="tests")
    assert {result.name: result.status for result in tests} == {"affected tests": "passed"}
    assert await run("quick", bench.workspace, changed, ignore, only="types") == ()

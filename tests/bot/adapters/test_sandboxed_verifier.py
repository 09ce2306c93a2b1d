"""Verifying a change: what counts as failing and passing, and the origin of the checks."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from theseus_rehearsal.ports.sandbox import Completed
from theseus_rehearsal.sandbox import PlainSandbox

from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.sandbox import UnavailableSandbox
from bot.adapters.sandboxed_verifier import ChecksAtBase, SandboxedVerifier
from bot.adapters.sandboxed_verifier._commands import find_kind
from bot.adapters.sandboxed_verifier._results import FAKED
from bot.adapters.sandboxed_verifier._scratch import Scratch
from bot.domain.change import CheckResult
from bot.domain.checks import Check
from bot.domain.errors import SandboxUnavailable, VerifierError
from bot.domain.plan import Reproduction
from bot.ports.workspace import Workspace
from tests.fakes.faulty_project import BROKEN, CONFIG, FIXED, make_faulty_project, make_reproduction
from tests.fakes.repositories import write


class CountingSandbox(PlainSandbox):
    """Counts the commands it runs."""

    count = 0

    async def run(self, *given: Any, **named: Any) -> Completed:
        """Run the command."""
        self.count += 1
        return await super().run(*given, **named)


async def ignore(result: CheckResult) -> None:
    """Take a check's result and do nothing with it."""


@pytest.fixture
def verifier(tmp_path: Path) -> SandboxedVerifier:
    return SandboxedVerifier(PlainSandbox(), tmp_path / "cache")


@pytest.fixture
async def workspace(tmp_path: Path) -> AsyncIterator[Workspace]:
    base = make_faulty_project(tmp_path / "checkout")
    async with GitWorkspaces(tmp_path / "checkout", tmp_path / "trees").open("r1", base=base) as it:
        yield it


async def test_checks_beside_each_other_lend_and_remove_their_folders(
    tmp_path: Path, workspace: Workspace
) -> None:
    scratch = Scratch(tmp_path / "cache")

    async def lend_again() -> None:
        for _ in range(30):
            async with scratch.open_copy(workspace, at_base=False) as place:
                assert (place / "tree" / "dice.py").is_file()

    await asyncio.gather(*(lend_again() for _ in range(8)))
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.slow
async def test_a_branch_cannot_choose_its_own_checks(
    verifier: SandboxedVerifier, workspace: Workspace
) -> None:
    easy = "checks:\n  quick:\n    - {name: easy, command: ['true']}\n"
    write(workspace.path, {"data/config.yaml": easy})
    results = await verifier.run_checks("quick", workspace, ["dice.py"], ignore)
    assert [result.name for result in results] == ["lint", "affected tests"]
    assert results[1].status == "failed"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (None, "does not exist"),
        ("checks: {quick: []}\n", "quick"),
        ("checks:\n  quick:\n    - {name: x}\n", "quick.0.command"),
        ("checks: [", "not valid YAML"),
    ],
)
async def test_a_base_that_does_not_say_how_to_prove_a_change_is_an_error(
    verifier: SandboxedVerifier, tmp_path: Path, config: str | None, words: str
) -> None:
    base = make_faulty_project(
        tmp_path / "other", **({} if config is None else {"data__config.yaml": config})
    )
    verifier = SandboxedVerifier(
        PlainSandbox(), tmp_path / "c", checks=ChecksAtBase("no.yaml") if config is None else None
    )
    async with GitWorkspaces(tmp_path / "other", tmp_path / "w").open("r2", base=base) as workspace:
        with pytest.raises(VerifierError, match=words) as caught:
            await verifier.run_checks("quick", workspace, ["dice.py"], ignore)
    assert base[:10] in str(caught.value)


async def test_without_a_sandbox_nothing_is_run(tmp_path: Path, workspace: Workspace) -> None:
    verifier = SandboxedVerifier(UnavailableSandbox("no bubblewrap"), tmp_path / "cache")
    assert "no bubblewrap" in verifier.sandbox
    with pytest.raises(SandboxUnavailable, match=r"sandbox.required: false"):
        await verifier.run_checks("quick", workspace, ["dice.py"], ignore)
    with pytest.raises(SandboxUnavailable):
        await verifier.find_failing([make_reproduction()], workspace)
    assert list((tmp_path / "cache" / "scratch").iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("call", "expects", "why"),
    [
        ("import no_such_module", "ModuleNotFoundError", "raised by the test itself"),
        ("dice.face()", "TypeError", "raised by the test itself"),
        ("dice.face(6)", "KeyError", "not with KeyError"),
        ("dice.face(2)", "IndexError", "1 passed"),
        ("raise IndexError('made up')", "IndexError", "raised by the test itself"),
    ],
)
async def test_red_in_another_way_than_said_shows_nothing(
    verifier: SandboxedVerifier, workspace: Workspace, call: str, expects: str, why: str
) -> None:
    result = await verifier.run_at_base(make_reproduction(call, expects), workspace)
    assert result.status != "failed"
    assert why in result.summary


@pytest.mark.slow
async def test_a_test_that_is_held_to_an_answer_may_fail_by_its_own_assertion(
    verifier: SandboxedVerifier, workspace: Workspace
) -> None:
    held = make_reproduction("assert dice.face(2) == 'z'", "AssertionError")
    assert (await verifier.run_at_base(held, workspace)).status != "failed"
    assert (await verifier.run_at_base(held.replace(answered=True), workspace)).status == "failed"


class Counting(PlainSandbox):
    """Counts the commands it runs."""

    def __init__(self) -> None:
        self.commands = 0

    async def run(self, argv, **rest):  # type: ignore[no-untyped-def]
        self.commands += 1
        return await super().run(argv, **rest)


async def test_a_red_seen_on_base_is_not_run_again(tmp_path: Path, workspace: Workspace) -> None:
    sandbox = Counting()
    verifier = SandboxedVerifier(sandbox, tmp_path / "cache")
    (found,) = await verifier.find_failing([make_reproduction()], workspace)
    write(workspace.path, {"dice.py": FIXED})
    red = await verifier.run_at_base(make_reproduction(), workspace)
    assert (red, sandbox.commands) == (found.result, 1)
    other = make_reproduction("dice.face(7)")
    assert (await verifier.run_at_base(other, workspace)).status == "failed"
    assert sandbox.commands == 2


def _named(name: str, call: str) -> Reproduction:
    """Return a reproduction in a separate file."""
    path, test = f"tests/regressions/test_{name}.py", make_reproduction(call)
    return test.replace(path=path, node_id=f"{path}::test_face")


@pytest.mark.slow
async def test_reproductions_run_together_and_each_is_told_apart(
    tmp_path: Path, workspace: Workspace
) -> None:
    sandbox = Counting()
    verifier = SandboxedVerifier(sandbox, tmp_path / "cache")
    tests = [_named("six", "dice.face(6)"), _named("one", "dice.face(1)")]
    results = await verifier.run_reproductions(tests, workspace)
    assert [result.status for result in results] == ["failed", "passed"]
    assert sandbox.commands == 2  # both, then a witness of the one that passed


ALONE = {
    "one that ends everything": "__import__('os')._exit(0)",
    "one that is not collected": "[]\n\n\nraise KeyError",
    "one that passes for another": "[]\n\n\ntest_face.__module__ = 'tests.regressions.test_six'",
}


@pytest.mark.slow
@pytest.mark.parametrize("call", ALONE.values(), ids=ALONE)
async def test_one_that_says_nothing_does_not_silence_those_beside_it(
    verifier: SandboxedVerifier, workspace: Workspace, call: str
) -> None:
    tests = [_named("odd", call), _named("six", "dice.face(6)")]
    found = await verifier.find_failing(tests, workspace)
    assert [each.reproduction for each in found] == tests[1:]


@pytest.mark.slow
async def test_each_that_is_faked_beside_others_is_found_out(
    verifier: SandboxedVerifier, workspace: Workspace
) -> None:
    """The sources drop every failure there is, so that whatever is run passes."""
    faking = (
        "import sys\nfrom _pytest import runner\n\n"
        "plain = runner.CallInfo.from_call.__func__\n\n\n"
        "def faked(cls, func, when, reraise=None):\n"
        "    found = plain(cls, func, when, reraise)\n"
        "    found.excinfo = None\n"
        "    return found\n\n\n"
        "runner.CallInfo.from_call = classmethod(faked)\n"
    )
    write(workspace.path, {"dice.py": BROKEN + faking})
    tests = [_named("six", "dice.face(6)"), _named("one", "dice.face(1)")]
    results = await verifier.run_reproductions(tests, workspace)
    assert [(result.status, result.summary) for result in results] == [("failed", FAKED)] * 2


@pytest.mark.slow
async def test_a_red_seen_in_a_changed_worktree_says_nothing_about_base(
    tmp_path: Path, verifier: SandboxedVerifier
) -> None:
    base = make_faulty_project(tmp_path / "mended", **{"dice.py": FIXED})
    async with GitWorkspaces(tmp_path / "mended", tmp_path / "more").open("r2", base=base) as tree:
        for commit in (False, True):
            write(tree.path, {"dice.py": BROKEN})
            if commit:
                await tree.commit("Break it")
            assert await verifier.find_failing([make_reproduction()], tree)
            red = await verifier.run_at_base(make_reproduction(), tree)
            assert red.status != "failed"


@pytest.mark.slow
async def test_a_module_that_does_not_import_is_not_red(
    verifier: SandboxedVerifier, workspace: Workspace
) -> None:
    write(workspace.path, {"dice.py": "raise IndexError\n"})
    assert not await verifier.find_failing([make_reproduction()], workspace)


@pytest.mark.slow
async def test_a_broken_fixture_is_not_red(verifier: SandboxedVerifier, tmp_path: Path) -> None:
    conftest = "import pytest\n\n@pytest.fixture(autouse=True)\ndef broken():\n    return [][0]\n"
    base = make_faulty_project(tmp_path / "odd", **{"tests__conftest.py": conftest})
    async with GitWorkspaces(tmp_path / "odd", tmp_path / "more").open("r2", base=base) as tree:
        assert not await verifier.find_failing([make_reproduction()], tree)


@pytest.mark.slow
async def test_a_module_of_an_exception_may_be_named(
    verifier: SandboxedVerifier, workspace: Workspace
) -> None:
    text = BROKEN.replace("FACES[value]", "_no()") + (
        "\n\nclass NotADie(Exception):\n    pass\n\n\ndef _no() -> str:\n    raise NotADie(6)\n"
    )
    write(workspace.path, {"dice.py": text})
    (found,) = await verifier.find_failing([make_reproduction(expects="dice.NotADie")], workspace)
    assert "NotADie" in found.result.summary


@pytest.mark.slow
async def test_a_branch_that_weakens_the_reproduction_file_changes_nothing(
    verifier: SandboxedVerifier, workspace: Workspace
) -> None:
    ours = make_reproduction()
    write(workspace.path, {ours.path: "def test_face() -> None:\n    pass\n"})
    (head,) = await verifier.run_reproductions([ours], workspace)
    assert head.status == "failed"
    assert "pass" in (workspace.path / ours.path).read_text()


@pytest.mark.slow
@pytest.mark.parametrize("part", ["tests", "tests/regressions", "tests/regressions/test_face.py"])
async def test_nothing_is_written_through_a_link_in_the_branch(
    verifier: SandboxedVerifier, workspace: Workspace, tmp_path: Path, part: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "test_face.py").write_text("mine")
    link = workspace.path / part
    if part == "tests":
        (link / "test_dice.py").unlink()
        link.rmdir()
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside / "test_face.py" if part.endswith(".py") else outside)
    (head,) = await verifier.run_reproductions([make_reproduction()], workspace)
    assert head.status == "failed"
    assert [path.name for path in outside.rglob("*")] == ["test_face.py"]
    assert (outside / "test_face.py").read_text() == "mine"


@pytest.mark.parametrize("path", ["/etc/passwd", "../out.py", "tests/../../out.py"])
async def test_a_reproduction_outside_the_repository_is_not_written(
    verifier: SandboxedVerifier, workspace: Workspace, path: str
) -> None:
    odd = make_reproduction().replace(path=path)
    (head,) = await verifier.run_reproductions([odd], workspace)
    assert (head.status, "not a path inside" in head.summary) == ("failed", True)


@pytest.mark.slow
async def test_what_a_check_writes_does_not_reach_the_worktree(
    verifier: SandboxedVerifier, workspace: Workspace
) -> None:
    littering = "from pathlib import Path\nPath('litter').touch()\nPath('dice.py').write_text('')\n"
    write(workspace.path, {"dice.py": FIXED, "tests/conftest.py": littering})
    await verifier.run_checks("quick", workspace, ["dice.py"], ignore)
    assert (workspace.path / "dice.py").read_text() == FIXED
    assert not (workspace.path / "litter").exists()


async def test_a_check_that_takes_too_long_is_a_timeout(
    tmp_path: Path, verifier: SandboxedVerifier
) -> None:
    base = make_faulty_project(
        tmp_path / "slow",
        **{"data__config.yaml": CONFIG.replace("seconds: 60", "seconds: 0.5")},
    )
    async with GitWorkspaces(tmp_path / "slow", tmp_path / "w").open("r3", base=base) as workspace:
        write(workspace.path, {"tests/conftest.py": "import time\ntime.sleep(60)\n"})
        results = await verifier.run_checks("quick", workspace, ["dice.py"], ignore)
    assert results[1].status == "timeout"
    assert results[1].summary == "not done after 0.5 s, tried twice, the second time alone"


async def test_a_check_that_hangs_the_first_time_only_is_believed_when_it_is_alone(
    tmp_path: Path, verifier: SandboxedVerifier
) -> None:
    marker = tmp_path / "first"
    probe = f"test -e {marker} || {{ touch {marker}; sleep 60; }}\n"
    config = "checks:\n  quick:\n    - {name: probe, command: [sh, probe.sh], seconds: 2}\n"
    base = make_faulty_project(
        tmp_path / "slow", **{"data__config.yaml": config, "probe.sh": probe}
    )
    async with GitWorkspaces(tmp_path / "slow", tmp_path / "w").open("r3", base=base) as workspace:
        (result,) = await verifier.run_checks("quick", workspace, ["dice.py"], ignore)
    assert (result.status, marker.exists()) == ("passed", True)


@pytest.mark.slow
async def test_cancelling_ends_what_runs_and_removes_the_copies(
    verifier: SandboxedVerifier, workspace: Workspace, tmp_path: Path
) -> None:
    started = tmp_path / "started"
    waiting = f"import pathlib, time\npathlib.Path({str(started)!r}).touch()\ntime.sleep(600)\n"
    write(workspace.path, {"tests/conftest.py": waiting})
    async with asyncio.TaskGroup() as group:
        running = group.create_task(verifier.run_checks("quick", workspace, ["dice.py"], ignore))
        async with asyncio.timeout(20):
            while not started.exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.02)
        before = asyncio.get_running_loop().time()
        running.cancel()
    assert asyncio.get_running_loop().time() - before < 20
    assert list((tmp_path / "cache" / "scratch").iterdir()) == []


@pytest.mark.slow
async def test_a_file_named_like_an_option_does_not_become_one(
    verifier: SandboxedVerifier, workspace: Workspace
) -> None:
    write(workspace.path, {"dice.py": FIXED, "--config=evil.py": "import os\n"})
    results = await verifier.run_checks("quick", workspace, ["--config=evil.py"], ignore)
    assert results[0].status == "failed"
    assert "F401" in results[0].output


async def test_caches_are_filled_ahead_for_the_tools_that_keep_one(
    verifier: SandboxedVerifier, workspace: Workspace, tmp_path: Path
) -> None:
    await verifier.warm_caches(workspace)
    assert any((tmp_path / "cache" / "ruff").iterdir())


async def test_a_tier_that_is_not_configured_is_no_checks(
    verifier: SandboxedVerifier, workspace: Workspace
) -> None:
    write(workspace.path, {"dice.py": FIXED})
    results = await verifier.run_checks("full", workspace, ["dice.py"], ignore)
    assert results == ()


@pytest.mark.slow
async def test_nothing_runs_again_on_the_same_files(tmp_path: Path, workspace: Workspace) -> None:
    counting = CountingSandbox()
    verifier = SandboxedVerifier(counting, tmp_path / "cache")
    write(workspace.path, {"dice.py": FIXED})
    first = await verifier.run_checks("quick", workspace, ["dice.py"], ignore)
    proof = await verifier.run_reproductions([make_reproduction()], workspace)
    before = counting.count
    await workspace.commit("The change")
    assert await verifier.run_checks("quick", workspace, ["dice.py"], ignore) == first
    assert await verifier.run_reproductions([make_reproduction()], workspace) == proof
    assert counting.count == before
    write(workspace.path, {"dice.py": BROKEN})
    changed = await verifier.run_checks("quick", workspace, ["dice.py"], ignore)
    assert [result.status for result in changed] == ["passed", "failed"]


@pytest.mark.slow
async def test_the_formatter_writes_only_what_was_formatted_before(tmp_path: Path) -> None:
    config = CONFIG.replace(
        "  quick:\n",
        '  quick:\n    - {name: format, command: [ruff, format, --check, "{changed}"]}\n',
    )
    untidy = "x  =  1\n"
    base = make_faulty_project(
        tmp_path / "checkout", **{"data/config.yaml": config, "old.py": untidy}
    )
    folder = tmp_path / "checkout"
    async with GitWorkspaces(folder, tmp_path / "trees").open("r1", base=base) as workspace:
        verifier = SandboxedVerifier(PlainSandbox(), tmp_path / "cache")
        write(workspace.path, {"dice.py": FIXED + "x  =  2\n", "old.py": untidy + "y  =  2\n"})
        files = ["dice.py", "old.py", "gone.py"]
        assert await verifier.format_files(workspace, files) == ("dice.py",)
        assert "x = 2\n" in (workspace.path / "dice.py").read_text()
        assert (workspace.path / "old.py").read_text() == untidy + "y  =  2\n"
        assert await verifier.format_files(workspace, files) == ()


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (["mypy", "{changed}"], "types"),
        (["{python}", "-m", "mypy"], "types"),
        (["/opt/bin/pyright"], "types"),
        (["pytest", "-q"], "tests"),
        (["python3", "-m", "pytest"], "tests"),
        (["./run-tests", "{affected_tests}"], "tests"),
        (["ruff", "check", "mypy"], "lint"),
        (["python", "mypy"], "lint"),
        (["ruff", "format", "--check"], "format"),
        (["{python}", "-m", "black", "--check"], "format"),
    ],
)
def test_a_checks_command_says_what_it_is_about(command: list[str], kind: str) -> None:
    assert find_kind(Check(name="a check", command=tuple(command))) == kind

"""Checks of a change that workers do: same results, and no say for a single group."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal
from theseus_rehearsal.records import Script, Transcript
from theseus_rehearsal.sandbox import PlainSandbox
from theseus_repair.model import Judgement
from theseus_repair.search_slices import SearchSlice

from bot.adapters.agreed_queue import AgreedQueue
from bot.adapters.git_trees import GitTrees
from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.local_pool import LocalPool
from bot.adapters.sandboxed_verifier import QueuedChecks, SandboxedVerifier
from bot.domain.change import CheckResult
from bot.domain.queued_work import CheckCommand, CommandOutcome, Verdict, find_end
from bot.infra.git import Git
from bot.ports.workspace import Workspace
from tests.fakes.fake_clock import FakeClock
from tests.fakes.faulty_project import FIXED, make_faulty_project, make_reproduction
from tests.fakes.repositories import write

PASSED = "<testcase classname='test_dice' name='test_roll'/>"
MARK = "<properties><property name='theseus-witness' value='{0}'/></properties>"
WITNESS = f"<testcase>{MARK}<failure message='{{0}}'/></testcase>"


class HostileWork:
    """Says that every test has passed. It knows the secret of the witnesses, as every worker."""

    def __init__(self) -> None:
        self.lies = 0

    async def replay(self, script: Script) -> Transcript:
        raise AssertionError("no replay is asked for")

    async def search(self, part: SearchSlice) -> Sequence[Judgement]:
        raise AssertionError("no search is asked for")

    async def check(self, command: CheckCommand, verdict: Verdict = find_end) -> CommandOutcome:
        self.lies += 1
        data = [text for name, text in command.inputs.items() if name.endswith(".json")]
        cases = PASSED + "".join(WITNESS.format(json.loads(text)["secret"]) for text in data)
        report = f"<testsuites><testsuite>{cases}</testsuite></testsuites>"
        files = dict.fromkeys(command.outputs, report)
        return CommandOutcome(returncode=0, output="1 passed", seconds=0.1, files=files)


class HostileQueue:
    def __init__(self) -> None:
        self.work = HostileWork()

    @asynccontextmanager
    async def open(self, commit: str) -> AsyncIterator[HostileWork]:
        yield self.work

    @asynccontextmanager
    async def open_files(self, tree: Path) -> AsyncIterator[HostileWork]:
        yield self.work


class CheckRoom:
    """A verifier whose commands go to one honest and one hostile group."""

    def __init__(self, folder: Path, *, is_attacked: bool) -> None:
        trees, sandbox = GitTrees(Git(folder / "checkout")), PlainSandbox()
        self.hostile = HostileQueue()
        self.leader, honest, second = (LocalPool(trees, FakeRehearsal(), sandbox) for _ in range(3))
        groups = [("honest", honest), ("other", self.hostile if is_attacked else second)]
        queue = AgreedQueue(self.leader, groups, FakeClock())
        self.verifier = SandboxedVerifier(sandbox, folder / "cache", runner=QueuedChecks(queue))


@pytest.fixture
async def workspace(tmp_path: Path) -> AsyncIterator[Workspace]:
    base = make_faulty_project(tmp_path / "checkout")
    async with GitWorkspaces(tmp_path / "checkout", tmp_path / "trees").open("r1", base=base) as it:
        yield it


async def run_tests(verifier: SandboxedVerifier, workspace: Workspace) -> CheckResult:
    async def ignore(_: CheckResult) -> None:
        """Wait for the result."""

    found = await verifier.run_checks("quick", workspace, ["dice.py"], ignore, only="tests")
    return found[0]


async def test_a_hostile_group_can_pass_nothing_off_as_fixed(
    tmp_path: Path, workspace: Workspace
) -> None:
    room = CheckRoom(tmp_path, is_attacked=True)
    alone = SandboxedVerifier(PlainSandbox(), tmp_path / "c", runner=QueuedChecks(room.hostile))
    assert (await run_tests(alone, workspace)).status == "passed"
    lies = room.hostile.work.lies
    assert (await run_tests(room.verifier, workspace)).status == "failed"
    assert room.hostile.work.lies > lies


@pytest.mark.slow
async def test_groups_that_agree_prove_uncommitted_files(
    tmp_path: Path, workspace: Workspace
) -> None:
    room = CheckRoom(tmp_path, is_attacked=False)
    write(workspace.path, {"dice.py": FIXED})
    assert (await run_tests(room.verifier, workspace)).status == "passed"
    found = await room.verifier.run_reproductions([make_reproduction()], workspace)
    assert [each.status for each in found] == ["passed"]

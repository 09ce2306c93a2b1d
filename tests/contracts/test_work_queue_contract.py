"""What every work queue promises, with real commands in the sandbox and scripted replays."""

import asyncio
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal, make_transcript
from theseus_rehearsal.records import CommandStep, Script, ScriptWorld, Transcript
from theseus_repair.runner import TimeLimits
from theseus_repair.search_slices import SearchSlice, SlicePlan

from bot.adapters.git_trees import GitTrees
from bot.adapters.local_pool import LocalPool
from bot.domain.errors import RehearsalError, WorkspaceBusy, WorkspaceError
from bot.domain.queued_work import CheckCommand
from bot.infra.git import Git
from bot.ports.work_queue import CommitWork, WorkQueue
from tests.fakes.repositories import commit, make_repository
from tests.support.work_queues import FlakySandbox, find_marked, wait_until

SCRIPT = Script(world=ScriptWorld(cogs=("dice",)), steps=(CommandStep(command="roll"),))
SHOW = ("{python}", "-c", "import cogs.dice; print(cogs.dice.FACES)")


def read_faces(tree: Path, script: Script) -> Transcript:
    """Return what the cog of a tree answers, read from its text."""
    return make_transcript(script, (tree / "cogs/dice.py").read_text(encoding="utf-8"))


class QueueHarness:
    """A queue, a repository with two commits, and what does the work."""

    def __init__(self, folder: Path) -> None:
        make_repository(folder, {"cogs/dice.py": "FACES = 6\n"})
        self.git = Git(folder)
        self.older = commit(folder, {"cogs/dice.py": "FACES = 7\n"})
        self.newer = commit(folder, {"cogs/dice.py": "FACES = 8\n"})
        self.rehearsal = FakeRehearsal(read_faces)
        self.sandbox = FlakySandbox()
        self.queue: WorkQueue = LocalPool(GitTrees(self.git), self.rehearsal, self.sandbox)


@pytest.fixture
def harness(tmp_path: Path) -> QueueHarness:
    return QueueHarness(tmp_path / "repository")


async def show_faces(work: CommitWork) -> str:
    return (await work.check(CheckCommand(words=SHOW))).output.strip()


def list_texts(transcript: Transcript) -> list[str]:
    return [event.text for step in transcript.steps for event in step.seen]


async def test_replays_and_checks_have_the_files_of_their_commit(harness: QueueHarness) -> None:
    async with (
        harness.queue.open(harness.older) as older,
        harness.queue.open(harness.newer) as newer,
    ):
        played = await asyncio.gather(*(work.replay(SCRIPT) for work in (older, newer, older)))
        first, second = await asyncio.gather(
            *(work.check(CheckCommand(words=SHOW)) for work in (older, newer))
        )
    assert [list_texts(each) for each in played] == [
        ["FACES = 7\n"],
        ["FACES = 8\n"],
        ["FACES = 7\n"],
    ]
    assert played[0].steps[0].step == SCRIPT.steps[0]
    assert (first.returncode, first.output.strip()) == (0, "7")
    assert (second.returncode, second.output.strip()) == (0, "8")


async def test_a_failing_command_is_a_result_and_its_files_are_its_own(
    harness: QueueHarness,
) -> None:
    spoil = "open('cogs/dice.py', 'w').write('FACES = 0'); raise SystemExit(3)"
    async with harness.queue.open(harness.older) as work:
        failed = await work.check(CheckCommand(words=("{python}", "-c", spoil)))
        assert (failed.returncode, failed.timed_out) == (3, False)
        assert await show_faces(work) == "7"


async def test_an_unknown_commit_is_an_error(harness: QueueHarness) -> None:
    with pytest.raises(WorkspaceError):
        async with harness.queue.open("0" * 40) as work:
            await work.replay(SCRIPT)


async def test_what_cannot_be_replayed_is_an_error_with_its_reason(harness: QueueHarness) -> None:
    harness.rehearsal.error = RehearsalError("no bubblewrap here")
    async with harness.queue.open(harness.older) as work:
        with pytest.raises(RehearsalError, match="no bubblewrap here"):
            await work.replay(SCRIPT)


async def test_cancelling_kills_the_process_group(harness: QueueHarness) -> None:
    mark = f"theseus-marked-{id(harness)}"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()', '{mark}'])"
    wait = ("{python}", "-c", f"{child[:-1]}, stdin=subprocess.PIPE)", mark)
    async with harness.queue.open(harness.older) as work:
        checking = asyncio.ensure_future(work.check(CheckCommand(words=wait)))
        await wait_until(lambda: len(find_marked(mark)) >= 2)
        checking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await checking
        await wait_until(lambda: not find_marked(mark))
        assert await show_faces(work) == "7"


async def test_temporary_errors_are_repeated_only_where_that_is_safe(
    harness: QueueHarness,
) -> None:
    busy = WorkspaceBusy("the worktree is in use")
    harness.sandbox.errors = [busy, busy]
    async with harness.queue.open(harness.older) as work:
        done = await work.check(CheckCommand(words=SHOW))
        assert (done.output.strip(), harness.sandbox.runs) == ("7", 3)
        harness.sandbox.errors = [busy]
        with pytest.raises(WorkspaceBusy, match="in use"):
            await work.check(CheckCommand(words=SHOW, is_repeatable=False))
        assert harness.sandbox.runs == 4
        harness.sandbox.errors = [WorkspaceError("the disk is broken")]
        with pytest.raises(WorkspaceError, match="broken"):
            await work.check(CheckCommand(words=SHOW))
    assert harness.sandbox.runs == 5


READ = """
import os, pathlib, sys
import dice, side
print(dice.FACES, side.SEEN, os.readlink("link"), os.access("run.sh", os.X_OK))
print(sorted(str(each) for each in pathlib.Path(".").rglob("*.*")))
beside = pathlib.Path(sys.argv[1])
(beside / "answer.txt").write_text("found")
os.symlink("/etc/hostname", beside / "trap.txt")
os.mkfifo(beside / "pipe.txt")
"""


async def test_uncommitted_files_are_checked_as_they_are(harness: QueueHarness) -> None:
    tree = harness.git.folder.with_name("uncommitted")
    tree.mkdir()
    (tree / "dice.py").write_bytes(b"FACES = 9\r\n")
    (tree / ".gitattributes").write_text("*.py text eol=lf export-ignore\n", encoding="utf-8")
    (tree / ".gitignore").write_text("*.py\n", encoding="utf-8")
    (tree / "link").symlink_to("/nowhere")
    (tree / "run.sh").write_text("", encoding="utf-8")
    (tree / "run.sh").chmod(0o755)
    command = CheckCommand(
        words=("{python}", "-c", READ, "{beside}"),
        inputs={"own/side.py": "SEEN = 'side'\n"},
        outputs=("answer.txt", "trap.txt", "pipe.txt", "missing.txt"),
        python_path=("own",),
    )
    async with harness.queue.open_files(tree) as work:
        found = await work.check(command)
        again = await work.check(command.replace(words=("cat", "dice.py")))
    files = ["'.gitattributes'", "'.gitignore'", "'dice.py'", "'run.sh'"]
    assert found.output.splitlines() == ["9 side /nowhere True", f"[{', '.join(files)}]"]
    assert found.files == {"answer.txt": "found"}
    assert again.output == "FACES = 9\r\n"


async def test_candidates_are_judged_over_the_files_of_a_tree(harness: QueueHarness) -> None:
    tree = harness.git.folder.with_name("candidates")
    tree.mkdir()
    (tree / ".git").write_text("gitdir: /nowhere\n", encoding="utf-8")  # a worktree has this file
    (tree / "dice.py").write_text("FACES = 0\n", encoding="utf-8")
    (tree / "pyproject.toml").write_text("[tool.pytest.ini_options]\n", encoding="utf-8")
    (tree / "test_dice.py").write_text(
        "import dice\n\n\ndef test_faces():\n    assert dice.FACES == 6\n", encoding="utf-8"
    )
    limits = TimeLimits(10, 10, 30)
    plan = SlicePlan(("test_dice.py::test_faces",), (), limits, limits, changing=("dice.py",))
    texts = ({"dice.py": "FACES = 6\n"}, {"dice.py": "FACES = 5\n"})
    async with harness.queue.open_files(tree) as work:
        right, wrong = await work.search(SearchSlice(plan, texts))
    assert (right.is_passing, wrong.is_passing) == (True, False)
    assert wrong.failed == plan.reproduction
    assert wrong.crash is not None and wrong.crash.error == "AssertionError"


PROMISES = (
    test_candidates_are_judged_over_the_files_of_a_tree,
    test_uncommitted_files_are_checked_as_they_are,
    test_replays_and_checks_have_the_files_of_their_commit,
    test_a_failing_command_is_a_result_and_its_files_are_its_own,
    test_an_unknown_commit_is_an_error,
    test_what_cannot_be_replayed_is_an_error_with_its_reason,
    test_cancelling_kills_the_process_group,
    test_temporary_errors_are_repeated_only_where_that_is_safe,
)


@pytest.mark.slow
async def test_temporal_keeps_the_promises_and_its_own(tmp_path: Path) -> None:
    """Check everything that needs a server with one server, because each start takes a second."""
    temporal = pytest.importorskip("tests.support.temporal_rooms", reason="needs theseus[temporal]")
    async with temporal.serve_temporal() as (server, client):
        for number, keeps_promise in enumerate(PROMISES):
            harness = QueueHarness(tmp_path / str(number))
            async with temporal.use_workers(client, harness, tmp_path / "artefacts"):
                await keeps_promise(harness)
        await temporal.check_history(client, "FACES")
        async with temporal.use_worker_program(server.address, client, tmp_path) as room:
            await temporal.check_dead_workers(room)
            await temporal.check_other_commit(room)
        harness = QueueHarness(tmp_path / "killed")
        await temporal.check_killed_server(server, client, harness)

"""Attacks by replayed code: on reports, on this machine, and on later replays."""

import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from theseus_rehearsal.ports.rehearsal import ScriptRunner
from theseus_rehearsal.records import CommandStep, Script, ScriptWorld, Transcript
from theseus_rehearsal.sandbox import BubblewrapSandbox, probe
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal

from tests.support.sample_cogs import HOSTILE
from tests.support.sample_tree import make_tree

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]
STEP_SECONDS = 2.0


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tree(tmp_path_factory.mktemp("hostile"), {"hostile": HOSTILE})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def player(tree: Path) -> AsyncIterator[ScriptRunner]:
    if reason := await probe():
        pytest.skip(reason)
    rehearsal = SandboxedRehearsal(BubblewrapSandbox(), step_seconds=STEP_SECONDS)
    async with rehearsal.open(tree) as opened:
        yield opened


async def play(player: ScriptRunner, *steps: CommandStep) -> Transcript:
    return await player.run(Script(world=ScriptWorld(cogs=("hostile",)), steps=steps))


def attempt(what: str, path: Path | str = "") -> CommandStep:
    return CommandStep(command="attempt", options={"what": what, "path": str(path)})


def said(played: Transcript) -> list[str]:
    return [each.text for step in played.steps for each in step.seen]


async def holds(player: ScriptRunner) -> None:
    """Check that the next replay is unaffected by the attack."""
    played = await play(player, CommandStep(command="hello"))
    assert said(played) == ["hello"]
    assert played.trouble == ""


async def test_nothing_outside_is_read_written_or_reached(
    player: ScriptRunner, tree: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("very-secret")
    cog = tree / "cogs" / "hostile.py"
    played = await play(
        player,
        attempt("read", secret),
        attempt("write", tmp_path / "new"),
        attempt("write", cog),
        attempt("remove", cog),
        attempt("network"),
    )
    unseen = ["FileNotFoundError", "FileNotFoundError"]
    assert said(played) == [*unseen, "OSError", "OSError", "OSError"]
    assert cog.read_text().strip() == HOSTILE.strip()


async def test_our_own_parts_in_there_cannot_be_changed(player: ScriptRunner) -> None:
    played = await play(player, attempt("break_sockets"), attempt("runner"), attempt("sockets"))
    assert said(played)[:2] == ["OSError", "OSError"]
    assert "server" in said(played)[2]
    await holds(player)


async def test_an_answer_that_was_never_sent_is_not_seen_whatever_is_claimed(
    player: ScriptRunner,
) -> None:
    played = await play(player, CommandStep(command="lie"), CommandStep(command="hello"))
    assert played.steps[0].unanswered
    assert "hello" not in [each.text for each in played.steps[0].seen]
    assert "a" not in played.files
    await holds(player)


async def test_a_bot_that_ends_its_process_leaves_somebody_without_an_answer(
    player: ScriptRunner,
) -> None:
    played = await play(player, CommandStep(command="leave"), CommandStep(command="hello"))
    assert "ended" in played.trouble
    assert len(played.steps) == 1
    assert played.steps[0].unanswered
    await holds(player)


async def test_a_bot_that_never_comes_to_an_end_is_ended(player: ScriptRunner) -> None:
    played = await play(player, CommandStep(command="spin"))
    assert f"within {STEP_SECONDS:g} s" in played.trouble
    assert played.steps[0].unanswered
    await holds(player)


async def test_memory_is_limited(player: ScriptRunner) -> None:
    played = await play(player, attempt("memory"))
    assert played.has_failed or said(played) == ["MemoryError"]  # by its kernel, or by our count
    await holds(player)


def marked(mark: str) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes()
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if mark.encode() in line and state != "Z" and int(entry.name) != os.getpid():
            found.append(entry.name)
    return found


async def test_what_a_play_leaves_running_ends_with_it(player: ScriptRunner) -> None:
    mark = secrets.token_hex(8)
    played = await play(player, attempt("daemon", mark))
    assert said(played) == ["left behind"]
    assert marked(mark) == []
    await holds(player)


async def test_a_tree_that_cannot_be_imported_or_loaded_is_told_as_trouble(
    tmp_path: Path,
) -> None:
    script = Script(world=ScriptWorld(cogs=("broken",)), steps=())
    rehearsal = SandboxedRehearsal(BubblewrapSandbox())
    tree = make_tree(tmp_path, {"broken": "import nowhere"})
    async with rehearsal.open(tree) as player:
        told = (await player.run(script)).trouble
        assert told.startswith("cogs.broken cannot be loaded: ModuleNotFoundError")
    (tree / "bot" / "client" / "__init__.py").write_text("raise SystemExit('no')")
    async with rehearsal.open(tree) as player:
        assert "SystemExit: no" in (await player.run(script)).trouble
    (tree / "bot" / "client" / "__init__.py").write_text("import os; os._exit(3)")
    async with rehearsal.open(tree) as player:
        assert "cannot be imported" in (await player.run(script)).trouble

"""The cost of the sandbox: the same command, and the same program, with and without it."""

import contextlib
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from theseus_rehearsal.ports.sandbox import Sandbox, SandboxLimits
from theseus_rehearsal.sandbox import PlainSandbox

from bench.rows import Row, Timed, measure_pairs
from bot.adapters.claude_agent import Claude, ClaudeOptions
from bot.adapters.claude_agent.program._program import Talk
from bot.adapters.sandbox import choose_sandbox
from bot.adapters.system_clock import SystemClock
from bot.domain.roles import Role
from tests.fakes.fake_model_gateway import ACCOUNT, FakeModelGateway
from tests.fakes.faulty_project import FIXED, make_faulty_project
from tests.fakes.repositories import write
from tests.support.conversations import collect_reply
from tests.twins.model import ScriptedModel, repeat_turn, say_text

PAIRS = 9
PROGRAMS = 5  # pairs of complete programs
TURNS = 10
PLAIN = "as a plain child"
COMMANDS = {
    "a command: true": ["true"],
    "a check: pytest, 1 test": [sys.executable, "-m", "pytest", "-q", "tests/test_dice.py"],
    "a check: ruff": ["ruff", "check", "--no-cache", "dice.py"],
    "git: log": ["git", "log", "--oneline"],
}


async def measure() -> Sequence[Row]:
    """Return a row a command, then the program's start and its turns."""
    sandbox = await choose_sandbox("auto", required=False)
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as name:
        folder = Path(name)
        make_faulty_project(folder / "tree")
        write(folder / "tree", {"dice.py": FIXED})
        rows = [
            await _measure_row(
                what,
                _time_command(sandbox, argv, folder),
                _time_command(PlainSandbox(), argv, folder),
            )
            for what, argv in COMMANDS.items()
        ]
        for what, timed in (("the program: its start", _time_start), ("a turn of it", _time_turn)):
            ours = _time_program(timed, sandbox, folder / "ours")
            plain = _time_program(timed, PlainSandbox(), folder / "plain")
            rows.append(await _measure_row(what, ours, plain, pairs=PROGRAMS))
        return rows


async def _measure_row(name: str, ours: Timed, plain: Timed, *, pairs: int = PAIRS) -> Row:
    mine, theirs, ratio = await measure_pairs(ours, plain, pairs=pairs)
    return Row(
        bench="sandbox", name=name, ours=mine, baseline=theirs, baseline_name=PLAIN, ratio=ratio,
        pairs=pairs,
    )  # fmt: skip


def _time_command(sandbox: Sandbox, argv: Sequence[str], folder: Path) -> Timed:
    tree = folder / "tree"

    async def measure_once() -> float:
        started = time.perf_counter()
        done = await sandbox.run(argv, cwd=tree, writable=[tree], env={}, limits=SandboxLimits())
        if done.returncode:
            raise RuntimeError(done.output)
        return time.perf_counter() - started

    return measure_once


Program = Callable[[Claude, Talk], Awaitable[float]]


def _time_program(timed: Program, sandbox: Sandbox, home: Path) -> Timed:
    home.mkdir(exist_ok=True)

    async def measure_once() -> float:
        async with ScriptedModel([repeat_turn(say_text("Yes."))]) as model:
            gateway = FakeModelGateway(model.base_url)
            claude = Claude(ClaudeOptions(home, sandbox, retries=0), SystemClock(), gateway)
            talk = Talk("bench:1:executor", Role(model="sonnet"), home, "Be short.", ACCOUNT,
                        tools=("Read", "Edit"), fresh=True, seconds=120)  # fmt: skip
            return await timed(claude, talk)

    return measure_once


async def _time_start(claude: Claude, talk: Talk) -> float:
    """Return how long it takes until the program has answered once."""
    started = time.perf_counter()
    async with contextlib.AsyncExitStack() as stack:
        conversation = await stack.enter_async_context(claude.open_conversation(talk))
        await collect_reply(conversation)
        return time.perf_counter() - started


async def _time_turn(claude: Claude, talk: Talk) -> float:
    """Return how long a turn takes once the program is warm."""
    async with claude.open_conversation(talk) as conversation:
        await collect_reply(conversation)
        started = time.perf_counter()
        for _ in range(TURNS):
            await collect_reply(conversation)
        return (time.perf_counter() - started) / TURNS

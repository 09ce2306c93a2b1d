"""The unit costs of the capacity model, in processor seconds: `python -m bench capacity --measure`.

Message and command are measured on the demo's bot, a process of its own; the run is that bot's fix
of a planted fault with the offline engine, with all its processes. Processor time depends on the
machine's load much less than time by the clock, which is measured for the run too.
"""

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from local_discord.person import Person
from pydantic import Field
from theseus_guard.record import Record
from theseus_observe.redaction import redact

from bench._detection_child import iterate_samples, make_detector
from bench.fix_cost import read_processor_seconds
from bench.proposal import has_proposal
from bench.script_data import extract_tree, iterate_scripts, open_rehearsal
from bench.stage import open_demo, wait_for_run
from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_store import SqliteStore
from bot.adapters.system_clock import SystemClock
from bot.app.demo import find_project_root
from bot.demo.demo import Demo
from bot.demo.faults import choose
from bot.domain.journal import ActionOutcome, Kind
from bot.grammar import COMMAND_LINE
from bot.listener.second_opinion import understand
from bot.telemetry import Recorder

FAULT = choose("dice-top-face", None)
REQUEST = "rolling dice keeps crashing, please look into it"
_MESSAGES, _COMMANDS, _RECORDS, _JUDGEMENTS, _REPLAYS = 200, 60, 20_000, 300, 20
_CHECK = ("ruff check cogs", "ruff format --check cogs", "pytest -q -n0 tests/cogs/test_dice.py")


class UnitCosts(Record):
    """Processor seconds of one unit each; `run_clock` is by the clock, and `load` was meanwhile.

    Attributes:
        message: One in a channel that the bot sees, addressed to nobody.
        command: One slash command with its answer, its record and its traffic.
        record: One record of another bot's journal: written, and judged by the detection.
        judgement: What one message to the bot asks for.
        replay: One script replayed, without the start of the code.
        replay_start: The start of the code for replays.
        check: Formatter, linter and the tests of one cog.
        run: One fix from request to proposal, with all its processes.
        megabytes: What the bot's process holds after the run.
    """

    at: datetime
    load: float = Field(ge=0)
    message: float = Field(gt=0)
    command: float = Field(gt=0)
    record: float = Field(gt=0)
    judgement: float = Field(gt=0)
    replay: float = Field(gt=0)
    replay_start: float = Field(gt=0)
    check: float = Field(gt=0)
    run: float = Field(gt=0)
    run_clock: float = Field(gt=0)
    megabytes: float = Field(gt=0)


async def measure_costs() -> UnitCosts:
    """Measure all of them; it takes a few minutes."""
    start, single = await _measure_replays()
    record, check = await _measure_record(), await asyncio.to_thread(_measure_check)
    async with open_demo(FAULT) as (demo, alice):
        # The run first: the bot warms its caches for some time after its start.
        run, clock = await _measure_run(demo, alice)
        message, command = await _measure_talk(demo, alice)
        megabytes = _read_megabytes(_find_bot(_get_pid(demo)))
    return UnitCosts(
        at=datetime.now(UTC).replace(microsecond=0), load=round(os.getloadavg()[2], 1),
        message=message, command=command, record=record, judgement=_measure_judgement(),
        replay=single, replay_start=start, check=check, run=run, run_clock=clock,
        megabytes=megabytes,
    )  # fmt: skip


def _get_pid(demo: Demo) -> int:
    pid = demo.bot.pid
    if pid is None:
        raise RuntimeError("the demo's bot has ended")
    return pid


async def _measure_talk(demo: Demo, alice: Person) -> tuple[float, float]:
    """Return the cost of a message and of a command.

    The last of each is answered or recorded before the clock is read, because a bot handles them in
    order.
    """
    pid = _find_bot(_get_pid(demo))
    await alice.run("dev", "about")
    before = _read_own_seconds(pid)
    for number in range(_MESSAGES):
        await alice.say("dev", f"lunch number {number} was good, the soup too")
    await alice.run("dev", "about")
    message = (_read_own_seconds(pid) - before) / _MESSAGES
    before = _read_own_seconds(pid)
    for _ in range(_COMMANDS):
        await alice.run("dev", "about")
    return message, (_read_own_seconds(pid) - before) / _COMMANDS


async def _measure_run(demo: Demo, alice: Person) -> tuple[float, float]:
    """Return the processor time of a fix, and its time by the clock."""
    pid, start = _get_pid(demo), time.monotonic()
    for _ in range(40):
        if "Error id" in str(await alice.run("dev", "roll", dice="2d6")):
            break
    before = read_processor_seconds(pid)
    async with SqliteStore(demo.workspace.state / "theseus.sqlite3") as store:
        await alice.say("dev", FAULT.report)
        run = await wait_for_run(store, has_proposal, 900)
    if run.has_ended:
        raise RuntimeError(f"the run ended without a proposal: {run.reason}")
    return read_processor_seconds(pid) - before, time.monotonic() - start


async def _measure_record() -> float:
    """Return the cost of writing a record and of the detection that sees it."""
    samples, see = list(iterate_samples(100, _RECORDS)), make_detector()
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as folder:
        async with NdjsonJournal(Path(folder), redact=redact) as journal:
            recorder = Recorder(
                journal, SystemClock(), find_project_root(), b"x", lambda: "0" * 40, redact=redact
            )
            start = time.process_time()
            for sample in samples:
                recorder.record(
                    Kind.COMMAND, "roll", ActionOutcome.OK, duration_ms=12.5, user_id=1,
                    inputs={"dice": "2d6"},
                )  # fmt: skip
                see(sample)
    return (time.process_time() - start) / _RECORDS


def _measure_judgement() -> float:
    understand(REQUEST, COMMAND_LINE)  # reads the tables
    start = time.process_time()
    for number in range(_JUDGEMENTS):
        understand(f"{REQUEST} ({number})", COMMAND_LINE)
    return (time.process_time() - start) / _JUDGEMENTS


async def _measure_replays() -> tuple[float, float]:
    """Return the cost of a start of the code, and of one replay."""
    scripts = [script for _, script in iterate_scripts("repeated.yaml")][:_REPLAYS]
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as folder:
        tree, rehearsal = await extract_tree(Path(folder) / "tree"), await open_rehearsal()
        scripts = [each for each in scripts if not {"shown", "timed"} & set(each.world.cogs)]
        before = read_processor_seconds(os.getpid())
        async with rehearsal.open(tree) as runner:  # read while it runs: its end is not waited for
            await runner.run(scripts[0])
            started = read_processor_seconds(os.getpid())
            for script in scripts[1:]:
                await runner.run(script)
            ended = read_processor_seconds(os.getpid())
    single = (ended - started) / (len(scripts) - 1)
    return started - before - single, single


def _measure_check() -> float:
    before = _read_children()
    for command in _CHECK:
        program, *rest = command.split()
        where = Path(sys.executable).parent / program
        subprocess.run([where, *rest], cwd=find_project_root(), capture_output=True, check=True)
    return _read_children() - before


def _read_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _find_bot(supervisor: int) -> int:
    """Return the process of the bot, the largest of those that its supervisor has started."""
    children = [
        int(place.name)
        for place in Path("/proc").glob("[0-9]*")
        if _read_status(int(place.name)).get("PPid") == str(supervisor)
    ]
    return max(children, key=_read_megabytes)


def _read_status(pid: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}  # it ended meanwhile
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _read_own_seconds(pid: int) -> float:
    """Return the processor time of one process, without those that it has started."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _read_megabytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

"""Runs one planted fault, from the commit that introduces it to the proposal that should fix it.

The bot runs as in production, with the offline engine, on a local Discord. Simulated users use it,
the fault is deployed, and a user meets and reports it. The result is judged by replays that the bot
does not know.
"""

import asyncio
import base64
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

from theseus_rehearsal.behaviour import BehaviourDiff
from theseus_rehearsal.behaviour_diff import find_differences
from theseus_rehearsal.ports.rehearsal import Rehearsal, run_scripts
from theseus_rehearsal.records import PlayDifference, Script

from bench.fault_people import People, QuoteService
from bench.faults import Fault
from bench.script_data import build_script
from bench.stage import wait_for_run
from bot.adapters.git_trees import GitTrees
from bot.adapters.sqlite_store import SqliteStore
from bot.app.demo import build_local_forge, find_project_root
from bot.client._traffic_capture import SETTLED
from bot.demo.demo import Demo, DemoPlan, start_demo
from bot.demo.workspace import deploy_commit
from bot.domain.history import History
from bot.domain.run import Run, Waiting
from bot.infra.git import Git

SECONDS = 120.0
"""How long a run may take until it proposes, asks or ends: then it is late."""

USED_NUMBERS = 1
"""How many polls, or reminders, there have been then."""

_LOOK_SECONDS = 0.1
_TYPING_SECONDS = 5.0
_START_SECONDS = 60.0  # a report that has not started a run by then was not recognised
ONLINE_SECONDS = 300.0
"""How long the bot may take to come online, on a machine that others work on as well."""

Result = Literal["sound", "wrong", "none", "asked", "late"]

USE: dict[str, list[object]] = {
    "dice": ["/roll", "/roll dice:2d6", "/roll dice:4d6kh3", "/roll dice:3d8+2", "/roll dice:nine"],
    "polls": [
        "/poll create question:Walk? options:yes | no",
        {"press": "yes"},
        {"press": "no", "by": "bob"},
        "/poll results id:1",
    ],
    "reminders": [
        "/remind in:3h about:bread",
        "/reminders list",
        "/reminders cancel id:1",
        "/remind in:never about:x",
    ],
    "quotes": ["/quote"],
}
"""What people do with each cog before the fault comes."""


class RepairOutcome(NamedTuple):
    """The result for a fault.

    `why` explains it as text; `shown` says whether the difference of a wrong fix was shown.
    """

    fault: Fault
    result: Result
    why: str = ""
    is_displayed: bool = False
    is_reverted: bool = False
    seconds: float = 0.0

    @property
    def line(self) -> str:
        """Return it as a line."""
        marks = f"{'shown ' if self.is_displayed else ''}{'undone ' if self.is_reverted else ''}"
        told = f"{self.result:6}{self.seconds:5.0f} s  {self.fault.kind}: {self.fault.name}"
        return f"{told}  {marks}{self.why}".rstrip()


class _ReportOutcome(NamedTuple):
    """The result of a report: the newest run, its records, and the bot's checkout."""

    run: Run | None
    history: History
    checkout: Path
    seconds: float


async def repair_fault(
    fault: Fault, tree: Path, rehearsal: Rehearsal, seconds: float = SECONDS, *, old: bool = False
) -> RepairOutcome:
    """Return the bot's result for a fault that is planted in the code of `tree`.

    An `old` fault is in the first commit, so there is no commit to revert.
    """
    with TemporaryDirectory(prefix="theseus-bench-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        async with QuoteService(fault.trigger.world.web) as service:
            await asyncio.to_thread(_prepare_state, home / "state", fault.trigger, service.url)
            source = await asyncio.to_thread(_copy_with_fault, fault, tree, home) if old else tree
            async with _run_demo(source, home) as (running, people):
                await _deploy(fault, running, people, old=old)
                asked = await _report_fault(fault, running, people, seconds)
        done = await _judge_outcome(fault, asked, tree, rehearsal)
        return done._replace(seconds=asked.seconds)


def _copy_with_fault(fault: Fault, tree: Path, home: Path) -> Path:
    """Return a copy of the tree that has the fault."""
    source = home / "aged"
    shutil.copytree(tree, source)
    file = source / fault.file
    file.write_text(fault.plant_in(file.read_text(encoding="utf-8")), encoding="utf-8")
    return source


def _prepare_state(state: Path, script: Script, quotes: str) -> None:
    """Prepare the bot's folder before its start; mypy's cache is copied."""
    known = find_project_root() / ".mypy_cache"
    if known.is_dir():
        shutil.copytree(known, state / "cache" / "mypy")
    state.mkdir(exist_ok=True)
    (state / "quotes.url").write_text(quotes, encoding="utf-8")
    for name, content in script.world.files.items():
        (state / name).write_bytes(base64.b64decode(content))


@asynccontextmanager
async def _run_demo(tree: Path, home: Path) -> AsyncIterator[tuple[Demo, People]]:
    plan = DemoPlan(tree, home, None, engine="offline")
    async with (
        start_demo(plan, build_local_forge) as running,
        People(running.discord.base_url, partial(_restart, running)) as people,
    ):
        await running.wait_until_online(ONLINE_SECONDS)
        yield running, people


async def _restart(running: Demo) -> None:
    """Restart the bot, and wait until it is online."""
    starts = running.bot.starts
    running.bot.restart()
    for _ in range(int(ONLINE_SECONDS / _LOOK_SECONDS)):
        if running.bot.starts > starts:
            break
        await asyncio.sleep(_LOOK_SECONDS)
    await running.wait_until_online(ONLINE_SECONDS)


async def _deploy(fault: Fault, running: Demo, people: People, *, old: bool) -> None:
    """Use the bot, and deploy the fault, unless it is there already."""
    await people.run_steps(build_script(fault.cog, USE[fault.cog]).steps)
    await asyncio.sleep(SETTLED)  # then the presses count as gone well
    if not old:
        await deploy_commit(fault.change, running.workspace)
        await _restart(running)


async def _report_fault(
    fault: Fault, running: Demo, people: People, seconds: float
) -> _ReportOutcome:
    """Trigger the fault and report it; return the run once it is at rest."""
    await people.run_steps(fault.trigger.steps, before=USED_NUMBERS)
    async with SqliteStore(running.workspace.state / "theseus.sqlite3") as store:
        await asyncio.sleep(_TYPING_SECONDS)
        start = time.perf_counter()
        await people.alice.say("dev", fault.report)
        with suppress(TimeoutError):
            await wait_for_run(store, lambda _: True, min(seconds, _START_SECONDS))
            run = await wait_for_run(store, _is_at_rest, seconds)
            if run.waiting is Waiting.QUESTION and await people.prefer_old_output(run):
                await wait_for_run(store, _has_continued, seconds)
        taken = time.perf_counter() - start
        newest = next(iter(await store.find(limit=1)), None)
        history = await store.get_history(newest.id) if newest else History()
    return _ReportOutcome(newest, history, running.workspace.checkout, taken)


def _has_continued(run: Run) -> bool:
    return run.has_ended or run.waiting is Waiting.APPROVAL


def _is_at_rest(run: Run) -> bool:
    return run.has_ended or run.waiting in (Waiting.APPROVAL, Waiting.QUESTION)


async def _judge_outcome(
    fault: Fault, asked: _ReportOutcome, tree: Path, rehearsal: Rehearsal
) -> RepairOutcome:
    run, history = asked.run, asked.history
    if run is None:
        return RepairOutcome(fault, "none", "no run began")
    if run.has_ended:
        return RepairOutcome(fault, "none", run.reason or f"{run.status} at {run.stage}")
    if run.waiting is Waiting.QUESTION:
        return RepairOutcome(fault, "asked", history.question.text if history.question else "")
    head = history.change_set.head if history.change_set else ""
    late = f"at {run.stage}, {run.activity or run.status}"
    if not head:
        return RepairOutcome(fault, "late", late)
    done = await _compare_output(fault, asked, head, tree, rehearsal)
    if run.waiting is Waiting.APPROVAL:
        return done
    return done._replace(result="late", why=f"{late}: what it has is {done.result}")


async def _compare_output(
    fault: Fault, asked: _ReportOutcome, head: str, tree: Path, rehearsal: Rehearsal
) -> RepairOutcome:
    """Return whether the judge's scripts are answered as by the code without the fault."""
    async with GitTrees(Git(asked.checkout)).open_tree(head) as mended:
        right = await run_scripts(rehearsal, tree, fault.judge)
        found = await run_scripts(rehearsal, mended, fault.judge)
        undone = (mended / fault.file).read_bytes() == (tree / fault.file).read_bytes()
    wrong = [each for pair in zip(right, found, strict=True) for each in find_differences(*pair)]
    if not wrong:
        return RepairOutcome(fault, "sound", is_reverted=undone)
    verdict = asked.history.verdict
    behaviour = verdict.behaviour if verdict else None
    why = f"{' / '.join(wrong[0].before[:2])} is now {' / '.join(wrong[0].after[:2]) or 'nothing'}"
    return RepairOutcome(fault, "wrong", why, is_displayed=_is_displayed(behaviour, wrong))


def _is_displayed(behaviour: BehaviourDiff | None, wrong: Sequence[PlayDifference]) -> bool:
    """Return whether the card shows unrequested changes of answers, or quotes a wrong answer."""
    if behaviour is None:
        return False
    told = {line.strip() for each in behaviour.changes for line in each.difference.after}
    answers = {line.strip() for each in wrong for line in each.after}
    return behaviour.unasked > 0 or bool(told & answers)

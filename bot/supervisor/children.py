"""The bot processes there are: started, retired, stopped, and none left behind."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.supervisor.child_process import ChildProcess
from bot.supervisor.code_folders import CORE, import_paths
from bot.supervisor.rules import Fault, RestartRules


@dataclass(frozen=True)
class SupervisedBot:
    """What to start, where, with which environment, and where to keep records of it.

    `core` are the folders whose code comes from the commit itself, not from the checkout.
    """

    command: Sequence[str]
    root: Path
    records: Path
    environment: Mapping[str, str]
    core: Sequence[str] = CORE


class Children:
    """Most of the time one; two while one hands over to the other."""

    def __init__(self, bot: SupervisedBot, rules: RestartRules) -> None:
        self._bot = bot
        self._patience = rules.drain_seconds + rules.kill_seconds
        self._alive: set[ChildProcess] = set()
        self._retiring: set[asyncio.Task[None]] = set()

    async def start(self, commit: str, code: Path | None) -> ChildProcess:
        """Start one, with its core code from `code`, or, without that, from the checkout.

        It waits for its first order. Raises `OSError`.
        """
        bot = self._bot
        paths = import_paths(code, bot.root, bot.environment.get("PYTHONPATH", ""))
        child = await ChildProcess.start(
            bot.command, root=bot.root, commit=commit, environment={**bot.environment, **paths}
        )
        self._alive.add(child)
        return child

    async def end(self, child: ChildProcess) -> None:
        """End one at once; again is harmless."""
        await child.kill()
        self._alive.discard(child)

    def retire(self, old: ChildProcess, new: ChildProcess) -> None:
        """Let the old process finish its answers in the background, then inform the new one."""

        async def run_retirement() -> None:
            await self.finish_retirement(old)
            new.send("predecessor_gone")

        task = asyncio.create_task(run_retirement())
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def finish_retirement(self, old: ChildProcess) -> None:
        """Let the old process finish within the time limit, and end it; again has no effect."""
        old.send("retire")
        await old.wait(self._patience)
        await self.end(old)

    def wake(self) -> None:
        """Wake the code that waits for a child, so that it checks its condition again."""
        for child in self._alive:
            child.changed.set()

    def stop_all(self, active: ChildProcess | None) -> None:
        """Pass on the emergency stop; what is only finishing is ended at once."""
        for child in self._alive:
            if child is active:
                child.send("stop_everything")
            else:
                child.send("retire", at_once=True)

    async def stop(self, at_once: asyncio.Event) -> None:
        """Ask all children to stop, and wait until they do, time is up, or `at_once` is set."""
        for child in self._alive:
            child.send("stop")
        ends = {asyncio.create_task(child.wait(self._patience)) for child in self._alive}
        hurry = asyncio.create_task(at_once.wait())
        while ends and not hurry.done():
            done, _ = await asyncio.wait(ends | {hurry}, return_when=asyncio.FIRST_COMPLETED)
            ends.difference_update(done)
        for task in (*ends, hurry):
            task.cancel()

    async def end_all(self) -> None:
        """Leave none behind."""
        for task in self._retiring:
            task.cancel()
        for child in list(self._alive):
            await self.end(child)


def explain_unprepared(new: ChildProcess, rules: RestartRules) -> str:
    """Return why a new bot was not prepared in time."""
    if new.exit_code is None:
        return f"it was not prepared to start within {rules.prepare_seconds:.0f} s"
    return f"it does not start: {Fault.from_exit_code(new.exit_code).summary}"

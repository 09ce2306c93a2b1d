"""The demo as a newcomer has it: this repository's own commands, one of them broken."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.app.demo import local_forge, project_root
from bot.demo.demo import Demo, DemoPlan, demo
from bot.demo.faults import FaultStep, MetFault
from local_discord.person import Message, Person
from tests.support.page_reader import PageReader, buttons, text_of


@dataclass(frozen=True)
class Playground:
    """A running demo with its two people: alice is listed, bob is not."""

    demo: Demo
    fault: MetFault
    alice: PageReader
    bob: PageReader

    async def meet(self) -> list[str]:
        """Do what the fault's steps say, up to its first failure; return what the bot answered.

        Met five times, it would be noticed by itself before anybody complains.
        """
        answers: list[str] = []
        shown: Message | None = None
        for step in self.fault.steps:
            for _ in range(1 if step.at_once else step.times):
                done = [self._do(step, shown) for _ in range(step.times if step.at_once else 1)]
                for each in await asyncio.gather(*done):
                    if each["message"] is None:
                        continue
                    shown = await self.alice.thought("dev", each["message"])
                    answers.append(text_of(shown))
                    if "failed with" in answers[-1]:
                        return answers
        return answers

    async def _do(self, step: FaultStep, shown: Message | None) -> dict[str, Any]:
        """Do a step; return what came of it."""
        if not step.press:
            return await self.alice.person.run("dev", step.command, **step.options)
        assert shown is not None
        button = next(b for name, b in buttons(shown).items() if step.press in name)
        return await self.alice.person.press("dev", button, shown["id"])


def know_types(state: Path) -> None:
    """Take over what mypy found out about this repository before, where it was run.

    From nothing that takes the better part of a minute, beside the story that is told.
    """
    known = project_root() / ".mypy_cache"
    if known.is_dir():
        shutil.copytree(known, state / "cache/mypy")


@asynccontextmanager
async def playground(
    home: Path,
    fault: MetFault,
    settings: Mapping[str, Mapping[str, object]] | None = None,
) -> AsyncIterator[Playground]:
    """Open the demo in an empty folder; `settings` replace keys of the configuration's sections."""
    know_types(home / "state")
    plan = DemoPlan(project_root(), home, fault, settings=settings or {})
    async with (
        demo(plan, local_forge) as running,
        Person(running.discord.base_url, "alice") as alice,
        Person(running.discord.base_url, "bob") as bob,
    ):
        await running.until_online()
        yield Playground(running, fault, PageReader(alice), PageReader(bob))

"""The demo as a newcomer has it: this repository's own commands, one of them broken."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_discord.person import Message, Person

from bot.app.demo import build_local_forge, find_project_root
from bot.demo.demo import Demo, DemoPlan, start_demo
from bot.demo.faults import FaultStep, MetFault
from tests.support.page_reader import PageReader, get_buttons, get_text
from tests.support.repository_copy import copy_type_cache, share_repository


@dataclass(frozen=True)
class Playground:
    """A running demo with its two people: alice is listed, bob is not."""

    demo: Demo
    fault: MetFault
    alice: PageReader
    bob: PageReader

    async def trigger_fault(self) -> list[str]:
        """Perform the steps of the fault up to its first failure; return the bot's answer.

        Five failures would trigger incident detection before a user reports the fault.
        """
        answers: list[str] = []
        sample: Message | None = None
        for step in self.fault.steps:
            for _ in range(1 if step.at_once else step.times):
                done = [
                    self._run_step(step, sample) for _ in range(step.times if step.at_once else 1)
                ]
                for each in await asyncio.gather(*done):
                    if each["message"] is None:
                        continue
                    sample = await self.alice.wait_for_answer("dev", each["message"])
                    answers.append(get_text(sample))
                    if "failed with" in answers[-1]:
                        return answers
        return answers

    async def _run_step(self, step: FaultStep, message: Message | None) -> dict[str, Any]:
        """Do a step; return what came of it."""
        if not step.press:
            return await self.alice.person.run("dev", step.command, **step.options)
        assert message is not None
        button = next(b for name, b in get_buttons(message).items() if step.press in name)
        return await self.alice.person.press("dev", button, message["id"])


@asynccontextmanager
async def open_playground(
    home: Path,
    fault: MetFault,
    settings: Mapping[str, Mapping[str, object]] | None = None,
    *,
    has_history: bool = False,
) -> AsyncIterator[Playground]:
    """Open the demo in an empty folder; `settings` replace keys of the configuration's sections.

    With `has_history` it contains this repository's commits as well, as a visitor's does.
    """
    await asyncio.to_thread(copy_type_cache, home / "state/cache/mypy")
    source = find_project_root() if has_history else await asyncio.to_thread(share_repository)
    plan = DemoPlan(source, home, fault, settings=settings or {})
    async with (
        start_demo(plan, build_local_forge) as running,
        Person(running.discord.base_url, "alice") as alice,
        Person(running.discord.base_url, "bob") as bob,
    ):
        await running.wait_until_online()
        yield Playground(running, fault, PageReader(alice), PageReader(bob))

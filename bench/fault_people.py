"""People who do what a script says with a bot that runs, and the service its quotes come from."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from aiohttp import web
from local_discord.person import Message, Person
from theseus_rehearsal.records import (
    CommandStep,
    PressStep,
    RestartStep,
    ScriptStep,
    WaitStep,
    WebAnswer,
)

from bot.domain.run import Run
from tests.support.page_reader import get_buttons

_MOMENT = 1.0
"""Seconds that people take before they do the next thing: what the last one began has ended."""

_LOOKS = 15
"""How often they look for a button."""

_QUOTE = WebAnswer(url="", body='{"quote": "Well begun is half done.", "author": "Aristotle"}')


class People:
    """Alice and Bob in a local Discord; `restart` starts the bot again."""

    def __init__(self, base_url: str, restart: Callable[[], Awaitable[None]] | None = None) -> None:
        self._restart = restart
        self._by = {name: Person(base_url, name) for name in ("alice", "bob")}
        self._stack = AsyncExitStack()

    @property
    def alice(self) -> Person:
        """The person who may ask for a fix."""
        return self._by["alice"]

    async def __aenter__(self) -> Self:
        """Connect the people."""
        for person in self._by.values():
            await self._stack.enter_async_context(person)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect the people."""
        await self._stack.aclose()

    async def run_steps(self, steps: Sequence[ScriptStep], *, before: int = 0) -> None:
        """Do one step after the other; what has a number `id` has that of `before` more."""
        for step in steps:
            await asyncio.sleep(_MOMENT)
            match step:
                case CommandStep():
                    options = dict(step.options)
                    if "id" in options:
                        options["id"] = int(options["id"]) + before
                    await self._by[step.by].run(step.channel, step.command, **options)
                case PressStep():
                    await self._press(step)
                case WaitStep():
                    await asyncio.sleep(step.wait)  # time passes, as the script says
                case RestartStep() if self._restart is not None:
                    await self._restart()
                case _:
                    raise ValueError(f"nobody does this with a bot that runs: {step}")

    async def prefer_old_output(self, run: Run) -> bool:
        """Press the button that says the earlier answer is right, if the run offers it.

        The run is saved before its thread shows the question, so the button may appear a moment
        later.
        """
        for _ in range(_LOOKS):
            if await self._press_old_output(str(run.thread_id)):
                return True
            await asyncio.sleep(_MOMENT)
        return False

    async def _press_old_output(self, thread: str) -> bool:
        for message in await self.alice.list_messages(thread):
            for label, button in get_buttons(message).items():
                if "old answer" in label.casefold():
                    await self.alice.press(thread, button, message["id"])
                    return True
        return False

    async def _press(self, step: PressStep) -> None:
        person = self._by[step.by]
        for _ in range(_LOOKS):
            newest: list[Message] = (await person.list_messages(step.channel))[::-1]
            message = next((each for each in newest if step.press in get_buttons(each)), None)
            if message is not None:
                await person.press(step.channel, get_buttons(message)[step.press], message["id"])
                return
            await asyncio.sleep(_MOMENT)
        raise LookupError(f"nothing in {step.channel} shows {step.press}")


class QuoteService:
    """Answers as a world's web does, one answer after the other, on a free port."""

    def __init__(self, answers: Sequence[WebAnswer]) -> None:
        self._answers = itertools.cycle(answers or (_QUOTE,))
        self.url = ""

    async def __aenter__(self) -> Self:
        """Listen."""
        app = web.Application()
        app.router.add_get("/quote", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/quote"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        await self._runner.cleanup()

    async def _answer(self, _: web.Request) -> web.Response:
        answer = next(self._answers)
        headers = {"Content-Type": "application/json", **answer.headers}
        return web.Response(status=answer.status, headers=headers, body=answer.body.encode())

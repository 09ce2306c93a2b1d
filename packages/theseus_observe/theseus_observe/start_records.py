"""Records of what fails while a bot starts: its `setup_hook`, and the extensions that it loads."""

from __future__ import annotations

from functools import wraps
from typing import Any

import discord
from discord.ext import commands

from theseus_observe.hook_runner import HookRunner
from theseus_observe.outcomes import get_outcome
from theseus_observe.recorder import Failure, Recorder
from theseus_observe.records import TASK
from theseus_observe.wrappers import MethodWrapper, Notice


class StartRecords:
    """Watches one client. What fails before it is attached is out of reach."""

    def __init__(self, client: discord.Client, recorder: Recorder, runner: HookRunner) -> None:
        self._recorder = recorder
        self._recorded: BaseException | None = None
        methods = {"setup_hook": self._fail_hook, "load_extension": self._fail_extension}
        self._wrappers = [
            MethodWrapper(client, name, notice, runner)
            for name, notice in methods.items()
            if hasattr(client, name)
        ]

    def attach(self) -> None:
        """Begin; again is harmless."""
        for each in self._wrappers:
            each.ensure(wrap_failing)

    def detach(self) -> None:
        """End."""
        for each in self._wrappers:
            each.remove()

    def _fail_extension(self, error: BaseException, name: object = "") -> None:
        """Record an extension whose own code fails; others may be tried on purpose."""
        if isinstance(error, commands.ExtensionFailed):
            self._recorded = error
            self._record(f"load {name}", error.original)

    def _fail_hook(self, error: BaseException) -> None:
        if error is not self._recorded:
            self._record("setup_hook", error)

    def _record(self, name: str, error: BaseException) -> None:
        self._recorder.record(TASK, name, get_outcome(error), failure=Failure(error))


def wrap_failing(original: Any, notice: Notice, runner: HookRunner) -> Any:
    """Return a coroutine function that calls `notice` with what the original raises."""

    @wraps(original)
    async def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return await original(*args, **kwargs)
        except Exception as error:
            runner.run(notice, error, *args)
            raise

    return call

"""Background tasks: their failures that nothing handles, and the tasks of discord.py.

asyncio has one task factory and one exception handler per loop. Those that the bot has set go on
working, below ours.
"""

from __future__ import annotations

import asyncio
import sys
import weakref
from collections.abc import Callable, Iterator
from types import CodeType, CoroutineType, FrameType
from typing import Any

import discord
from discord import ui
from discord.ext import tasks

from theseus_observe.command_records import CommandRecords
from theseus_observe.component_records import ComponentRecords
from theseus_observe.failures.qualified_names import get_qualified_name
from theseus_observe.failures.safe_access import get_traceback, is_error
from theseus_observe.hook_runner import HookRunner
from theseus_observe.interaction_inputs import find_interaction
from theseus_observe.loop_records import LoopRecords
from theseus_observe.outcomes import get_outcome
from theseus_observe.project_code import ProjectCode
from theseus_observe.recorder import Failure, Recorder
from theseus_observe.records import TASK

UNHANDLED_SECONDS = 10.0
"""After that, no code is expected to read the exception of a failed task."""

_PASSES, _OWN, _FOREIGN = "passes", "own", "foreign"
_MOST_KINDS = 4_096
_MACHINERY = ("asyncio.", "theseus_observe.")
_COMMAND_TYPES = (
    discord.InteractionType.application_command,
    discord.InteractionType.autocomplete,
)
Begin = Callable[[Any], "Callable[[Any], None] | None"]
# One observer for a loop: several clients may share it, and a task does not show whose it is.
_OWNERS: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, TaskRecords] = (
    weakref.WeakKeyDictionary()
)


class TaskRecords:
    """Observes the tasks of one event loop."""

    def __init__(
        self,
        recorder: Recorder,
        code: ProjectCode,
        commands: CommandRecords,
        components: ComponentRecords,
        runner: HookRunner,
        *,
        unhandled_seconds: float = UNHANDLED_SECONDS,
    ) -> None:
        self._recorder = recorder
        self._code = code
        self._commands = commands
        self._components = components
        self._runner = runner
        self._unhandled_seconds = unhandled_seconds
        self._loops = LoopRecords(recorder, runner)
        self._beginnings = self._list_beginnings()
        self._kinds: dict[CodeType, str] = {}
        self._origins: weakref.WeakKeyDictionary[asyncio.Future[Any], str] = (
            weakref.WeakKeyDictionary()
        )
        self._recorded: weakref.WeakSet[asyncio.Future[Any]] = weakref.WeakSet()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._own_factory: Any = None
        self._own_handler: Any = None
        self._factory_before: Any = None
        self._handler_before: Any = None

    def _list_beginnings(self) -> dict[CodeType, Begin]:
        """Return what to do with coroutines of discord.py, by their code."""
        found: dict[CodeType, Begin] = {}
        for owner, name, begin in (
            (ui.View, "_scheduled_task", self._components.begin),
            (ui.Modal, "_scheduled_task", self._components.begin),
            (tasks.Loop, "_loop", self._loops.begin),
            (
                getattr(ui.view, "ViewStore", None),
                "schedule_dynamic_item_call",
                self._components.begin_dynamic,
            ),
        ):
            code = getattr(getattr(owner, name, None), "__code__", None)
            if code is not None:
                found[code] = begin
        return found

    def ensure(self) -> None:
        """Observe the running loop, also where the bot has set a factory or a handler since."""
        loop = asyncio.get_running_loop()
        if _OWNERS.setdefault(loop, self) is not self:
            return
        if self._loop is not loop:
            self._loop = loop
            self._watch_running()
        factory, handler = loop.get_task_factory(), loop.get_exception_handler()
        if factory is None or factory is not self._own_factory:
            self._factory_before = factory
            self._own_factory = self._make_factory(factory)
            loop.set_task_factory(self._own_factory)
        if handler is None or handler is not self._own_handler:
            self._handler_before = handler
            self._own_handler = self._make_handler(handler)
            loop.set_exception_handler(self._own_handler)

    def look_now(self) -> None:
        """Record failed tasks of the project without waiting, because the bot ends."""
        for task in [*self._origins]:
            if task.done() and not task.cancelled():
                self._runner.run(self._look, weakref.ref(task))

    def close(self) -> None:
        """Put back what was there before, unless the bot has set something else since."""
        loop = self._loop
        if loop is None or _OWNERS.get(loop) is not self:
            return
        if loop.get_task_factory() is self._own_factory:
            loop.set_task_factory(self._factory_before)
        if loop.get_exception_handler() is self._own_handler:
            loop.set_exception_handler(self._handler_before)
        del _OWNERS[loop]
        self._loop = self._own_factory = self._own_handler = None

    def _watch_running(self) -> None:
        """Watch the loops that were started before, from their next iteration on."""
        for task in asyncio.all_tasks():
            coroutine = task.get_coro()
            if getattr(coroutine, "cr_code", None) is tasks.Loop._loop.__code__:
                task.add_done_callback(self._loops.begin(coroutine))
                self._recorded.add(task)

    def _make_factory(self, before: Any) -> Any:
        run, beginnings = self._runner.run, self._beginnings

        def create_task(
            loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any
        ) -> asyncio.Future[Any]:
            # First: a factory of the bot may run the coroutine at once.
            begin = beginnings.get(coroutine.cr_code) if type(coroutine) is CoroutineType else None
            end = run(begin, coroutine) if begin is not None else None
            if before is not None:
                task: asyncio.Future[Any] = before(loop, coroutine, **options)
            else:
                task = asyncio.Task(coroutine, loop=loop, **options)
            if end is not None or self._find_creator(sys._getframe(1)) is not None:
                run(self._note, task, end)
            return task

        return create_task

    def _make_handler(self, before: Any) -> Any:
        def handle_exception(loop: asyncio.AbstractEventLoop, details: dict[str, Any]) -> None:
            self._runner.run(self._report, details)
            if before is not None:
                before(loop, details)
            else:
                loop.default_exception_handler(details)

        return handle_exception

    def _find_creator(self, frame: FrameType | None) -> CodeType | None:
        """Return the project's code that called asyncio to make a task; `None` if other code did.

        This runs for every task, so what code is is looked up once.
        """
        while frame is not None:
            code = frame.f_code
            kind = self._kinds.get(code)
            if kind is None:
                kind = self._runner.run(self._classify, frame) or _FOREIGN
            if kind != _PASSES:
                return code if kind == _OWN else None
            frame = frame.f_back
        return None

    def _classify(self, frame: FrameType) -> str:
        """Return whose the code of a frame is, and remember it."""
        module = str(frame.f_globals.get("__name__"))
        if module.startswith(_MACHINERY):
            kind = _PASSES
        else:
            kind = _OWN if self._code.is_own(frame) else _FOREIGN
        if len(self._kinds) >= _MOST_KINDS:
            self._kinds.clear()  # reloaded modules have new code
        self._kinds[frame.f_code] = kind
        return kind

    def _note(self, task: asyncio.Future[Any], end: Callable[[Any], None] | None) -> None:
        if end is not None:
            self._recorded.add(task)  # what it raises is recorded by its own hooks
            task.add_done_callback(end)
            return
        creator = self._find_creator(sys._getframe(2))
        if creator is not None:
            self._origins[task] = get_qualified_name(creator).replace("<locals>.", "")
            task.add_done_callback(self._check)

    def _check(self, task: asyncio.Future[Any]) -> None:
        """Look later whether code has read the exception of a task that the project made."""
        if not task.cancelled() and getattr(task, "_exception", None) is not None:
            later = task.get_loop().call_later
            later(self._unhandled_seconds, self._runner.run, self._look, weakref.ref(task))

    def _look(self, reference: weakref.ref[asyncio.Future[Any]]) -> None:
        task: Any = reference()
        # asyncio clears the flag when code reads the exception; `exception()` would clear it too.
        if task is not None and task._log_traceback and task._exception is not None:
            self._record(task._exception, task)

    def _report(self, details: dict[str, Any]) -> None:
        """Record an exception that no code awaited, as the loop describes it."""
        error = details.get("exception")
        if is_error(error, BaseException):
            self._record(error, details.get("task") or details.get("future"))

    def _record(self, error: BaseException, future: asyncio.Future[Any] | None) -> None:
        if future is not None and future in self._recorded:
            return
        interaction = find_interaction(error)
        if interaction is not None and interaction.type in _COMMAND_TYPES:
            self._commands.fail_unhandled(interaction, error)
            return
        origin = self._origins.get(future) if future is not None else None
        name = self._code.scope(_walk_frames(error))
        if origin is None and not name:
            return
        if future is not None:
            self._recorded.add(future)
        self._recorder.record(
            TASK,
            name or f"{origin}.task",
            get_outcome(error),
            failure=Failure(error),
        )


def _walk_frames(error: BaseException) -> Iterator[FrameType]:
    traceback = get_traceback(error)
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next

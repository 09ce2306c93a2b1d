"""A rehearsal of a bot that is one module: a step calls its function `answer` with what was said.

It runs in this process, without Discord, so that a search can play many edits in a second.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from theseus_rehearsal.ports.rehearsal import ScriptRunner
from theseus_rehearsal.probe import RunProbe
from theseus_rehearsal.records import (
    PlayedError,
    PlayedFrame,
    PlayedStep,
    SayStep,
    Script,
    SeenEvent,
    Transcript,
)

FILE = "shop.py"


class ModuleRehearsal:
    """Implements `Rehearsal`; `played` counts the scripts that were run."""

    refusal = ""

    def __init__(self) -> None:
        self.played = 0

    @asynccontextmanager
    async def open(self, tree: Path) -> AsyncIterator[ScriptRunner]:
        """Yield a runner of the module in this tree."""
        yield _ModuleRunner(self, (tree / FILE).read_text())


class _ModuleRunner:
    def __init__(self, rehearsal: ModuleRehearsal, text: str) -> None:
        self._rehearsal, self._text = rehearsal, text

    async def run(
        self, script: Script, *, keep_files: bool = False, probe: RunProbe | None = None
    ) -> Transcript:
        """Call the function once for each step."""
        self._rehearsal.played += 1
        names: dict[str, Any] = {}
        try:
            exec(compile(self._text, FILE, "exec"), names)  # noqa: S102 - a test's own small module
        except Exception as error:  # noqa: BLE001 - as a bot that does not start
            return Transcript(trouble=str(error))
        steps = [_play(step, names) for step in script.steps if isinstance(step, SayStep)]
        return Transcript(steps=tuple(steps))


def _play(step: SayStep, names: dict[str, Any]) -> PlayedStep:
    lines: set[int] = set()

    def record(frame: FrameType, _event: str, _value: object) -> Any:
        if frame.f_code.co_filename == FILE:
            lines.add(frame.f_lineno)
            return record
        return None

    before, seen, errors = sys.gettrace(), [], []
    sys.settrace(record)
    try:
        text = str(names["answer"](step.say))
        seen = [SeenEvent(kind="message", channel="dev", text=text)] if text else []
    except Exception as error:  # noqa: BLE001 - as a bot's journal records what a command raises
        errors = [_describe(error)]
    finally:
        sys.settrace(before)
    return PlayedStep(
        step=step, seen=tuple(seen), errors=tuple(errors), lines={FILE: frozenset(lines)}
    )


def _describe(error: Exception) -> PlayedError:
    frames, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename == FILE:
            frames.append(PlayedFrame(file=FILE, line=trace.tb_lineno, function=code.co_name))
        trace = trace.tb_next
    return PlayedError(
        event="command.answer", error=type(error).__name__, message=str(error), frames=tuple(frames)
    )

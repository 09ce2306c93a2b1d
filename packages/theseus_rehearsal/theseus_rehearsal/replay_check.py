"""Checks scripts that state the expected answers against the code of a tree."""

import asyncio
import difflib
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

from theseus_rehearsal.behaviour_diff import format_step
from theseus_rehearsal.ports.rehearsal import Rehearsal, ScriptRunner
from theseus_rehearsal.records import PersonStep, Script, Transcript
from theseus_rehearsal.sandbox import PlainSandbox
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal
from theseus_rehearsal.script_files import read_expected, read_script
from theseus_rehearsal.scripts import describe_step
from theseus_rehearsal.visible_lines import list_step_lines, list_visible_lines


class ReplaySession:
    """Runs scripts one after the other with the code of one tree, which is imported once."""

    def __init__(self, tree: Path, rehearsal: Rehearsal | None = None) -> None:
        self._tree = tree
        self._rehearsal = rehearsal or SandboxedRehearsal(PlainSandbox())
        self._loop = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._runner: ScriptRunner | None = None

    def check(self, file: Path) -> list[str]:
        """Return the differences from what a script states, as lines of a diff; empty if none.

        Raises `RehearsalError` if the script cannot be read or run.
        """
        script, expected = read_script(file), read_expected(file)
        transcript = self._loop.run(self._run(script))
        if expected is None:
            return [*_iterate_failures(transcript)]
        return [*_iterate_differences(script, expected, transcript)]

    def close(self) -> None:
        """End all processes."""
        self._loop.run(self._stack.aclose())
        self._loop.close()

    async def _run(self, script: Script) -> Transcript:
        if self._runner is None:
            opening = self._rehearsal.open(self._tree)
            self._runner = await self._stack.enter_async_context(opening)
        return await self._runner.run(script)


def _iterate_failures(transcript: Transcript) -> Iterator[str]:
    """Yield what failed in a run whose script states no answers."""
    for at, step in enumerate(transcript.steps):
        if step.errors or step.refused or step.unanswered:
            yield f"{format_step(at)}: {describe_step(step.step)}"
            yield from (f"    {line}" for line in list_step_lines(step))
    if transcript.trouble:
        yield f"the bot failed: {transcript.trouble}"


def _iterate_differences(
    script: Script, expected: Transcript, transcript: Transcript
) -> Iterator[str]:
    before, after = (_list_lines(script, each) for each in (expected, transcript))
    # With the complete script as context: it is short, and shows who asked what.
    difference = difflib.unified_diff(before, after, "expected", "seen", n=1_000, lineterm="")
    yield from (line for line in difference if not line.startswith("@@"))


def _list_lines(script: Script, transcript: Transcript) -> list[str]:
    """Return the script with what people saw under each step."""
    lines = list_visible_lines(transcript)
    listed = []
    for at, step in enumerate(script.steps):
        who = f"{step.by}: " if isinstance(step, PersonStep) else ""
        listed.append(f"{at + 1}. {who}{describe_step(step)}")
        listed += [f"    {line}" for line in lines.get(at, ())]
    return listed + [f"    {line}" for line in lines.get(len(script.steps), ())]

"""Noticing that a model goes in circles, from what it does alone."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.claude_agent._events import Seen, ToolCall, ToolResult
from bot.adapters.claude_agent._narration import narrate
from bot.domain.errors import AgentStuck

EDITS = frozenset({"Edit", "MultiEdit", "Write"})
_VOLATILE = re.compile(r"0x[0-9a-f]+|\d+(?:\.\d+)?")
_LARGEST = 4 * 1024 * 1024
_MAX_ERROR_CHARS = 2_000  # characters of an error that tell it from another


@dataclass(frozen=True)
class RepetitionLimits:
    """How often something may happen before it is a circle. A change starts counting anew.

    `in_a_row` and `in_total`: the same call. `errors`: the same error, where the tool did not
    succeed in between. `turns`: answers of the model without a change; `None` for who changes
    nothing. `returns`: how often a file may come back to what it was before.
    """

    in_a_row: int = 3
    in_total: int = 5
    errors: int = 4
    failures_in_a_row: int = 8
    returns: int = 2
    turns: int | None = 25


class StuckWatch:
    """Sees everything that happens in one conversation. `root` is the worktree.

    `read` returns what stands in an edited file, `None` where there is none; tests give their own.
    """

    def __init__(
        self,
        root: Path,
        limits: RepetitionLimits | None = None,
        read: Callable[[str], bytes | None] | None = None,
    ) -> None:
        self._root = root
        self._limits = limits or RepetitionLimits()
        self._read = read or self._read_inside
        self._open: dict[str, ToolCall] = {}
        self._contents: dict[str, list[str]] = {}
        self._edited: set[str] = set()
        self._returns: Counter[str] = Counter()
        self._failed_in_a_row = 0
        self._answering = False
        self._reset()

    def _reset(self) -> None:
        self._calls: Counter[str] = Counter()
        self._last = ""
        self._row = 0
        self._errors: Counter[tuple[str, str]] = Counter()
        self._turns = 0

    def see(self, event: Seen) -> None:
        """Take one event in. Raises `AgentStuck`, saying what goes in circles."""
        if isinstance(event, ToolResult):
            self._answering = False
            self._note_result(event)
            return
        if not self._answering:
            self._answering = True
            self._turn()
        if isinstance(event, ToolCall):
            self._note_call(event)

    def _turn(self) -> None:
        self._turns += 1
        allowed = self._limits.turns
        if allowed is not None and self._turns > allowed:
            raise AgentStuck(f"The model answered {allowed} times and changed nothing.")

    def _note_call(self, call: ToolCall) -> None:
        self._open[call.id] = call
        if call.tool in EDITS and _get_edited_file(call) not in self._contents:
            self._remember(_get_edited_file(call))
        key = _build_key(call)
        self._calls[key] += 1
        self._row = self._row + 1 if key == self._last else 1
        self._last = key
        if self._row >= self._limits.in_a_row:
            raise AgentStuck(
                f"The model did the same thing {self._row} times in a row: {self._describe_call(call)}."
            )
        if self._calls[key] >= self._limits.in_total:
            raise AgentStuck(
                f"The model did the same thing {self._calls[key]} times, and changed nothing in "
                f"between: {self._describe_call(call)}."
            )

    def _note_result(self, result: ToolResult) -> None:
        call = self._open.pop(result.id, None)
        if result.failed:
            self._note_failure(result, call)
            return
        self._failed_in_a_row = 0
        for error in [each for each in self._errors if each[0] == result.tool]:
            del self._errors[error]
        if call is not None and call.tool in EDITS and self._is_new_content(call):
            self._reset()

    def _note_failure(self, result: ToolResult, call: ToolCall | None) -> None:
        self._failed_in_a_row += 1
        if self._failed_in_a_row >= self._limits.failures_in_a_row:
            raise AgentStuck(
                f"{self._failed_in_a_row} calls in a row were refused or failed, the last of them: "
                f"{self._describe_call(call)}."
            )
        error = (result.tool, _VOLATILE.sub("#", result.text[:_MAX_ERROR_CHARS]))
        self._errors[error] += 1
        if self._errors[error] >= self._limits.errors:
            raise AgentStuck(
                f"The model met the same error {self._errors[error]} times, and changed nothing in "
                f"between: {self._describe_call(call)}."
            )

    def _remember(self, file: str) -> bool:
        """Note what stands in a file; return whether it stood there before the last change."""
        content = self._read(file)
        mark = hashlib.sha256(content).hexdigest() if content is not None else ""
        seen = self._contents.setdefault(file, [])
        if seen and seen[-1] == mark:
            return False
        before = mark in seen
        seen.append(mark)
        return before

    def _is_new_content(self, call: ToolCall) -> bool:
        """Return whether the edit is news; raise where a file came back once too often.

        The first edit of a file always is: it may have been made before we looked.
        """
        file = _get_edited_file(call)
        first = file not in self._edited
        self._edited.add(file)
        known = len(self._contents.get(file, ()))
        if not self._remember(file):
            return first or len(self._contents[file]) > known
        self._returns[file] += 1
        if self._returns[file] >= self._limits.returns:
            raise AgentStuck(
                f"The model changes a file and undoes it again: {self._describe_call(call)}."
            )
        return False

    def _read_inside(self, file: str) -> bytes | None:
        """Return what stands in a file of the worktree; whatever else is named is not opened."""
        try:
            path = (self._root / file).resolve()
            small = path.is_relative_to(self._root.resolve()) and path.stat().st_size <= _LARGEST
            return path.read_bytes() if small and path.is_file() else None
        except (OSError, ValueError, RuntimeError):
            return None

    def _describe_call(self, call: ToolCall | None) -> str:
        return (narrate(call, self._root) if call else None) or "a call nobody saw"


def _get_edited_file(call: ToolCall) -> str:
    return str(call.arguments.get("file_path", ""))


def _build_key(call: ToolCall) -> str:
    return f"{call.tool} {json.dumps(dict(call.arguments), sort_keys=True, default=repr)}"

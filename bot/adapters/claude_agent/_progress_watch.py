"""Detects that a model repeats itself, from its actions alone."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.claude_agent.program._events import Seen, ToolCall, ToolResult
from bot.adapters.claude_agent.prompting._narration import narrate
from bot.domain.errors import AgentStuck

EDITS = frozenset({"Edit", "MultiEdit", "Write"})
# Addresses, line numbers and durations differ although the error is the same.
_VOLATILE = re.compile(r"0x[0-9a-f]+|\d+(?:\.\d+)?")
_LARGEST = 4 * 1024 * 1024
_MAX_ERROR_CHARS = 2_000  # characters by which errors are compared


@dataclass(frozen=True)
class RepetitionLimits:
    """How often something may happen before it counts as stuck. A change resets the counts.

    `in_a_row` and `in_total` count the same call. `errors` counts the same error, unless the tool
    succeeded in between. `turns` counts answers without a change; `None` for roles that change
    nothing. `returns` counts how often a file may return to an earlier content.
    """

    in_a_row: int = 3
    in_total: int = 5
    errors: int = 4
    failures_in_a_row: int = 8
    returns: int = 2
    turns: int | None = 25


class StuckWatch:
    """Watches all events of one conversation. `root` is the worktree.

    `read` returns the content of an edited file, or `None` if it does not exist; tests replace it.
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
        """Record one event. Raises `AgentStuck`, with a description of the repetition."""
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
            raise AgentStuck(f"The model answered {allowed} times without a change.")

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
                f"The model repeated the same action {self._row} times in a row: "
                f"{self._describe_call(call)}."
            )
        if self._calls[key] >= self._limits.in_total:
            raise AgentStuck(
                f"The model repeated the same action {self._calls[key]} times without a change: "
                f"{self._describe_call(call)}."
            )

    def _note_result(self, result: ToolResult) -> None:
        call = self._open.pop(result.id, None)
        if result.failed:
            self._note_failure(result, call)
            return
        self._failed_in_a_row = 0
        for error in [key for key in self._errors if key[0] == result.tool]:
            del self._errors[error]
        if call is not None and call.tool in EDITS and self._is_new_content(call):
            self._reset()

    def _note_failure(self, result: ToolResult, call: ToolCall | None) -> None:
        self._failed_in_a_row += 1
        if self._failed_in_a_row >= self._limits.failures_in_a_row:
            raise AgentStuck(
                f"{self._failed_in_a_row} calls in a row were refused or failed. The last one: "
                f"{self._describe_call(call)}."
            )
        error = (result.tool, _VOLATILE.sub("#", result.text[:_MAX_ERROR_CHARS]))
        self._errors[error] += 1
        if self._errors[error] >= self._limits.errors:
            raise AgentStuck(
                f"The model met the same error {self._errors[error]} times without a change: "
                f"{self._describe_call(call)}."
            )

    def _remember(self, file: str) -> bool:
        """Record the content of a file; return whether the file had this content before."""
        content = self._read(file)
        digest = hashlib.sha256(content).hexdigest() if content is not None else ""
        digests = self._contents.setdefault(file, [])
        if digests and digests[-1] == digest:
            return False
        is_old = digest in digests
        digests.append(digest)
        return is_old

    def _is_new_content(self, call: ToolCall) -> bool:
        """Return whether the edit made a new content.

        Raises `AgentStuck` after too many returns.

        The first edit of a file always counts as new: it may have been made before the first
        reading.
        """
        file = _get_edited_file(call)
        first = file not in self._edited
        self._edited.add(file)
        count = len(self._contents.get(file, ()))
        if not self._remember(file):
            return first or len(self._contents[file]) > count
        self._returns[file] += 1
        if self._returns[file] >= self._limits.returns:
            raise AgentStuck(
                f"The model changes a file and reverts it again: {self._describe_call(call)}."
            )
        return False

    def _read_inside(self, file: str) -> bytes | None:
        """Return the content of a file in the worktree; other files are not opened."""
        try:
            path = (self._root / file).resolve()
            small = path.is_relative_to(self._root.resolve()) and path.stat().st_size <= _LARGEST
            return path.read_bytes() if small and path.is_file() else None
        except (OSError, ValueError, RuntimeError):
            return None

    def _describe_call(self, call: ToolCall | None) -> str:
        return (narrate(call, self._root) if call else None) or "an unknown call"


def _get_edited_file(call: ToolCall) -> str:
    return str(call.arguments.get("file_path", ""))


def _build_key(call: ToolCall) -> str:
    return f"{call.tool} {json.dumps(dict(call.arguments), sort_keys=True, default=repr)}"

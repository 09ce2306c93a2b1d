"""Reads the to-do list of a model, and what it says and does in full, for the transcript."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from theseus_observe.redaction import redact

from bot.adapters.claude_agent.program._events import ModelText, Seen, ToolCall, ToolResult
from bot.adapters.claude_agent.prompting._texts import clip
from bot.domain.progress import MOST_TODOS, Todo, TranscriptEntry

_TODO_TOOL = "TodoWrite"
_LONGEST_TODO = 300
_LONGEST_TEXT = 8_000
_LONGEST_RESULT = 3_000
_STATUSES: Mapping[object, str] = {"in_progress": "active", "completed": "done"}


def read_todos(event: Seen) -> tuple[Todo, ...] | None:
    """Return the new to-do list if the event is one; `None` for all other events."""
    if not isinstance(event, ToolCall) or event.tool != _TODO_TOOL:
        return None
    return parse_todos(event.arguments)


def parse_todos(arguments: Mapping[str, object]) -> tuple[Todo, ...]:
    """Return the redacted list of a `TodoWrite` call. Items of another form are left out."""
    items = arguments.get("todos")
    found = []
    for item in items[:MOST_TODOS] if isinstance(items, list) else ():
        text = item.get("content") if isinstance(item, dict) else None
        if isinstance(text, str) and text.strip():
            status = _STATUSES.get(item.get("status"), "pending")
            shown = redact(text)[:_LONGEST_TODO]
            found.append(Todo.model_validate({"text": shown, "status": status}))
    return tuple(found)


def build_entry(event: Seen, author: str, root: Path) -> TranscriptEntry | None:
    """Return what an event adds to the transcript, redacted, with paths relative to `root`."""
    match event:
        case ModelText(text=text):
            return TranscriptEntry(
                author=author, kind="text", text=_shorten(text, root, _LONGEST_TEXT)
            )
        case ToolCall(tool=tool, arguments=arguments):
            text = "\n".join([tool.removeprefix("mcp__theseus__"), *_list_arguments(arguments)])
            return TranscriptEntry(
                author=author, kind="call", text=_shorten(text, root, _LONGEST_TEXT)
            )
        case ToolResult(failed=failed, text=text):
            text = f"failed: {text}" if failed else text
            return TranscriptEntry(
                author=author, kind="result", text=_shorten(text, root, _LONGEST_RESULT)
            )
        case _:
            return None


def _list_arguments(arguments: Mapping[str, object]) -> Sequence[str]:
    """Return a line for each argument; the sides of an edit are marked as in a diff."""
    lines = []
    for name, value in arguments.items():
        mark = {"old_string": "- ", "new_string": "+ "}.get(name)
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        if mark:
            lines += [f"{mark}{line}" for line in text.splitlines()]
        else:
            lines.append(f"{name}: {text}")
    return lines


def _shorten(text: str, root: Path, limit: int) -> str:
    """Return the text without secrets and the worktree's own folder, cut at `limit` characters.

    Secrets are replaced before the text is cut: half a secret is not recognised.
    """
    for folder in (root, root.resolve()):
        text = text.replace(f"{folder}/", "").replace(str(folder), ".")
    return clip(redact(text), limit)

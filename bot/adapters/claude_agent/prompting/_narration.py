"""Describes what the model does in one short line for the card, without outputs and folders."""

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path

from bot.adapters.claude_agent.program._events import ModelText, Seen, ToolCall
from bot.adapters.claude_agent.prompting._plain_text import escape_text, format_code, strip_folders
from bot.adapters.claude_agent.prompting._transcript_entries import parse_todos

LIMIT = 120
_PREFIX = "mcp__theseus__"
_ROOM = 60  # characters for text in backticks
_PLAIN_QUOTES = str.maketrans("“”„‟", '""""')

Tell = Callable[[Mapping[str, object], Path], str]


def narrate(event: Seen, root: Path) -> str | None:
    """Return the line for one event, or `None` if people do not need to see it.

    `root` is the worktree. The line has at most 120 characters. Secrets are redacted; mentions,
    markup and links are disabled; absolute paths are shortened.
    """
    if isinstance(event, ModelText):
        return _quote(event.text) or None
    if not isinstance(event, ToolCall):
        return None
    tell = _NARRATORS.get(event.tool.removeprefix(_PREFIX))
    if tell is None:
        return f"calls `{format_code(event.tool, _ROOM)}`"
    return tell(event.arguments, root)


def _quote(text: str) -> str:
    """Return the model's words between quotation marks, which they cannot close; "" if empty."""
    words = escape_text(strip_folders(text.translate(_PLAIN_QUOTES)), LIMIT - 2)
    return f"“{words}”" if words else ""


def _get_text(arguments: Mapping[str, object], name: str) -> str:
    value = arguments.get(name)
    return value if isinstance(value, str) else ""


def _format_path(arguments: Mapping[str, object], root: Path, name: str = "file_path") -> str:
    """Return the path for people: relative to the worktree's root, or only its last name."""
    shown = _get_text(arguments, name)
    path = Path(shown)
    if path.is_absolute():
        for top in (root, root.resolve()):
            if path.is_relative_to(top):
                shown = path.relative_to(top).as_posix()
                break
        else:
            shown = f"…/{path.name}"
    return f"`{format_code(strip_folders(shown), _ROOM)}`"


def _split_lines(text: str) -> list[str]:
    return text.splitlines()[:2_000]


def _format_line_counts(before: str, after: str) -> str:
    old, new = _split_lines(before), _split_lines(after)
    unchanged = sum(
        block.size
        for block in difflib.SequenceMatcher(None, old, new, autojunk=True).get_matching_blocks()
    )
    return f"(+{len(new) - unchanged} \u2212{len(old) - unchanged})"


def _describe_edit(arguments: Mapping[str, object], root: Path) -> str:
    counts = _format_line_counts(
        _get_text(arguments, "old_string"), _get_text(arguments, "new_string")
    )
    return f"edits {_format_path(arguments, root)} {counts}"


def _describe_write(arguments: Mapping[str, object], root: Path) -> str:
    lines = len(_get_text(arguments, "content").splitlines())
    return f"writes {_format_path(arguments, root)} ({lines} line{'' if lines == 1 else 's'})"


def _describe_search(arguments: Mapping[str, object], root: Path) -> str:
    pattern = strip_folders(_get_text(arguments, "pattern"))
    return f"searches for `{format_code(pattern, _ROOM)}`"


def _describe_command(arguments: Mapping[str, object], root: Path) -> str:
    command = _get_text(arguments, "command").replace(f"{root}/", "").replace(str(root), ".")
    return f"runs `{format_code(strip_folders(command), _ROOM)}`"


def _build_narrator(verb: str, argument: str) -> Tell:
    def tell(arguments: Mapping[str, object], root: Path) -> str:
        value = strip_folders(_get_text(arguments, argument))
        return f"{verb}{escape_text(value, LIMIT - len(verb))}"

    return tell


def _build_fixed_narrator(line: str) -> Tell:
    return lambda arguments, root: line


def _describe_journal_search(arguments: Mapping[str, object], root: Path) -> str:
    query = _get_text(arguments, "text") or _get_text(arguments, "event")
    return f"searches the journal for `{format_code(strip_folders(query), _ROOM)}`"


def _describe_todos(arguments: Mapping[str, object], root: Path) -> str:
    """Return the step that the list marks as current; the list itself is shown above it."""
    todos = parse_todos(arguments)
    current = next((todo.text for todo in todos if todo.status == "active"), "")
    if current:
        return f"now: {escape_text(strip_folders(current), LIMIT - 5)}"
    return "updates its to-do list"


_NARRATORS: Mapping[str, Tell] = {
    "Read": lambda arguments, root: f"reads {_format_path(arguments, root)}",
    "LS": lambda arguments, root: f"looks into {_format_path(arguments, root, 'path')}",
    "Glob": _describe_search,
    "Grep": _describe_search,
    "Edit": _describe_edit,
    "MultiEdit": lambda arguments, root: f"edits {_format_path(arguments, root)}",
    "Write": _describe_write,
    "Bash": _describe_command,
    "TodoWrite": _describe_todos,
    "StructuredOutput": _build_fixed_narrator("writes its answer"),
    "git_branch_create": _build_fixed_narrator("checks which branch it is on"),
    "git_commit": _build_narrator("commits: ", "message"),
    "git_diff": _build_fixed_narrator("reviews its own change"),
    "git_log": _build_fixed_narrator("reads the history"),
    "git_show": _build_fixed_narrator("looks at a commit"),
    "git_pr_create": _build_narrator("drafts the pull request: ", "title"),
    "format": _build_fixed_narrator("formats its files"),
    "check": _build_narrator("runs the checks of ", "what"),
    "run_tests": _build_fixed_narrator("runs the tests"),
    "journal_search": _describe_journal_search,
    "memory_search": _build_fixed_narrator("searches its memory"),
    "research": _build_narrator("looks up: ", "question"),
    "cite": _build_narrator("states with a source: ", "claim"),
    "report_progress": lambda arguments, root: _quote(_get_text(arguments, "text")),
    "ask_person": _build_narrator("asks: ", "question"),
    "cannot": _build_narrator("says it cannot: ", "reason"),
    "unrelated": _build_narrator("says that its change did not cause: ", "check"),
    "not_done": _build_narrator("leaves out: ", "asked"),
    "own_file": lambda arguments, root: f"asks to own {_format_path(arguments, root, 'path')}",
}

"""What the model does, one short line for the card: never its tools' output, never a folder."""

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path

from bot.adapters.claude_agent._events import Called, Seen, Spoke
from bot.adapters.claude_agent._plain_text import shown, without_folders, words

LIMIT = 120
_PREFIX = "mcp__theseus__"
_ROOM = 60  # for what stands between backticks

Tell = Callable[[Mapping[str, object], Path], str]


def narrate(event: Seen, root: Path) -> str | None:
    """Return the line for one event; `None` where there is nothing people should read.

    `root` is the worktree. The line has at most 120 characters; secrets are redacted, mentions,
    markup and links are dead, absolute paths are cut.
    """
    if isinstance(event, Spoke):
        said = words(without_folders(event.text), LIMIT - 2)
        return f"“{said}”" if said else None
    if not isinstance(event, Called):
        return None
    tell = _TOLD.get(event.tool.removeprefix(_PREFIX))
    if tell is None:
        return f"calls `{shown(event.tool, _ROOM)}`"
    return tell(event.arguments, root)


def _text(arguments: Mapping[str, object], name: str) -> str:
    value = arguments.get(name)
    return value if isinstance(value, str) else ""


def _file(arguments: Mapping[str, object], root: Path, name: str = "file_path") -> str:
    """Return the path as people know it: from the worktree's root, or only its last name."""
    given = _text(arguments, name)
    path = Path(given)
    if path.is_absolute():
        for top in (root, root.resolve()):
            if path.is_relative_to(top):
                given = path.relative_to(top).as_posix()
                break
        else:
            given = f"…/{path.name}"
    return f"`{shown(without_folders(given), _ROOM)}`"


def _lines(text: str) -> list[str]:
    return text.splitlines()[:2_000]


def _counts(before: str, after: str) -> str:
    old, new = _lines(before), _lines(after)
    kept = sum(
        block.size
        for block in difflib.SequenceMatcher(None, old, new, autojunk=True).get_matching_blocks()
    )
    return f"(+{len(new) - kept} \u2212{len(old) - kept})"


def _edits(arguments: Mapping[str, object], root: Path) -> str:
    counts = _counts(_text(arguments, "old_string"), _text(arguments, "new_string"))
    return f"edits {_file(arguments, root)} {counts}"


def _writes(arguments: Mapping[str, object], root: Path) -> str:
    lines = len(_text(arguments, "content").splitlines())
    return f"writes {_file(arguments, root)} ({lines} line{'' if lines == 1 else 's'})"


def _searches(arguments: Mapping[str, object], root: Path) -> str:
    pattern = without_folders(_text(arguments, "pattern"))
    return f"searches for `{shown(pattern, _ROOM)}`"


def _runs(arguments: Mapping[str, object], root: Path) -> str:
    command = _text(arguments, "command").replace(f"{root}/", "").replace(str(root), ".")
    return f"runs `{shown(without_folders(command), _ROOM)}`"


def _says(verb: str, argument: str) -> Tell:
    def tell(arguments: Mapping[str, object], root: Path) -> str:
        given = without_folders(_text(arguments, argument))
        return f"{verb}{words(given, LIMIT - len(verb))}"

    return tell


def _plainly(line: str) -> Tell:
    return lambda arguments, root: line


def _remembers(arguments: Mapping[str, object], root: Path) -> str:
    wanted = _text(arguments, "text") or _text(arguments, "event")
    return f"looks in the journal for `{shown(without_folders(wanted), _ROOM)}`"


_TOLD: Mapping[str, Tell] = {
    "Read": lambda arguments, root: f"reads {_file(arguments, root)}",
    "LS": lambda arguments, root: f"looks into {_file(arguments, root, 'path')}",
    "Glob": _searches,
    "Grep": _searches,
    "Edit": _edits,
    "MultiEdit": lambda arguments, root: f"edits {_file(arguments, root)}",
    "Write": _writes,
    "Bash": _runs,
    "StructuredOutput": _plainly("writes its answer"),
    "git_branch_create": _plainly("looks which branch it is on"),
    "git_commit": _says("commits: ", "message"),
    "git_diff": _plainly("looks at its own change"),
    "git_log": _plainly("looks at what was changed before"),
    "git_show": _plainly("looks at a commit"),
    "git_pr_create": _says("drafts the pull request: ", "title"),
    "run_typecheck": _plainly("runs the type check"),
    "run_tests": _plainly("runs the tests"),
    "journal_search": _remembers,
    "memory_search": _plainly("looks for what is remembered of it"),
    "report_progress": _says("", "text"),
    "ask_person": _says("asks: ", "question"),
    "cannot": _says("says it cannot: ", "reason"),
    "unrelated": _says("says it is not behind: ", "check"),
    "not_done": _says("leaves out: ", "asked"),
    "own_file": lambda arguments, root: f"asks to own {_file(arguments, root, 'path')}",
}

"""Answers about files: what tends to break with them."""

from collections.abc import Sequence

from bot.domain.run_cases import BreakingFault, FileHistory
from bot.presentation.counts import format_count
from bot.presentation.markdown import escape_line
from bot.presentation.times import format_timestamp

_MOST_FILES = 3
_WHICH_FILE = "Which file? Ask for example “what tends to break with cogs/dice.py?”"


def render_tendency(subject: str, files: Sequence[FileHistory]) -> str:
    """Return what tends to break with the files that `subject` can mean, counted over runs."""
    if not subject:
        return _WHICH_FILE
    name = escape_line(subject, 80).replace("`", "")
    if not files:
        return f"No run of mine was about `{name}`, so I know of nothing that tends to break there."
    lines = [line for each in files[:_MOST_FILES] for line in _list_lines(each)]
    if len(files) > _MOST_FILES:
        lines.append(f"{len(files) - _MOST_FILES} more files have that name. Write the whole path.")
    return "\n".join(lines)


def _list_lines(history: FileHistory) -> list[str]:
    lines = [f"**{escape_line(history.file, 120)}**"]
    if not (history.faults or history.after_changes):
        lines.append("Nothing broke there, and nothing after its changes, as far as my runs show.")
    lines += [f"• {_format_fault(each)}" for each in history.faults]
    lines += [f"• after a change of it: {_format_fault(each)}" for each in history.after_changes]
    if history.together:
        others = ", ".join(
            f"`{escape_line(file, 80)}` ({format_count(count, 'time')})"
            for file, count in history.together
        )
        lines.append(f"Changed together with {others}.")
    return lines


def _format_fault(fault: BreakingFault) -> str:
    ends = [f"{format_count(fault.runs, 'run')}"]
    ends += [f"{fault.held} fixed for good"] if fault.held else []
    ends += [f"{fault.did_not_hold} did not hold"] if fault.did_not_hold else []
    ends += [format_count(fault.reports, "report")] if fault.reports else []
    where = f" in {escape_line(fault.function, 60)}()" if fault.function else ""
    newest = format_timestamp(fault.newest, "R")
    return f"{escape_line(fault.fault, 60)}{where}: {', '.join(ends)}, last {newest}"

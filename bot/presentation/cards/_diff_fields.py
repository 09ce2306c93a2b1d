"""The start of a diff, as fields of a card."""

from collections.abc import Iterator

from theseus_guard import FilePatch, is_test_file, parse
from theseus_guard.text_direction import isolate

from bot.domain.change import rank_path
from bot.domain.posts import CardField
from bot.presentation.cards._text import fit_lines
from bot.presentation.counts import format_list

_MOST_DIFFS = 2
_MOST = 600  # characters of one file
_FENCE = "```"


def iterate_diff_fields(diff: str, attached: str) -> Iterator[CardField]:
    """Yield the start of the diff, one field a file, code first; then what is left out, and where.

    Each field is redacted on its own, so text next to the diff cannot remove a line of it. A file
    is left to the attachment if one of its lines could close the code fence around it.
    """
    patches = sorted(parse(diff), key=lambda patch: rank_path(patch.path))
    left: list[str] = []
    shown = 0
    for patch in patches:
        text, path = isolate(_render_hunks(patch)), isolate(patch.path)
        if shown == _MOST_DIFFS or not text or _FENCE in text or is_test_file(patch.path):
            left.append(f"`{path}`{_describe_omission(patch, text)}")
            continue
        part = fit_lines(text.split("\n"), _MOST)
        if not part:
            left.append(f"`{path}`")
            continue
        shown += 1
        yield CardField(name=f"Diff of {path}", value=f"{_FENCE}diff\n{part}\n{_FENCE}")
        if part != text:
            left.append(f"the rest of `{path}`")
    if left:
        omissions = format_list(left, 6)
        yield CardField(name="Not shown here", value=f"{omissions}. All of it is in `{attached}`.")


def _render_hunks(patch: FilePatch) -> str:
    """Return a file's hunks exactly as git wrote them."""
    lines: list[str] = []
    for hunk in patch.hunks:
        lines.append(hunk.header)
        lines += [sign + text for sign, text in hunk.lines]
    return "\n".join(lines)


def _describe_omission(patch: FilePatch, text: str) -> str:
    if patch.binary:
        return " (binary: read it at the pull request)"
    return "" if text else f" ({patch.status}, no line changed)"

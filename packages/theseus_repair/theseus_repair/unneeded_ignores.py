"""Removes type checker comments that an edit made unneeded.

`# type: ignore[call-overload]` on a call is unneeded once the call is right, and a project whose
checker warns about such comments accepts no change that leaves them.
"""

import re
from collections.abc import Mapping

_ERROR = re.compile(r"^(?P<path>[^\s:][^:\n]*):(?P<line>\d+)(?::\d+)*: error: (?P<text>.*)$", re.M)
_UNUSED = re.compile(r'Unused "type: ignore(?:\[(?P<codes>[\w, -]+)\])?" comment')
_COMMENT = re.compile(r"[ \t]*#\s*type:\s*ignore(?:\[(?P<codes>[^\]\n]*)\])?")


def remove_unneeded_ignores(output: str, texts: Mapping[str, str]) -> dict[str, str]:
    """Return the texts without the comments that a checker's output calls unneeded.

    Return an empty dictionary if the checker has any other error, or one in another file.
    """
    errors = list(_ERROR.finditer(output))
    lines = {path: text.split("\n") for path, text in texts.items()}
    for error in errors:
        unused, own = _UNUSED.search(error["text"]), lines.get(error["path"], [])
        place = int(error["line"]) - 1
        if unused is None or place >= len(own):
            return {}
        shorter = _strip_ignore(own[place], set(_split_codes(unused["codes"])))
        if shorter == own[place]:
            return {}
        own[place] = shorter
    return {path: "\n".join(own) for path, own in lines.items()} if errors else {}


def _strip_ignore(line: str, unused: set[str]) -> str:
    """Return the line without the unneeded codes, or without the comment if none is left."""
    comments = list(_COMMENT.finditer(line))
    if not comments:
        return line
    found = comments[-1]  # a string may contain one too, but the comment is last
    needed = [code for code in _split_codes(found["codes"]) if unused and code not in unused]
    rest = f"  # type: ignore[{', '.join(needed)}]" if needed else ""
    return f"{line[: found.start()]}{rest}{line[found.end() :]}".rstrip()


def _split_codes(listed: str | None) -> list[str]:
    return [code.strip() for code in (listed or "").split(",") if code.strip()]

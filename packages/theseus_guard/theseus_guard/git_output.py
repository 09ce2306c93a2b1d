"""Reads git's machine formats: NUL-separated, so any file name is just a name."""

from theseus_guard.records import FileChange

_STATUS = {"A": "added", "D": "deleted", "R": "renamed"}


def name_of(raw: bytes) -> str:
    """Return a file name as text; bytes that are not UTF-8 are shown as such."""
    return raw.decode(errors="replace")


def parse_names(out: bytes) -> tuple[str, ...]:
    """Return the names of a `-z --name-only` listing."""
    return tuple(name_of(raw) for raw in out.split(b"\0") if raw)


def parse_file_changes(out: bytes) -> tuple[FileChange, ...]:
    """Return the files of `diff -z -M --raw --numstat`.

    A rename gives two entries: the new path as `renamed` with its lines, and the old path as
    `deleted` without lines, so that a removed file cannot be overlooked.
    """
    fields = iter(out.split(b"\0"))
    status: dict[str, str] = {}
    counted: dict[str, tuple[int, int]] = {}
    for field in fields:
        if field.startswith(b":"):
            letter = field.rsplit(b" ", 1)[1][:1].decode()
            path = name_of(next(fields))
            if letter == "R":
                status[path] = "D"
                path = name_of(next(fields))
            status[path] = letter
        elif field:
            added, removed, raw = field.split(b"\t", 2)
            if not raw:
                next(fields)
                raw = next(fields)
            counted[name_of(raw)] = (_parse_count(added), _parse_count(removed))
    return tuple(
        FileChange.model_validate(
            {
                "path": path,
                "status": _STATUS.get(letter, "modified"),
                "added": counted.get(path, (0, 0))[0],
                "removed": counted.get(path, (0, 0))[1],
            }
        )
        for path, letter in sorted(status.items())
    )


def _parse_count(count: bytes) -> int:
    """Return a numstat count; a binary file's is a hyphen."""
    return int(count) if count.isdigit() else 0

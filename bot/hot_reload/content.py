"""What an item holds: its files, their digest, and how two of them differ."""

import difflib
import hashlib
import json
import zlib
from collections.abc import Mapping
from functools import cached_property

from bot.domain.skill import Skill
from bot.skills import build_skill

_LONGEST_DIFF = 60_000
"""Characters. A whole rewrite is cut: the texts themselves are kept."""
UNCOMPRESSED = zlib.compress(b"", 0)[:2]
"""How a packed content begins that was not compressed: zlib's header says so."""


class ItemContent:
    """Files by their paths from the root, with forward slashes. Equal where all bytes are."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files: Mapping[str, bytes] = dict(sorted(files.items()))
        self._skill: Skill | None = None

    @cached_property
    def digest(self) -> str:
        """SHA-256 of paths and bytes, hexadecimal."""
        mark = hashlib.sha256()
        for path, data in self.files.items():
            mark.update(f"{len(path.encode())}:{path}:{len(data)}:".encode())
            mark.update(data)
        return mark.hexdigest()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(map(len, self.files.values()))

    @property
    def text(self) -> str:
        """The text of one file; of several, each under its path."""
        if len(self.files) == 1:
            return _decode(next(iter(self.files.values())))
        return "\n".join(f"=== {path}\n{_decode(data)}" for path, data in self.files.items())

    def get_skill(self, name: str) -> Skill:
        """Return the skill of that name that these files are, read once.

        Raises `ConfigError`, which names the file, the line, and the way out.
        """
        if self._skill is None or self._skill.name != name:
            self._skill = build_skill(name, self.files)
        return self._skill

    def pack(self, *, compressed: bool = True) -> bytes:
        """Return all of it for `unpack`. What is not `compressed` begins with `UNCOMPRESSED`."""
        texts = {path: data.decode("latin-1") for path, data in self.files.items()}
        return zlib.compress(json.dumps(texts).encode(), -1 if compressed else 0)


def unpack(packed: bytes) -> ItemContent:
    """Return what `pack` gave. Raises `ValueError` for anything else."""
    try:
        texts = json.loads(zlib.decompress(packed))
        return ItemContent({path: data.encode("latin-1") for path, data in texts.items()})
    except (zlib.error, AttributeError) as error:
        raise ValueError(f"a kept version cannot be read: {error}") from error


def build_diff(before: ItemContent | None, after: ItemContent) -> str:
    """Return a unified diff, file by file, cut where it is longer than anybody reads."""
    old = before.files if before is not None else {}
    lines: list[str] = []
    for path in sorted({*old, *after.files}):
        a, b = old.get(path), after.files.get(path)
        if a == b:
            continue
        lines += difflib.unified_diff(
            _decode(a or b"").splitlines(),
            _decode(b or b"").splitlines(),
            f"a/{path}" if a is not None else "/dev/null",
            f"b/{path}" if b is not None else "/dev/null",
            lineterm="",
        )
    whole = "\n".join(lines)
    return whole if len(whole) <= _LONGEST_DIFF else f"{whole[:_LONGEST_DIFF]}\n[cut]"


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "replace")

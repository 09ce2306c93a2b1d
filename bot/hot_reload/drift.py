"""Whether the process still runs what the checkout holds: core files that changed under it."""

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

from theseus_guard.git_output import parse_names
from theseus_guard.record import Record

from bot.domain.adoption import filter_by_way
from bot.infra.git import Git

_MAX_LISTED = 3


class Drift(Record):
    """Core files that are not as they were when the process started, and where the checkout is."""

    started: str
    head: str
    files: tuple[str, ...]

    @property
    def description(self) -> str:
        """A text for people: which files differ, and what to do."""
        shown = ", ".join(f"`{file}`" for file in self.files[:_MAX_LISTED])
        more = len(self.files) - _MAX_LISTED
        shown += f" and {more} more" if more > 0 else ""
        moved = self.head != self.started
        where = f"the checkout is at `{self.head[:7]}`" if moved else "nothing was committed"
        return (
            f"I run the core of `{self.started[:7]}`, and {shown} changed in the checkout since "
            f"({where}). A restart takes that on: `sudo systemctl restart theseus`, or however "
            "you start me."
        )


class DriftCheck:
    """Compares the checkout with what it was when the process started. Blocking.

    What was uncommitted at the start is what the process runs; only what changes after counts.
    `started` is whose core code runs, where the checkout may have moved on before the process was
    there.
    """

    def __init__(self, git: Git, started: str = "") -> None:
        self._git = git
        self._root = git.folder
        head = git.resolve_revision("HEAD")
        self.started = started or head
        edited = self._list_differing_files(head)
        self._at_start: Mapping[str, str] = {file: self._mark(file) for file in edited}

    def look(self, expected: Collection[str] = ()) -> Drift | None:
        """Return the drift of core files, or `None`; files with an `expected` restart do not count.

        Raises `WorkspaceError`.
        """
        differing = set(self._list_differing_files(self.started)) | self._at_start.keys()
        files = [
            file
            for file in sorted(differing - set(expected))
            if self._mark(file) != self._at_start.get(file, "as committed")
        ]
        if not files:
            return None
        return Drift(
            started=self.started, head=self._git.resolve_revision("HEAD"), files=tuple(files)
        )

    def _list_differing_files(self, commit: str) -> tuple[str, ...]:
        """Return core files that differ from a commit, new ones with them."""
        changed = self._git.run(
            "diff", "-z", "--name-only", "--no-renames", "--no-ext-diff", commit, "--"
        )
        new = self._git.run(
            "ls-files", "-z", "--others", "--exclude-standard", "--", "bot", "packages"
        )
        found = (*parse_names(changed.out), *parse_names(new.out))
        return filter_by_way(found, "restart", "install", "service")

    def _mark(self, file: str) -> str:
        path = Path(self._root) / file
        try:
            return hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:
            return "gone"

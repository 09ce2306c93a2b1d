"""Reads commits of a git repository as plain files. Nothing that the repository names is run."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Self

from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.temporary_folder import open_temporary_folder

# A repository's configuration can name programs: for signatures, for changed files, and to fetch
# the missing objects of a partial clone. Files are read as objects, so that no filter runs either.
_OPTIONS = ("-c", "log.showSignature=false", "-c", "core.fsmonitor=false")
_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
_LINK, _SUBMODULE, _PROGRAM = "120000", "160000", "100755"


class _Entry(NamedTuple):
    mode: str
    object_id: str
    path: str


class Repository:
    """A repository whose commits can be written out as folders. It is never changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Return the repository that contains `folder`. Raises `RehearsalError`."""
        if not folder.is_dir():
            raise RehearsalError(f"--repo: {folder} is no folder.")
        found = _run(folder, "rev-parse", "--git-dir")
        if found.returncode != 0:
            detail = found.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
            raise RehearsalError(f"--repo: {folder} is not in a git repository ({detail}).")
        top = _run(folder, "rev-parse", "--show-toplevel")
        if top.returncode != 0:
            raise RehearsalError(
                f"--repo: {folder} has no checked-out files; use a clone with a work tree."
            )
        return cls(Path(_decode(top.stdout)))

    def find_commit(self, option: str, revision: str) -> str:
        """Return a commit's full id. Raises `RehearsalError` that names the `option`."""
        plain = revision.isprintable() and not revision.startswith("-") and ".." not in revision
        if plain and revision:
            found = _run(self.folder, "rev-parse", "--verify", "-q", f"{revision}^{{commit}}")
            if found.returncode == 0:
                return _decode(found.stdout)
        raise RehearsalError(
            f"{option}: there is no revision {revision[:80]!r} in {self.folder}. In a shallow "
            "clone it may have to be fetched first."
        )

    def list_commits_since(self, revision: str, newest: str) -> tuple[str, ...]:
        """Return the commits from `revision` (the `--since` option) to `newest`, oldest first.

        Only first parents are followed. Raises `RehearsalError` if `newest` does not descend from
        `revision`.
        """
        oldest = self.find_commit("--since", revision)
        if not self._is_ancestor(oldest, newest):
            raise RehearsalError(f"--since: {revision} is not an ancestor of {newest[:7]}.")
        between = self._read("rev-list", "--reverse", "--first-parent", f"{oldest}..{newest}")
        return (oldest, *between.decode().split())

    def list_files(self, commit: str) -> tuple[str, ...]:
        """Return the paths of all files in a commit (a full id)."""
        return tuple(entry.path for entry in self._iterate_entries(commit))

    def find_text(self, commit: str, pattern: str) -> tuple[str, ...]:
        """Return the Python files of a commit in which a line matches an extended pattern."""
        found = _run(self.folder, "grep", "-lzE", "-e", pattern, commit, "--")
        names = found.stdout.decode(errors="replace").split("\0")
        files = (name.partition(":")[2] for name in names)
        return tuple(file for file in files if file.endswith(".py"))

    def sort_by_history(self, one: str, other: str) -> list[str]:
        """Return two commits (full ids), ancestor first; unrelated commits keep their order."""
        newer = one != other and self._is_ancestor(other, one)
        return [other, one] if newer else [one, other]

    def get_subject(self, commit: str) -> str:
        """Return the first line of a commit's message."""
        return _decode(self._read("log", "-1", "--format=%s", commit))

    @asynccontextmanager
    async def open_tree(self, commit: str) -> AsyncIterator[Path]:
        """Write all files of a commit to a temporary folder, which is removed on exit.

        Line ends and contents are as committed. Submodules are left out. Raises `RehearsalError`.
        """
        async with open_temporary_folder("theseus-tree-") as folder:
            await asyncio.to_thread(self._write_files, commit, folder)
            yield folder

    def _is_ancestor(self, older: str, newer: str) -> bool:
        return _run(self.folder, "merge-base", "--is-ancestor", older, newer).returncode == 0

    def _iterate_entries(self, commit: str) -> Iterator[_Entry]:
        for line in self._read("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
            if line:
                described, _, path = os.fsdecode(line).partition("\t")
                mode, _, object_id = described.split()
                yield _Entry(mode, object_id, path)

    def _write_files(self, commit: str, folder: Path) -> None:
        entries = [each for each in self._iterate_entries(commit) if each.mode != _SUBMODULE]
        # Links last: no file of a forged tree is then written through one of them.
        entries.sort(key=lambda each: each.mode == _LINK)
        wanted = "".join(f"{entry.object_id}\n" for entry in entries).encode()
        contents = _iterate_contents(self._read("cat-file", "--batch", stdin=wanted))
        for entry, content in zip(entries, contents, strict=True):
            _write_entry(folder, entry, content)

    def _read(self, *arguments: str, stdin: bytes = b"") -> bytes:
        done = _run(self.folder, *arguments, stdin=stdin)
        if done.returncode != 0:
            detail = done.stderr.decode(errors="replace").strip()
            raise RehearsalError(f"git {arguments[0]} failed in {self.folder}: {detail}")
        return done.stdout


def _write_entry(folder: Path, entry: _Entry, content: bytes) -> None:
    parts = PurePosixPath(entry.path).parts
    if entry.path.startswith("/") or any(part == ".." or part.lower() == ".git" for part in parts):
        raise RehearsalError(f"the commit has a file outside its tree: {entry.path!r}")
    path = folder / entry.path
    path.parent.mkdir(parents=True, exist_ok=True)
    if entry.mode == _LINK:
        path.symlink_to(os.fsdecode(content))
    else:
        path.write_bytes(content)
        path.chmod(0o755 if entry.mode == _PROGRAM else 0o644)


def _iterate_contents(batch: bytes) -> Iterator[bytes]:
    """Yield the contents in the output of `git cat-file --batch`."""
    at = 0
    while at < len(batch):
        end = batch.index(b"\n", at)
        header = batch[at:end].split()
        if len(header) != 3:
            raise RehearsalError(f"an object is missing: {batch[at:end].decode()}")
        start, size = end + 1, int(header[2])
        yield batch[start : start + size]
        at = start + size + 1


def _run(folder: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    # Variables of a hook that started us would lead git to another repository.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        return subprocess.run(
            ["git", "--no-pager", *_OPTIONS, *arguments],
            cwd=folder,
            env=inherited | _ENVIRONMENT,
            input=stdin,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise RehearsalError("git is not installed, or is not on PATH.") from error


def _decode(out: bytes) -> str:
    return out.decode(errors="replace").strip()

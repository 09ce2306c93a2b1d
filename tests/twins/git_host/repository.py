"""The bare repository behind the twin. What GitHub does with git, git does here."""

import atexit
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import NamedTuple

NO_COMMIT = "0" * 40
_NOREPLY = "noreply@github.com"
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "GitHub",
    "GIT_AUTHOR_EMAIL": _NOREPLY,
    "GIT_COMMITTER_NAME": "GitHub",
    "GIT_COMMITTER_EMAIL": _NOREPLY,
    "GIT_TEMPLATE_DIR": "",  # no dozen samples of hooks in each new repository
}

_CONFIG = """
[http]
    receivepack = true
[uploadpack]
    allowAnySHA1InWant = true
[receive]
    hideRefs = refs/pull
[gc]
    auto = 0
"""

_made: dict[tuple[str, tuple[tuple[str, str | None], ...], str], Path] = {}


class Unmergeable(Exception):
    """The two sides change the same lines."""


class Size(NamedTuple):
    """How large a change is."""

    commits: int
    additions: int
    deletions: int
    files: int


class Repository:
    """Git work of the twin: synchronous and short, so that no other request runs in between."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._facts: dict[tuple[str, ...], str] = {}  # commits never change

    def create(self, branch: str, start: Mapping[str, str | None] | Path, author: str) -> None:
        """Make the repository, with one commit of files or with the head of another.

        One of the same files is made once and copied: clones of it can be copied as well then.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(start, Path):
            self._init_bare(branch)
            self.run_git("fetch", "-q", str(start), f"+HEAD:refs/heads/{branch}")
            return
        key = branch, tuple(start.items()), author
        if key not in _made:
            made = Path(mkdtemp(prefix="twin-"))
            atexit.register(shutil.rmtree, made, ignore_errors=True)
            first = Repository(made / "first.git")
            first._init_bare(branch)
            first.commit(branch, start, "First", author)
            _made[key] = first.folder
        shutil.copytree(_made[key], self.folder)

    def _init_bare(self, branch: str) -> None:
        _run(("init", "-q", "--bare", f"--initial-branch={branch}", str(self.folder)))
        with (self.folder / "config").open("a") as config:
            config.write(_CONFIG)

    def run_git(self, *arguments: str, stdin: str | None = None) -> str:
        """Run git in the repository; return what it said."""
        return self.run_for_result(*arguments, stdin=stdin).stdout.strip()

    def run_for_result(
        self, *arguments: str, stdin: str | None = None, ok: Sequence[int] = (0,)
    ) -> "_Done":
        """Do the same, and return how it went."""
        done = _run((f"--git-dir={self.folder}", *arguments), stdin)
        assert done.returncode in ok, f"git {arguments}: {done.stderr}"
        return done

    def list_heads(self) -> dict[str, str]:
        """Return every branch and its commit."""
        return {
            name.removeprefix("refs/heads/"): commit
            for name, commit in self.list_refs("heads").items()
        }

    def list_refs(self, below: str) -> dict[str, str]:
        """Return the refs below `refs/<below>`, by name. Read without git: it is done so often."""
        prefix, found = f"refs/{below}", {}
        packed = self.folder / "packed-refs"
        for line in packed.read_text().splitlines() if packed.exists() else ():
            if not line.startswith(("#", "^")):
                commit, name = line.split(" ", 1)
                found[name] = commit
        loose = self.folder / prefix
        for path in (loose, *loose.rglob("*")):
            if path.is_file() and path.suffix != ".lock":
                found[path.relative_to(self.folder).as_posix()] = path.read_text().strip()
        return {
            name: found[name]
            for name in sorted(found)
            if name == prefix or name.startswith(f"{prefix}/")
        }

    def get_kind(self, commit: str) -> str:
        """Return the type of an object."""
        return self._query("cat-file", "-t", commit)

    def resolve(self, name: str) -> str | None:
        """Return the commit of a branch, tag or id."""
        for each in (f"refs/heads/{name}", f"refs/tags/{name}", name):
            done = self.run_for_result(
                "rev-parse", "-q", "--verify", f"{each}^{{commit}}", ok=(0, 1, 128)
            )
            if done.returncode == 0:
                return done.stdout.strip()
        return None

    def is_ancestor(self, commit: str, ancestor: str) -> bool:
        """Return whether `whole` contains the commit `part`."""
        key = ("holds", commit, ancestor)
        if key not in self._facts:
            done = self.run_for_result("merge-base", "--is-ancestor", ancestor, commit, ok=(0, 1))
            self._facts[key] = "yes" if done.returncode == 0 else ""
        return bool(self._facts[key])

    def measure_size(self, base: str, head: str) -> Size:
        """Return how much `head` adds to `base`."""
        commits = int(self._query("rev-list", "--count", f"{base}..{head}"))
        lines = self._query("diff", "--numstat", f"{base}...{head}").splitlines()
        counts = [line.split("\t")[:2] for line in lines]
        numbers = [[int(each) if each.isdigit() else 0 for each in pair] for pair in counts]
        return Size(commits, sum(n[0] for n in numbers), sum(n[1] for n in numbers), len(counts))

    def is_related(self, one: str, other: str) -> bool:
        """Return whether two commits have history in common."""
        return self.run_for_result("merge-base", one, other, ok=(0, 1)).returncode == 0

    def get_message(self, commit: str, form: str = "%B") -> str:
        """Return a commit's message, or another part of it."""
        return self._query("log", "-1", f"--format={form}", commit)

    def move(self, ref: str, to: str, expected: str | None = None) -> None:
        """Move a ref; with `expected`, only from that commit."""
        self.run_git("update-ref", ref, to, *([] if expected is None else [expected]))

    def delete(self, ref: str) -> None:
        """Delete a ref."""
        self.run_git("update-ref", "-d", ref)

    # ------------------------------------------------------------------------------------- merging

    def merge(self, base: str, head: str, message: str) -> str:
        """Return a new merge commit of the two, on no branch yet; may raise `Unmergeable`."""
        return self._commit(self._merge_trees(base, head), (base, head), message)

    def squash(self, base: str, head: str, message: str) -> str:
        """Return one new commit on `base` with everything of `head`."""
        return self._commit(self._merge_trees(base, head), (base,), message)

    def rebase(self, base: str, head: str) -> str:
        """Return the last of `head`'s commits after creating each again on top of `base`."""
        return self._run_in_worktree(base, "cherry-pick", "--allow-empty", f"{base}..{head}")

    def revert(self, base: str, merged: str, message: str) -> str:
        """Return a commit on `base` that reverts another."""
        parents = self.get_message(merged, "%P").split()
        side = ["-m", "1"] if len(parents) > 1 else []
        undone = self._run_in_worktree(base, "revert", "--no-edit", *side, merged)
        return self._commit(self.run_git("rev-parse", f"{undone}^{{tree}}"), (base,), message)

    def commit(
        self, branch: str, files: Mapping[str, str | None], message: str, author: str
    ) -> str:
        """Commit files on a branch and return the commit; `None` removes a file."""
        present = self.list_heads().get(branch)
        signed = f"{author} <{author}@users.noreply.github.com> now"
        lines = [
            f"commit refs/heads/{branch}",
            f"author {signed}",
            f"committer {signed}",
            _format_inline(message),
            *([] if present is None else [f"from {present}"]),
        ]
        for name, content in files.items():
            if content is None:
                lines.append(f"D {name}")
            else:
                lines += [f"M 100644 inline {name}", _format_inline(content)]
        stream = "\n".join([*lines, ""])
        self.run_git("fast-import", "--quiet", "--date-format=now", stdin=stream)
        return self.list_heads()[branch]

    def _query(self, *arguments: str) -> str:
        """Return what git says of commits, asked once."""
        if arguments not in self._facts:
            self._facts[arguments] = self.run_git(*arguments)
        return self._facts[arguments]

    def _merge_trees(self, base: str, head: str) -> str:
        done = self.run_for_result(
            "merge-tree", "--write-tree", "--no-messages", base, head, ok=(0, 1)
        )
        if done.returncode == 1:
            raise Unmergeable
        return done.stdout.strip()

    def _commit(self, tree: str, parents: Sequence[str], message: str) -> str:
        above = [word for parent in parents for word in ("-p", parent)]
        return self.run_git("commit-tree", tree, *above, stdin=message)

    def _run_in_worktree(self, base: str, *arguments: str) -> str:
        """Run git in a worktree of `base`; return the commit it ends on."""
        with TemporaryDirectory(prefix="twin-") as folder:
            path = f"{folder}/work"
            self.run_git("worktree", "add", "-q", "--detach", path, base)
            try:
                done = _run(("-C", path, *arguments))
                if done.returncode != 0:
                    raise Unmergeable(done.stderr)
                return _run(("-C", path, "rev-parse", "HEAD")).stdout.strip()
            finally:
                self.run_git("worktree", "remove", "-f", "-f", path)


_Done = subprocess.CompletedProcess[str]


def _format_inline(text: str) -> str:
    return f"data {len(text.encode())}\n{text}"


def _run(arguments: Sequence[str], stdin: str | None = None) -> _Done:
    return subprocess.run(
        ["git", *arguments],
        env=ENVIRONMENT,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

"""Worktrees of the running checkout's repository, one a run, each on a branch of its own."""

import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from bot.domain.errors import WorkspaceBusy, WorkspaceError
from bot.domain.ids import slugify as safe_slug
from bot.infra.file_lock import FileLock, Locked
from bot.infra.git import Git
from bot.infra.git_remote import Access
from bot.infra.git_worktree import GitWorkspace
from bot.infra.removal import remove_tree
from bot.infra.threads import run_in_thread

_RUN_ID = re.compile(r"[0-9A-Za-z]{1,64}")


class GitWorkspaces:
    """Implements `bot.ports.workspace.Workspaces`.

    `repository` is the running checkout, `remote` its name for the forge, `folder` where worktrees
    are put (made when needed), `access` opens a private remote. A
    lent worktree is held by a lock file there, which the kernel lets go when its holder dies: what
    a killed process left is cleared by the next `lend` or by `reap`.
    """

    def __init__(
        self,
        repository: Path,
        folder: Path,
        *,
        remote: str = "origin",
        access: Access | None = None,
    ) -> None:
        self._repository = repository.resolve()
        self._folder = folder.resolve()
        self._remote = remote
        self._access = access
        self._common: Path | None = None

    @asynccontextmanager
    async def open(
        self, run_id: str, *, base: str, slug: str = "change"
    ) -> AsyncIterator[GitWorkspace]:
        """Lend the run's worktree on branch `theseus/<run>-<slug>`; remove it on exit."""
        path, git = self._get_path(run_id), Git(self._repository)
        with self._hold_lock(run_id):
            try:
                yield await run_in_thread(self._check_out, git, path, base, safe_slug(slug))
            finally:
                await run_in_thread(self._clear, git, path)

    async def drop(self, run_id: str) -> None:
        """Remove the run's branch, tag and leftover worktree; `WorkspaceBusy` while it is lent."""
        path = self._get_path(run_id)
        with self._hold_lock(run_id):
            await run_in_thread(self._drop, Git(self._repository), path)

    async def reap(self, keep: frozenset[str]) -> tuple[str, ...]:
        """Remove worktrees of runs not in `keep` that nobody alive holds; return their ids."""
        reaped = []
        git = Git(self._repository)
        for run_id in await run_in_thread(self._find_leftovers, git):
            if run_id in keep:
                continue
            with contextlib.suppress(WorkspaceBusy), self._hold_lock(run_id):
                await run_in_thread(self._clear, git, self._get_path(run_id))
                reaped.append(run_id)
        return tuple(reaped)

    def _get_path(self, run_id: str) -> Path:
        if not _RUN_ID.fullmatch(run_id):
            raise WorkspaceError(f"{run_id[:80]!r} is not a run id (letters and digits)")
        return self._folder / run_id

    @contextmanager
    def _hold_lock(self, run_id: str) -> Iterator[None]:
        lock = FileLock(self._folder / f"{run_id}.lock")
        try:
            lock.__enter__()
        except Locked as taken:
            raise WorkspaceBusy(f"the worktree of run {run_id} is in use") from taken
        except OSError as error:
            raise WorkspaceError(f"cannot write to {self._folder}", detail=str(error)) from error
        try:
            yield
        finally:
            lock.__exit__(None, None, None)

    def _check_out(self, git: Git, path: Path, base: str, slug: str) -> GitWorkspace:
        self._clear(git, path)
        branch, start = self._create_branch(git, path.name, base, slug)
        with self._list_of_worktrees(git):
            git.run("worktree", "add", "-q", "--no-checkout", "--", str(path), branch)
        # Git is told where its own files are: whoever works there may change the `.git` file.
        own = _get_git_folder(path)
        here = git.open_sibling(
            path, f"--git-dir={own}", f"--work-tree={path}", *_probe_folder(path)
        )
        here.run("reset", "-q", "--hard")
        return GitWorkspace(path, branch, start, here, self._remote, self._access)

    def _create_branch(self, git: Git, run_id: str, base: str, slug: str) -> tuple[str, str]:
        """Return the run's branch and where it started, making both the first time."""
        heads, tag = f"refs/heads/theseus/{run_id}-", f"refs/tags/theseus/{run_id}/start"
        listing = git.run("for-each-ref", "--format=%(objectname) %(refname)", f"{heads}*", tag)
        refs = {name: sha for sha, name in map(str.split, listing.line.splitlines())}
        branch = next((name for name in refs if name.startswith(heads)), None)
        if branch is not None and tag in refs:
            return branch.removeprefix("refs/heads/"), refs[tag]
        start = git.ensure_full_id(base)
        if branch is not None:
            start = git.run("merge-base", start, refs[branch]).line
        orders = f"update {tag} {start}\n"
        if branch is None:
            branch = heads + slug
            orders += f"create {branch} {start}\n"
        git.run("update-ref", "--stdin", stdin=orders.encode())  # both or neither
        return branch.removeprefix("refs/heads/"), start

    def _drop(self, git: Git, path: Path) -> None:
        self._clear(git, path)
        listing = git.run(
            "for-each-ref", "--format=%(refname)",
            f"refs/heads/theseus/{path.name}-*", f"refs/tags/theseus/{path.name}/*",
            f"refs/theseus/published/theseus/{path.name}-*",
        )  # fmt: skip
        for ref in listing.line.splitlines():
            if ref.startswith("refs/heads/"):
                # `branch -D` and not `update-ref`: it refuses if somebody has it checked out.
                git.run("branch", "-q", "-D", "--", ref.removeprefix("refs/heads/"))
            else:
                git.run("update-ref", "-d", ref)

    def _find_leftovers(self, git: Git) -> tuple[str, ...]:
        found = {path.name for path in self._list_registered(git) if path.parent == self._folder}
        if self._folder.is_dir():
            found |= {path.name for path in self._folder.iterdir() if path.suffix != ".lock"}
        return tuple(sorted(name for name in found if _RUN_ID.fullmatch(name)))

    def _list_registered(self, git: Git) -> dict[Path, Path]:
        """Return the worktrees git knows of: folder -> git's own folder for it.

        Read from git's files: no command lists the ones whose folder is gone or damaged so fast.
        """
        found = {}
        for pointer in self._get_shared_folder(git).glob("worktrees/*/gitdir"):
            with contextlib.suppress(OSError):
                found[Path(pointer.read_text().strip()).parent] = pointer.parent
        return found

    def _get_shared_folder(self, git: Git) -> Path:
        """Return the folder where git keeps what all worktrees share."""
        if self._common is None:
            where = git.run("rev-parse", "--git-common-dir").line
            self._common = (self._repository / where).resolve()
        return self._common

    def _list_of_worktrees(self, git: Git) -> FileLock:
        """Return the lock for adding and removing one: git trips over itself doing both at once."""
        return FileLock(self._get_shared_folder(git) / "theseus-worktrees.lock", wait=True)

    def _clear(self, git: Git, path: Path) -> None:
        """Remove a worktree: the folder, and what git keeps about it. Others' are not touched."""
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.exists():
            _remove_tree(path)
        if path in self._list_registered(git):
            with self._list_of_worktrees(git):
                git.run("worktree", "remove", "-f", "-f", "--", str(path))


def _get_git_folder(path: Path) -> Path:
    """Return where git keeps a fresh worktree's own files."""
    return Path((path / ".git").read_text().removeprefix("gitdir:").strip())


def _probe_folder(path: Path) -> tuple[str, ...]:
    """Return options that tell git what the disk of a folder can do, whatever is configured.

    The settings may come from another disk or system. With them a commit could have other modes or
    names than the files that the checks ran on.
    """
    probe = path / ".Theseus-Probe"
    try:
        probe.touch(mode=0o600)
        probe.chmod(0o700)
        executable = probe.stat().st_mode & 0o777 == 0o700
        probe.chmod(0o600)
        modes = executable and probe.stat().st_mode & 0o777 == 0o600
        ignores_case = (path / ".theseus-probe").exists()
    finally:
        probe.unlink(missing_ok=True)
    return (
        "-c", f"core.fileMode={str(modes).lower()}",
        "-c", f"core.ignoreCase={str(ignores_case).lower()}",
    )  # fmt: skip


def _remove_tree(path: Path) -> None:
    try:
        remove_tree(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise WorkspaceError(f"cannot remove the worktree {path}", detail=str(error)) from error

"""Worktrees of the running checkout's repository: one for each run, on its own branch."""

import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from theseus_guard.completion import run_in_thread

from bot.domain.errors import WorkspaceBusy, WorkspaceError
from bot.domain.ids import slugify as safe_slug
from bot.infra.file_lock import FileLock, Locked
from bot.infra.git import Git
from bot.infra.git_remote import Access
from bot.infra.git_worktree import GitWorkspace
from bot.infra.removal import remove_tree
from bot.infra.shared_commits import SharedCommits
from bot.infra.spare_worktrees import SpareWorktrees, WrittenFiles

_RUN_ID = re.compile(r"[0-9A-Za-z]{1,64}")


class GitWorkspaces:
    """Implements `bot.ports.workspace.Workspaces`.

    `repository` is the running checkout, `remote` the forge's name in it, `folder` the place for
    worktrees (created when needed), and `access` opens a private remote. `shared` is a folder of
    all machines, for commits that are not proposed yet. A lock file in `folder`
    protects each open worktree. The kernel releases it when its holder dies, so the next `open` or
    `reap` removes what a killed process left. The files of up to `spares` closed worktrees are
    stored for the next ones; only one process may do that in a folder.
    """

    def __init__(
        self,
        repository: Path,
        folder: Path,
        *,
        remote: str = "origin",
        access: Access | None = None,
        shared: Path | None = None,
        spares: int = 0,
    ) -> None:
        self._repository = repository.resolve()
        self._folder = folder.resolve()
        self._remote = remote
        self._access = access
        self._shared = None if shared is None else SharedCommits(shared / "commits")
        self._common: Path | None = None
        self._spares = SpareWorktrees(self._folder / ".spare", spares)
        self._checkouts: dict[Path, WrittenFiles] = {}

    @asynccontextmanager
    async def open(
        self, run_id: str, *, base: str, slug: str = "change"
    ) -> AsyncIterator[GitWorkspace]:
        """Open the run's worktree on branch `theseus/<run>-<slug>`; remove the worktree on exit.

        Raises `WorkspaceBusy` if another process has it open.
        """
        path, git = self._get_path(run_id), Git(self._repository)
        with self._hold_lock(run_id):
            try:
                yield await run_in_thread(self._check_out, git, path, base, safe_slug(slug))
            finally:
                await run_in_thread(self._clear, git, path)

    async def drop(self, run_id: str) -> None:
        """Remove the run's branch, tag and leftover worktree.

        Raises `WorkspaceBusy` while the worktree is open.
        """
        path = self._get_path(run_id)
        with self._hold_lock(run_id):
            await run_in_thread(self._drop, Git(self._repository), path)

    async def reap(self, keep: frozenset[str]) -> tuple[str, ...]:
        """Remove unused worktrees of runs that are not in `keep`; return their run ids."""
        reaped = []
        git = Git(self._repository)
        await run_in_thread(self._spares.remove_leftovers)
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
        except Locked as locked:
            raise WorkspaceBusy(f"the worktree of run {run_id} is in use") from locked
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
        # Pass git's own folder explicitly: code that runs in the worktree may change its `.git`
        # file.
        git_folder = _get_git_folder(path)
        worktree_git = git.open_sibling(
            path, f"--git-dir={git_folder}", f"--work-tree={path}", *_probe_folder(path)
        )
        self._write_files(worktree_git, path, git_folder)
        return GitWorkspace(
            path, branch, start, worktree_git, self._remote, self._access, self._shared
        )

    def _write_files(self, git: Git, path: Path, git_folder: Path) -> None:
        try:
            self._spares.fill(path, git_folder)
            git.run("reset", "-q", "--hard")
            if self._spares.limit:
                self._checkouts[path] = WrittenFiles.record(path, git_folder)
        except OSError as error:
            raise WorkspaceError(f"cannot write the worktree {path}", detail=str(error)) from error

    def _create_branch(self, git: Git, run_id: str, base: str, slug: str) -> tuple[str, str]:
        """Return the run's branch and its start commit; create both if they do not exist."""
        heads, tag = f"refs/heads/theseus/{run_id}-", f"refs/tags/theseus/{run_id}/start"
        listing = git.run("for-each-ref", "--format=%(objectname) %(refname)", f"{heads}*", tag)
        refs = {name: sha for sha, name in map(str.split, listing.line.splitlines())}
        branch = next((name for name in refs if name.startswith(heads)), None)
        if branch is not None and tag in refs:
            return branch.removeprefix("refs/heads/"), refs[tag]
        start = git.ensure_full_id(base)
        if branch is not None:
            start = git.run("merge-base", start, refs[branch]).line
        commands = f"update {tag} {start}\n"
        if branch is None:
            branch = heads + slug
            commands += f"create {branch} {start}\n"
        git.run(
            "update-ref", "--stdin", stdin=commands.encode()
        )  # one transaction: both refs or neither
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
                # `branch -D` rather than `update-ref`: it refuses while the branch is checked out
                # elsewhere.
                git.run("branch", "-q", "-D", "--", ref.removeprefix("refs/heads/"))
            else:
                git.run("update-ref", "-d", ref)

    def _find_leftovers(self, git: Git) -> tuple[str, ...]:
        names = {path.name for path in self._list_registered(git) if path.parent == self._folder}
        if self._folder.is_dir():
            names |= {path.name for path in self._folder.iterdir() if path.suffix != ".lock"}
        return tuple(sorted(name for name in names if _RUN_ID.fullmatch(name)))

    def _list_registered(self, git: Git) -> dict[Path, Path]:
        """Return the worktrees registered with git: folder -> git's own folder for it.

        Reads git's files, because no command lists worktrees with a missing or damaged folder as
        fast.
        """
        worktrees = {}
        for pointer in self._get_shared_folder(git).glob("worktrees/*/gitdir"):
            with contextlib.suppress(OSError):
                worktrees[Path(pointer.read_text().strip()).parent] = pointer.parent
        return worktrees

    def _get_shared_folder(self, git: Git) -> Path:
        """Return the git folder that all worktrees share."""
        if self._common is None:
            folder = git.run("rev-parse", "--git-common-dir").line
            self._common = (self._repository / folder).resolve()
        return self._common

    def _list_of_worktrees(self, git: Git) -> FileLock:
        """Return the lock for adding and removing worktrees: git fails if both happen at once."""
        return FileLock(self._get_shared_folder(git) / "theseus-worktrees.lock", wait=True)

    def _clear(self, git: Git, path: Path) -> None:
        """Remove a worktree: its folder and git's record of it. Other worktrees are not touched."""
        checkout = self._checkouts.pop(path, None)
        is_kept = checkout is not None and self._spares.keep(path, checkout)
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif not is_kept and path.exists():
            _remove_tree(path)
        if path in self._list_registered(git):
            with self._list_of_worktrees(git):
                git.run("worktree", "remove", "-f", "-f", "--", str(path))


def _get_git_folder(path: Path) -> Path:
    """Return the folder where git keeps the files of a fresh worktree."""
    return Path((path / ".git").read_text().removeprefix("gitdir:").strip())


def _probe_folder(path: Path) -> tuple[str, ...]:
    """Return git options that describe the disk of a folder, whatever is configured.

    The configuration may come from another disk or system. With a wrong setting, a commit could
    contain other modes or file names than those that the checks ran on.
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

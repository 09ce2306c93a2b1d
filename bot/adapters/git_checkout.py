"""The running checkout: investigations read it, a deployment fast-forwards it."""

import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from pathlib import Path

import structlog
from theseus_guard.completion import run_in_thread
from theseus_guard.git_output import parse_names
from theseus_guard.git_reader import as_text, read_text

from bot.domain.errors import CheckoutDirty, PortError, WorkspaceError
from bot.domain.evidence import Suspect
from bot.domain.local_work import Branch, LocalWork
from bot.infra import git_local_work as _git_local_work
from bot.infra import git_suspects as _git_suspects
from bot.infra.git import Git
from bot.infra.git_fetch import fetch_branch
from bot.infra.git_merge import get_tree_id
from bot.infra.git_obstacles import find_obstacles
from bot.infra.git_parse import resolve_inside
from bot.infra.git_remote import Access, Way, find_way

_SUBJECTS = 50
_IN_THE_WAY = "would be overwritten"
_log = structlog.stdlib.get_logger(__name__)
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_NAMED = re.compile(r"^\t(.+)$", re.MULTILINE)


class GitCheckout:
    """Implements `bot.ports.workspace.Checkout`.

    `remote` is the forge's name in this repository, `branch` the branch that is followed, and
    `access` opens a private remote. Only `fast_forward` writes to files, the index or a branch.
    """

    def __init__(
        self,
        path: Path,
        remote: str = "origin",
        branch: str = "main",
        *,
        access: Access | None = None,
    ) -> None:
        self._path = path.resolve()
        self._remote = remote
        self._branch = branch
        self._access = access

    @property
    def path(self) -> Path:
        """The absolute path of the checkout's folder."""
        return self._path

    async def get_head(self) -> str:
        """Return the commit id of the checkout's `HEAD`."""
        return await run_in_thread(self.open_git().resolve_revision, "HEAD")

    async def find_suspects(
        self, sites: Sequence[tuple[str, int]], *, limit: int = 5
    ) -> tuple[Suspect, ...]:
        """Return commits that may be behind a failure at these (file, line) sites, best first."""
        return await run_in_thread(_git_suspects.find_suspects, self.open_git(), sites, limit)

    async def list_changes_since(
        self, commit: str, files: Sequence[str], *, limit: int = 5
    ) -> tuple[Suspect, ...]:
        """Return the commits after `commit` that touch any of `files`, the first file's first."""
        return await run_in_thread(
            _git_suspects.find_suspects_since, self.open_git(), commit, files, limit
        )

    async def read(self, file: str) -> str | None:
        """Return the text of a file in the folder, or `None` outside it and for git's own files."""
        return await run_in_thread(self._read, file)

    async def read_at(self, commit: str, file: str) -> str | None:
        """Return a file's text in a commit, or `None`; only ids of commits name one."""
        if not _COMMIT.fullmatch(commit) or "\0" in file:
            return None
        return await run_in_thread(read_text, self.open_git(), commit, file)

    async def fast_forward(self, commit: str) -> tuple[str, ...]:
        """Fetch from the forge's remote and move to exactly `commit`; return what changed."""
        if await self.has_commit(commit):
            return ()
        access = await find_way(self.open_git(), self._remote, self._access)
        return await run_in_thread(self._forward, commit, access)

    async def find_obstacles(self) -> tuple[str, ...]:
        """Return why no run can work on this repository, each with a fix; empty if one can."""
        obstacles = await run_in_thread(find_obstacles, self.open_git())
        return tuple(obstacle.text for obstacle in obstacles)

    async def has_commit(self, commit: str) -> bool:
        """Return whether `commit` is the head or an ancestor of it."""
        return await run_in_thread(self._has_commit, commit)

    async def get_tree_id(self, commit: str) -> str:
        """Return git's id for the files of a commit."""
        return await run_in_thread(get_tree_id, self.open_git(), commit)

    async def fetch_tip(self) -> str:
        """Fetch the followed branch; return its newest commit."""
        access = await find_way(self.open_git(), self._remote, self._access)
        return await run_in_thread(self._fetch_tip, access)

    async def get_local_work(self) -> LocalWork:
        """Return the uncommitted and unpushed work of people in the folder."""
        return await run_in_thread(
            _git_local_work.get_local_work, self.open_git(), self._remote, self._branch
        )

    async def list_branches(self, files: Collection[str], since: datetime) -> tuple[Branch, ...]:
        """Return the branches people work on that change any of `files`, newest first."""
        git = self.open_git()
        try:
            access = await find_way(git, self._remote, self._access)
            await run_in_thread(_git_local_work.fetch_branches, git, self._remote, access)
        except PortError as error:
            _log.info("cannot fetch the branches, so I use those already known: %s", error)
        changed_files = frozenset(files)
        return await run_in_thread(
            _git_local_work.list_branches, git, self._remote, self._branch, changed_files, since
        )

    def open_git(self) -> Git:
        """Return git for this folder, opened anew because its settings may have changed."""
        return Git(self._path)

    def _read(self, file: str) -> str | None:
        path = resolve_inside(self._path, file)
        if path is None:
            return None
        try:
            return as_text(path.read_bytes())
        except (OSError, ValueError):
            return None

    def _has_commit(self, commit: str) -> bool:
        git = self.open_git()
        revision = git.find_revision(commit)
        return revision is not None and git.is_ancestor(revision, "HEAD")

    def _fetch_tip(self, access: Way | None) -> str:
        git = self.open_git()
        return git.resolve_revision(fetch_branch(git, self._remote, self._branch, access))

    def _forward(self, commit: str, access: Way | None) -> tuple[str, ...]:
        git = self.open_git()
        before = git.resolve_revision("HEAD")
        target = self._fetch_commit(git, commit, access)
        self._check_movable(git, before, target)
        # `--no-overwrite-ignore`: by default git overwrites ignored files that are in the way.
        moved = git.run(
            "merge", "-q", "--ff-only", "--no-overwrite-ignore", "--no-stat",
            "--no-verify-signatures", target, ok=None,
        )  # fmt: skip
        if moved.status != 0:
            raise self._build_refusal(moved.err)
        changed = git.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", before, target)
        return parse_names(changed.out)

    def _fetch_commit(self, git: Git, commit: str, access: Way | None) -> str:
        """Return the commit's full id.

        Raises `WorkspaceError` if it is not on the forge's branch.
        """
        tracking = fetch_branch(git, self._remote, self._branch, access)
        target = git.find_revision(commit)
        if target is None or not git.is_ancestor(target, tracking):
            raise WorkspaceError(
                f"{commit[:12]} is not on the forge's branch {self._branch}; "
                "the checkout is unchanged"
            )
        return target

    def _check_movable(self, git: Git, before: str, target: str) -> None:
        if not git.is_ancestor(before, target):
            raise CheckoutDirty(
                f"the checkout {self._path} has local commits that are not on the forge's branch "
                f"{self._branch}; push or remove them, then ship again"
            )
        current = git.run("symbolic-ref", "-q", "--short", "HEAD", ok=None).line
        if current != self._branch:
            raise CheckoutDirty(
                f"the checkout {self._path} is on {current or 'no branch'}, not on "
                f"{self._branch}; switch back (git switch {self._branch}), then ship again"
            )

    def _build_refusal(self, output: str) -> WorkspaceError:
        if _IN_THE_WAY in output or "not uptodate" in output:
            files = ", ".join(_NAMED.findall(output)[:5]) or "see the checkout"
            return CheckoutDirty(
                f"the checkout {self._path} has local changes that would be overwritten: {files}; "
                "commit or remove them, then ship again",
                detail=output,
            )
        if "not concluded" in output or "unmerged" in output:
            return CheckoutDirty(
                f"the checkout {self._path} is in the middle of a merge; conclude or abort it, "
                "then ship again",
                detail=output,
            )
        if "index.lock" in output:
            return WorkspaceError(
                f"another git process is working in {self._path}, or one was killed there; if none "
                "is running, remove .git/index.lock, then ship again",
                detail=output,
            )
        return WorkspaceError(f"git could not fast-forward {self._path}", detail=output)


class FollowedCheckout(GitCheckout):
    """The checkout of a target: people's own folder, or our clone of their repository.

    Args:
        is_clone: It is our clone, which nobody works in: it moves to what the remote has before it
            is looked at.
        publish: Brings the commits of people's folder to the local forge; `None` for other forges.
    """

    def __init__(
        self,
        path: Path,
        remote: str,
        branch: str,
        *,
        access: Access | None = None,
        is_clone: bool = False,
        publish: Callable[[Path], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(path, remote, branch, access=access)
        self.remote = remote
        self._branch_name = branch
        self._is_clone = is_clone
        self._publish = publish

    async def get_head(self) -> str:
        """Return the newest commit of the target's branch."""
        if self._is_clone:
            await self.fast_forward(await self.fetch_tip())
        if self._publish is not None:
            await self._publish(self.path)
        return await super().get_head()

    async def list_subjects(self) -> tuple[str, ...]:
        """Return the subjects of the newest commits that are no merges."""
        listed = await run_in_thread(
            self.open_git().run, "log", "-z", "--no-merges", f"-n{_SUBJECTS}", "--format=%s"
        )
        return parse_names(listed.out)

    async def is_ancestor(self, older: str, newer: str) -> bool:
        """Return whether commit `newer` contains `older`; `False` if one of them is unknown."""
        return await run_in_thread(self.open_git().is_ancestor, older, newer)

    async def read(self, file: str) -> str | None:
        """Return the text of a committed file.

        The journal of a foreign bot names files as it likes, and beside the committed ones there
        may be its `.env`.
        """
        return await run_in_thread(read_text, self.open_git(), "HEAD", file)

    async def find_obstacles(self) -> tuple[str, ...]:
        """Return why no run can work on this repository, each with a fix; empty if one can."""
        current = await run_in_thread(
            lambda: self.open_git().run("symbolic-ref", "-q", "--short", "HEAD", ok=None).line
        )
        other = (
            f"{self.path} is on {current or 'no branch'}, not on {self._branch_name}: switch back "
            f"(git switch {self._branch_name}), or set the target's `branch`."
        )
        found = await super().find_obstacles()
        return found if current == self._branch_name else (other, *found)

"""The running checkout: read for an investigation, moved forward by a shipment."""

import logging
import re
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

from bot.domain.errors import CheckoutDirty, PortError, WorkspaceError
from bot.domain.evidence import Suspect
from bot.domain.local_work import Branch, LocalWork
from bot.infra import git_local_work as _git_local_work
from bot.infra import git_suspects as _git_suspects
from bot.infra.git import Git
from bot.infra.git_fetch import fetch_branch
from bot.infra.git_merge import tree_of
from bot.infra.git_obstacles import find_obstacles
from bot.infra.git_parse import as_text, inside, names
from bot.infra.git_remote import Access, Way, way_to
from bot.infra.threads import in_thread

_IN_THE_WAY = "would be overwritten"
_log = logging.getLogger(__name__)
_NAMED = re.compile(r"^\t(.+)$", re.MULTILINE)


class GitCheckout:
    """Implements `bot.ports.workspace.Checkout`.

    `remote` is the forge's name here and `branch` what is followed; `access` opens a private
    remote. No file, index or branch is ever written but by `fast_forward`.
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
        """Return its folder, absolute."""
        return self._path

    async def head(self) -> str:
        """Return the commit it stands on."""
        return await in_thread(self._git().revision, "HEAD")

    async def suspects(
        self, sites: Sequence[tuple[str, int]], *, limit: int = 5
    ) -> tuple[Suspect, ...]:
        """Return commits that may be behind a failure at these (file, line) sites, best first."""
        return await in_thread(_git_suspects.suspects, self._git(), sites, limit)

    async def changes_since(
        self, commit: str, files: Sequence[str], *, limit: int = 5
    ) -> tuple[Suspect, ...]:
        """Return the commits after `commit` that touch any of `files`, the first file's first."""
        return await in_thread(_git_suspects.since, self._git(), commit, files, limit)

    async def read(self, file: str) -> str | None:
        """Return a file's text as it stands in the folder; nothing outside it, nor git's own."""
        return await in_thread(self._read, file)

    async def fast_forward(self, commit: str) -> tuple[str, ...]:
        """Fetch from the forge's remote and move to exactly `commit`; return what changed."""
        if await self.contains(commit):
            return ()
        way = await way_to(self._git(), self._remote, self._access)
        return await in_thread(self._forward, commit, way)

    async def find_obstacles(self) -> tuple[str, ...]:
        """Return why no run can work on this repository, with the way out."""
        found = await in_thread(find_obstacles, self._git())
        return tuple(each.text for each in found)

    async def contains(self, commit: str) -> bool:
        """Return whether `commit` is the head or an ancestor of it."""
        return await in_thread(self._contains, commit)

    async def tree(self, commit: str) -> str:
        """Return git's id for the files of a commit."""
        return await in_thread(tree_of, self._git(), commit)

    async def tip(self) -> str:
        """Fetch the followed branch; return its newest commit."""
        way = await way_to(self._git(), self._remote, self._access)
        return await in_thread(self._tip, way)

    async def local_work(self) -> LocalWork:
        """Return what people are doing in the folder."""
        return await in_thread(_git_local_work.local_work, self._git(), self._remote, self._branch)

    async def branches(self, files: Collection[str], since: datetime) -> tuple[Branch, ...]:
        """Return the branches people work on that change any of `files`, newest first."""
        git = self._git()
        try:
            way = await way_to(git, self._remote, self._access)
            await in_thread(_git_local_work.fetch_branches, git, self._remote, way)
        except PortError as error:
            _log.info("the branches are those known already: %s", error)
        wanted = frozenset(files)
        return await in_thread(
            _git_local_work.branches, git, self._remote, self._branch, wanted, since
        )

    def _git(self) -> Git:
        """Return git here; fresh each time, for the settings may have changed."""
        return Git(self._path)

    def _read(self, file: str) -> str | None:
        path = inside(self._path, file)
        if path is None:
            return None
        try:
            return as_text(path.read_bytes())
        except (OSError, ValueError):
            return None

    def _contains(self, commit: str) -> bool:
        git = self._git()
        found = git.try_revision(commit)
        return found is not None and git.is_ancestor(found, "HEAD")

    def _tip(self, way: Way | None) -> str:
        git = self._git()
        return git.revision(fetch_branch(git, self._remote, self._branch, way))

    def _forward(self, commit: str, way: Way | None) -> tuple[str, ...]:
        git = self._git()
        before = git.revision("HEAD")
        target = self._fetched(git, commit, way)
        self._may_move(git, before, target)
        # Ignored files in the way count as well: without the option git overwrites them.
        moved = git.run(
            "merge", "-q", "--ff-only", "--no-overwrite-ignore", "--no-stat",
            "--no-verify-signatures", target, ok=None,
        )  # fmt: skip
        if moved.status != 0:
            raise self._refused(moved.err)
        changed = git.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", before, target)
        return names(changed.out)

    def _fetched(self, git: Git, commit: str, way: Way | None) -> str:
        """Return the commit's full id, once it is known to be on the forge's branch."""
        tracking = fetch_branch(git, self._remote, self._branch, way)
        target = git.try_revision(commit)
        if target is None or not git.is_ancestor(target, tracking):
            raise WorkspaceError(
                f"{commit[:12]} is not on {self._branch} of the forge; the checkout stays as it is"
            )
        return target

    def _may_move(self, git: Git, before: str, target: str) -> None:
        if not git.is_ancestor(before, target):
            raise CheckoutDirty(
                f"the checkout {self._path} has commits of its own that {self._branch} on the "
                "forge lacks; push or move them away, then ship again"
            )
        standing = git.run("symbolic-ref", "-q", "--short", "HEAD", ok=None).line
        if standing != self._branch:
            raise CheckoutDirty(
                f"the checkout {self._path} is on {standing or 'no branch'}, not on "
                f"{self._branch}; switch back (git switch {self._branch}), then ship again"
            )

    def _refused(self, words: str) -> WorkspaceError:
        if _IN_THE_WAY in words or "not uptodate" in words:
            files = ", ".join(_NAMED.findall(words)[:5]) or "see the checkout"
            return CheckoutDirty(
                f"the checkout {self._path} has changes in the way: {files}; commit or move them "
                "away, then ship again",
                detail=words,
            )
        if "not concluded" in words or "unmerged" in words:
            return CheckoutDirty(
                f"the checkout {self._path} is in the middle of a merge; conclude or abort it, "
                "then ship again",
                detail=words,
            )
        if "index.lock" in words:
            return WorkspaceError(
                f"another git works in {self._path}, or one was killed there; if none runs, "
                "remove .git/index.lock, then ship again",
                detail=words,
            )
        return WorkspaceError(f"git could not move {self._path} forward", detail=words)

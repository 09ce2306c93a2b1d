"""The bare repository behind the local forge: publishing and merging without a worktree.

Every change of a branch is one ref transaction that names what it expects to find, so two forges on
the same files, or a push in between, can never lose or double anything.
"""

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from theseus_guard.git_output import name_of, parse_names
from theseus_guard.git_reader import read_diff

from bot.domain.change import MergeResult
from bot.domain.errors import (
    BaseMoved,
    ForgeConflict,
    ForgeRejected,
    ForgeUnavailable,
    WorkspaceError,
)
from bot.domain.evidence import Commit
from bot.infra.git import Git
from bot.infra.git_fetch import fetch
from bot.infra.git_parse import COMMIT_FORMAT, parse_commits

_INCOMING = "refs/theseus/incoming"
_TRIES = 8
_USAGE = 129  # git's status for an option it does not know


class BareRepository:
    """Git work of the forge. Blocking."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.git = Git(
            self.folder, f"--git-dir={self.folder}", error=ForgeUnavailable, is_ours=True
        )

    def get_head(self, branch: str) -> str | None:
        """Return the commit of a branch, or `None` if there is no such branch."""
        answer = self.git.run("rev-parse", "--verify", "-q", f"refs/heads/{branch}", ok=None)
        return answer.line if answer.status == 0 else None

    def get_base(self, branch: str) -> str:
        """Return the commit of the base branch. Raises `ForgeRejected` if there is none."""
        found = self.get_head(branch)
        if found is None:
            raise ForgeRejected(f"the forge has no branch {branch}")
        return found

    def has_commit(self, base: str, commit: str) -> bool:
        """Return whether `base` contains `commit` already."""
        return self.git.is_ancestor(commit, base)

    def check(self) -> str:
        """Return its branches, for people; `ForgeUnavailable` if this is no bare repository."""
        git = self.git
        if git.run("rev-parse", "--is-bare-repository").line != "true":
            raise ForgeUnavailable(f"{self.folder} is not a bare repository")
        count = len(git.run("for-each-ref", "--format=x", "refs/heads/").line.split())
        return f"{count} branches"

    def publish(self, source: Path, branch: str, head: str, ours: str | None) -> str:
        """Fetch `head` from a clone, move `branch` to it, and return its full id.

        `ours` is the commit that was published last. It may be replaced; commits of other people
        may not.
        """
        git = self.git
        valid = git.run("check-ref-format", f"refs/heads/{branch}", ok=None).status == 0
        if not valid or branch.startswith("-"):
            raise ForgeRejected(f"{branch[:80]!r} cannot be the name of a branch")
        present = self.get_head(branch)
        if present == head:
            return head
        if not source.is_dir():
            raise ForgeRejected(f"the clone {source} is not there")
        fetch(git, str(source.resolve()), f"+refs/heads/{branch}:{_INCOMING}")
        commit = git.find_revision(head)
        if commit is None:
            raise ForgeConflict(f"branch {branch} of the clone does not hold {head[:12]}")
        if present not in (None, commit, ours) and not git.is_ancestor(present or "", commit):
            raise ForgeConflict(
                f"branch {branch} on the forge has commits of somebody else; they are not dropped"
            )
        self._move(
            f"update refs/heads/{branch} {commit} {present or '0' * len(commit)}\n"
            f"delete {_INCOMING}\n",
            f"branch {branch} moved while it was being published",
        )
        return commit

    def find_merge_commit(self, head: str, base: str, opened_at: str) -> str | None:
        """Return the commit that brought `head` into `base` since `opened_at`, if one did."""
        git = self.git
        if not git.is_ancestor(head, base) or git.is_ancestor(head, opened_at):
            return None
        # The first parents of base that lack `head`; the oldest of them brought it in.
        lines = git.run("rev-list", "--first-parent", "--parents", base, f"^{head}").line
        for line in reversed(lines.splitlines()):
            commit, *parents = line.split()
            if head in parents[1:]:
                return commit
        return head

    def merge(
        self,
        branch: str,
        head: str,
        base_branch: str,
        message: str,
        at: datetime,
        result: MergeResult | None = None,
    ) -> str:
        """Merge `head` of `branch` into the base branch; return the merge commit."""
        for _ in range(_TRIES):
            base = self.get_base(base_branch)
            if result is not None and result.base != base:
                raise BaseMoved(
                    f"{base_branch} has moved to {base[:12]} since the merge was checked"
                )
            tree = self._merge_tree(base, head, f"{branch} and {base_branch}")
            if result is not None and result.tree != tree:
                raise ForgeConflict(
                    f"merging {branch} here comes to other files than were checked: git's settings "
                    f"in {self.folder} and in the checkout differ (merge.*, .gitattributes)"
                )
            commit = self._commit(tree, (base, head), message, at)
            orders = (
                f"verify refs/heads/{branch} {head}\n"
                f"update refs/heads/{base_branch} {commit} {base}\n"
            )
            answer = self.git.run("update-ref", "--stdin", stdin=orders.encode(), ok=None)
            if answer.status == 0:
                return commit
            if self.get_head(branch) != head:
                raise ForgeConflict(f"branch {branch} moved while it was being merged")
        raise ForgeUnavailable(f"{base_branch} could not be moved", detail=answer.err)

    def list_commits(self, base: str, head: str) -> tuple[Commit, ...]:
        """Return the commits of `head` that `base` lacks, oldest first, at most 250."""
        listing = self.git.run("log", "-z", "-n250", COMMIT_FORMAT, f"{base}..{head}", "--")
        return tuple(reversed(parse_commits(listing.out)))

    def get_diff(self, base: str, head: str) -> str:
        """Return the unified diff from where the two parted to `head`."""
        return read_diff(self.git, f"{base}...{head}", "--")

    def _merge_tree(self, ours: str, theirs: str, what: str) -> str:
        answer = self.git.run(
            "merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs,
            ok=None,
        )  # fmt: skip
        tree, *files = [name_of(field) for field in answer.out.split(b"\0") if field] or [""]
        if answer.status == 0:
            return tree
        if answer.status == 1:
            raise ForgeConflict(
                f"{what} do not merge cleanly: {', '.join(files[:5]) or 'see the forge'}",
                detail=answer.err,
            )
        if answer.status == _USAGE:
            return self._merge_in_worktree(ours, theirs, what)
        raise ForgeConflict(f"{what} cannot be merged", detail=answer.err)

    def _merge_in_worktree(self, ours: str, theirs: str, what: str) -> str:
        """Do the same as `_merged_tree` with a git before 2.38, which needs files to merge."""
        with TemporaryDirectory(prefix="theseus-") as folder:
            path = Path(folder) / "merge"
            self.git.run("worktree", "add", "-q", "--detach", "--", str(path), ours)
            try:
                here = Git(path, error=ForgeUnavailable)
                merge = ("merge", "-q", "--no-commit", "--no-ff", "--no-verify", theirs)
                if here.run(*merge, ok=None).status == 0:
                    return here.run("write-tree").line
                files = parse_names(here.run("diff", "--name-only", "-z", "--diff-filter=U").out)
            finally:
                self.git.run("worktree", "remove", "-f", "-f", "--", str(path))
        raise ForgeConflict(f"{what} do not merge cleanly: {', '.join(files[:5])}")

    def _commit(self, tree: str, parents: tuple[str, ...], message: str, at: datetime) -> str:
        date = f"@{int(at.timestamp())} +0000"
        return self.git.run(
            "commit-tree", tree, *(word for parent in parents for word in ("-p", parent)),
            stdin=(message.strip() + "\n").encode(),
            env={"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date},
        ).line  # fmt: skip

    def _move(self, orders: str, refused: str) -> None:
        answer = self.git.run("update-ref", "--stdin", stdin=orders.encode(), ok=None)
        if answer.status != 0:
            raise ForgeConflict(refused, detail=answer.err)


def publish_branch(bare: Path, source: Path, branch: str) -> None:
    """Move a branch of a bare repository forward to that of a clone; it is never moved back."""
    repository = BareRepository(bare)
    known, ours = repository.get_head(branch), Git(source).resolve_revision(f"refs/heads/{branch}")
    if known == ours or (known is not None and Git(source).is_ancestor(known, ours)):
        fetch(repository.git, str(source.resolve()), f"refs/heads/{branch}:refs/heads/{branch}")
    elif known is not None and not repository.has_commit(known, ours):
        raise WorkspaceError(
            f"{branch} of {source} and of its local forge {bare} have diverged: run "
            f"`git -C {source} pull --no-rebase {bare} {branch}`"
        )


def make_bare(folder: Path, source: Path, branch: str) -> None:
    """Make a bare repository whose `branch` is the head of `source`; again is harmless."""
    bare = BareRepository(folder)
    if (folder / "HEAD").exists() and bare.get_head(branch) is not None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    Git(folder, error=ForgeUnavailable).run(
        "init", "-q", "--bare", f"--initial-branch={branch}", str(bare.folder)
    )
    fetch(bare.git, str(source.resolve()), f"+HEAD:refs/heads/{branch}")

"""A running checkout without git."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot.domain.errors import CheckoutDirty, WorkspaceError
from bot.domain.evidence import Commit, Suspect
from bot.domain.local_work import Branch, LocalWork
from tests.fakes.differences import decode_text


@dataclass
class FakeCheckout:
    """A checkout in memory. `commits` and `found` script what `log` and `suspects` answer.

    `trees` says what a commit holds; a forge that merged may keep that there.
    """

    files: dict[str, str | bytes | None]
    path: Path = Path("/fake/checkout")
    commits: tuple[Commit, ...] = ()
    found: tuple[Suspect, ...] = ()
    touched: dict[str, tuple[str, ...]] = field(default_factory=dict)
    diverged: bool = False
    history: list[str] = field(default_factory=lambda: ["0" * 39 + "1"])
    incoming: list[tuple[str, dict[str, str | bytes | None]]] = field(default_factory=list)
    edited: set[str] = field(default_factory=set)
    worked_on: dict[str, tuple[str, ...]] = field(default_factory=dict)
    trees: dict[str, str] = field(default_factory=dict)
    obstacles: tuple[str, ...] = ()
    looks: int = 0
    asked: int = 0
    unreachable: WorkspaceError | None = None
    snapshots: list[dict[str, str | bytes | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Remember what the first commit holds."""
        self.snapshots = [dict(self.files)]

    def advance(self, files: Mapping[str, str | bytes | None], commit: str | None = None) -> str:
        """Add a commit to the forge's branch; return it."""
        commit = commit or f"{len(self.history) + len(self.incoming) + 1:040x}"
        self.incoming.append((commit, dict(files)))
        return commit

    def edit(self, files: Mapping[str, str | bytes | None]) -> None:
        """Change files by hand."""
        self.files |= files
        self.edited |= set(files)

    async def find_obstacles(self) -> tuple[str, ...]:
        """Return what tests have set."""
        return self.obstacles

    async def get_head(self) -> str:
        """Return the newest commit."""
        return self.history[-1]

    async def find_suspects(
        self, sites: Sequence[tuple[str, int]], *, limit: int = 5
    ) -> tuple[Suspect, ...]:
        """Return the scripted suspects if any site's file is here."""
        return self.found[:limit] if any(file in self.files for file, _ in sites) else ()

    async def list_changes_since(
        self, commit: str, files: Sequence[str], *, limit: int = 5
    ) -> tuple[Suspect, ...]:
        """Return the commits applied after that one that change any of the files."""
        if commit not in self.history:
            return ()
        later = self.history[self.history.index(commit) + 1 :][::-1]
        found = dict.fromkeys(
            each for file in files for each in later if file in self.touched.get(each, ())
        )
        return tuple(self._make_suspect(each) for each in found)[:limit]

    def _make_suspect(self, sha: str) -> Suspect:
        commit = Commit(sha=sha, author="somebody", at=datetime.fromtimestamp(0, UTC), summary="On")
        return Suspect(commit=commit, reason="changed", diff="", touched=self.touched[sha], score=0)

    async def read(self, file: str) -> str | None:
        """Return a file's text."""
        content = self.files.get(file)
        return decode_text(content.encode() if isinstance(content, str) else content)

    async def read_at(self, commit: str, file: str) -> str | None:
        """Return a file's text in a commit of `history`, whose beginning may be given."""
        known = [each for each in self.history if len(commit) >= 7 and each.startswith(commit)]
        held = self.snapshots[self.history.index(known[0])] if known else {}
        content = held.get(file)
        return decode_text(content.encode() if isinstance(content, str) else content)

    async def fast_forward(self, commit: str) -> tuple[str, ...]:
        """Apply the commits up to and including `commit`."""
        if commit in self.history:
            return ()
        known = [name for name, _ in self.incoming]
        if commit not in known:
            raise WorkspaceError(f"{commit[:12]} is not on main of the forge")
        steps = self.incoming[: known.index(commit) + 1]
        touched = {name for _, files in steps for name in files}
        if self.diverged or touched & self.edited:
            raise CheckoutDirty(f"changes in the way: {', '.join(sorted(touched & self.edited))}")
        for name, files in steps:
            self.files |= files
            self.touched[name] = tuple(files)
            self.history.append(name)
            self.snapshots.append(dict(self.files))
        del self.incoming[: len(steps)]
        return tuple(sorted(touched))

    async def has_commit(self, commit: str) -> bool:
        """Return whether the commit was applied."""
        return commit in self.history

    async def get_tree_id(self, commit: str) -> str:
        """Return the id in `trees`, or a unique id for a commit that is not there."""
        return self.trees.get(commit, f"the files of {commit}")

    async def fetch_tip(self) -> str:
        """Return the newest commit of the forge's branch."""
        self.asked += 1
        if self.unreachable is not None:
            raise self.unreachable
        return self.incoming[-1][0] if self.incoming else self.history[-1]

    async def get_local_work(self) -> LocalWork:
        """Return what was edited by hand."""
        self.looks += 1
        changed = tuple(sorted(self.edited))
        return LocalWork(
            followed="main", branch="main", changed=changed, commits_ahead=int(self.diverged)
        )

    async def list_branches(self, files: Collection[str], since: datetime) -> tuple[Branch, ...]:
        """Return what a test put into `worked_on`: branches and the files each changes."""
        found = (
            Branch(name=name, files=tuple(file for file in touched if file in files))
            for name, touched in self.worked_on.items()
        )
        return tuple(branch for branch in found if branch.files)

"""Results of replays that already ran on exactly the same files, so they need not run again."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from bot.ports.trees import CommitTrees

T = TypeVar("T")
_MOST = 64


@dataclass(frozen=True, eq=False)
class ReplayResults(Generic[T]):
    """Remembers results by the files of commits: two commits with the same files are the same.

    Only results that `is_decided` accepts are remembered: others may end differently next time.
    """

    is_decided: Callable[[T], bool]
    _results: dict[Hashable, T] = field(default_factory=dict)

    async def find_or_run(
        self,
        trees: CommitTrees,
        commits: Sequence[str],
        what: Hashable,
        run: Callable[[], Awaitable[T]],
    ) -> T:
        """Return the known result of `what` with these commits, else that of `run`.

        Raises what `run` raises, and `WorkspaceError` for an unknown commit.
        """
        key = (what, *[await trees.get_tree_id(commit) for commit in commits])
        if key in self._results:
            return self._results[key]
        result = await run()
        if self.is_decided(result):
            self._results[key] = result
            while len(self._results) > _MOST:
                self._results.pop(next(iter(self._results)))
        return result

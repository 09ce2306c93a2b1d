"""Dev mode: while people work on the code, the bot does not work on it on its own."""

from collections.abc import Collection
from datetime import datetime, timedelta

from theseus_guard.protection import is_covered

from bot.authority.pauses import Pause
from bot.domain.local_work import Branch, LocalWork
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.ports.workspace import Checkout

_KEY_VALUES = "dev-mode"
_EVERY = 15.0  # seconds between checks of the folder
_BRANCHES_EVERY = 60.0  # seconds between checks of the forge's branches
_STAYS, _OVER = 30.0, 60.0  # seconds that work must last, or be over, before it is announced
_BRANCH_WINDOW = timedelta(days=14)
_MAX_FILES = 3
# Local settings and the bot's own data: changing these is not work on its code.
_NO_CODE = ("data/**", ".env*")


class DevMode:
    """Detects whether people work on the code; announces the beginning and the end once each.

    Starts are blocked immediately; only the announcement waits until the state has lasted.
    """

    def __init__(self, checkout: Checkout, key_values: KeyValueStore, clock: Clock) -> None:
        self._checkout = checkout
        self._key_values = key_values
        self._clock = clock
        self._looked: float | None = None
        self._why = ""
        self._since = (clock.monotonic(), clock.now())  # of the current state
        self._branches: dict[frozenset[str], tuple[float, tuple[Branch, ...]]] = {}

    async def find_pause(self, files: Collection[str] = ()) -> Pause | None:
        """Return the pause that keeps the bot from working on `files`, or `None`.

        Raises `WorkspaceError`.
        """
        announced = await self._key_values.get(_KEY_VALUES, Pause)
        if why := await self._describe_checkout():
            return Pause(kind="dev mode", why=why, at=announced.at if announced else self._since[1])
        if announced is not None:
            return announced
        if touching := await self._find_branches(frozenset(files)):
            return Pause(kind="dev mode", why=_on_branches(touching), at=self._clock.now())
        return None

    async def look(self) -> tuple[Pause | None, bool]:
        """Return the pause to announce now, or `None`; and whether the announced one has ended."""
        why = await self._describe_checkout()
        announced = await self._key_values.get(_KEY_VALUES, Pause)
        lasted = self._clock.monotonic() - self._since[0]
        if why and announced is None and lasted >= _STAYS:
            begun = Pause(kind="dev mode", why=why, at=self._since[1])
            await self._key_values.put(_KEY_VALUES, begun)
            return begun, False
        if not why and announced is not None and lasted >= _OVER:
            await self._key_values.remove(_KEY_VALUES)
            return None, True
        return None, False

    async def _describe_checkout(self) -> str:
        """Return people's work in the folder as text, checked at most every 15 s; empty if none."""
        now = self._clock.monotonic()
        if self._looked is not None and now - self._looked < _EVERY:
            return self._why
        why = _describe_work(await self._checkout.get_local_work())
        if bool(why) is not bool(self._why):
            self._since = (now, self._clock.now())
        self._looked, self._why = now, why
        return why

    async def _find_branches(self, files: frozenset[str]) -> tuple[Branch, ...]:
        now = self._clock.monotonic()
        self._branches = {
            key: seen for key, seen in self._branches.items() if now - seen[0] < _BRANCHES_EVERY
        }
        if files and files not in self._branches:
            since: datetime = self._clock.now() - _BRANCH_WINDOW
            self._branches[files] = (now, await self._checkout.list_branches(files, since))
        return self._branches[files][1] if files else ()


def _describe_work(work: LocalWork) -> str:
    changed = [file for file in work.changed if not is_covered(file, _NO_CODE)]
    parts = []
    if changed:
        parts.append(f"uncommitted changes in {_format_files(changed)}")
    if work.branch != work.followed:
        on = f"is on `{work.branch}`" if work.branch else "is on no branch"
        parts.append(f"the checkout {on}, not on `{work.followed}`")
    if work.commits_ahead:
        commits = "a commit" if work.commits_ahead == 1 else f"{work.commits_ahead} commits"
        parts.append(f"{commits} that `{work.followed}` at the forge lacks")
    return "; ".join(parts)


def _on_branches(branches: tuple[Branch, ...]) -> str:
    texts = [
        f"`{branch.name}` changes {_format_files(branch.files)} too"
        for branch in branches[:_MAX_FILES]
    ]
    return "; ".join(texts)


def _format_files(files: Collection[str]) -> str:
    more = len(files) - _MAX_FILES
    shown = ", ".join(f"`{file}`" for file in list(files)[:_MAX_FILES])
    return shown + (f" and {more} more" if more > 0 else "")

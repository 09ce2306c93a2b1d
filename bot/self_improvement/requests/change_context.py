"""Collects what exists already for a requested change. Deterministic, without a model."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from pathlib import PurePosixPath

import structlog

from bot.domain.brief import ChangeContext, CommandUse
from bot.domain.cogs import get_cog_name
from bot.domain.errors import StoreError
from bot.domain.journal import Kind
from bot.domain.memory import Recall, Recalled
from bot.domain.run import Trigger
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.memory import MemoryStore
from bot.ports.workspace import Workspace

MOST_NAMED = 12
"""The largest number of files that a context names."""

_REMEMBERED = 6
_TOKEN = re.compile(r"[a-z][a-z0-9_]+")
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, eq=False)
class ChangeContextCollector:
    """Finds commands with their use, cogs, files, tests and memories for a request.

    `commands` returns all commands with their cogs; `lookback` limits how old a use may be.
    """

    journal: Journal
    clock: Clock
    memory: MemoryStore
    _: KW_ONLY
    commands: Callable[[], Mapping[str, str]]
    lookback: timedelta

    async def __call__(self, trigger: Trigger, workspace: Workspace) -> ChangeContext:
        """Return the context at the workspace's base. Raises `JournalError`, `WorkspaceError`."""
        request = f"{trigger.subject}\n{trigger.text}"
        files = sorted(await workspace.list_base_files())
        cogs = self.list_code(files)
        commands = await self._list_commands()
        named = self.find_files(request, files, commands)[:MOST_NAMED]
        return ChangeContext(
            commands=commands,
            named=named,
            tests=find_tests(named, files),
            cogs=cogs,
            memories=await self._recall(request),
        )

    def list_code(self, files: Sequence[str]) -> tuple[str, ...]:
        """Return the files in which commands are defined."""
        return tuple(file for file in files if get_cog_name(file))

    def find_files(
        self, request: str, files: Sequence[str], commands: Sequence[CommandUse]
    ) -> tuple[str, ...]:
        """Return the files that a request seems to be about."""
        return match_files(request, files, commands)

    async def _list_commands(self) -> tuple[CommandUse, ...]:
        """Return every command, most used first."""
        now = self.clock.now()
        uses: Counter[str] = Counter()
        people: defaultdict[str, set[str]] = defaultdict(set)
        for each in await self.journal.list_samples(since=now - self.lookback, until=now):
            uses[each.event] += 1
            if each.user is not None:
                people[each.event].add(each.user)
        found = [
            CommandUse(
                name=name,
                cog=cog,
                uses=uses[f"{Kind.COMMAND}.{name}"],
                people=len(people[f"{Kind.COMMAND}.{name}"]),
            )
            for name, cog in sorted(self.commands().items())
        ]
        return tuple(sorted(found, key=lambda each: -each.uses))

    async def _recall(self, request: str) -> tuple[Recalled, ...]:
        """Return notes, lessons and fixes that match words of the request.

        If the memory cannot be read, the result is empty and the run continues.
        """
        wanted = Recall(text=request, kinds=("note", "lesson", "fix"), limit=_REMEMBERED)
        try:
            return tuple(await self.memory.recall(wanted))
        except StoreError as error:
            _log.warning("a request is processed without the memory: %s", error)
            return ()


def match_files(
    request: str, files: Sequence[str], commands: Sequence[CommandUse]
) -> tuple[str, ...]:
    """Return the files a request is about: those named by path first, then by cog or command."""
    said_words = extract_tokens(request)
    paths = [file for file in files if file in request]
    matched_cogs = {
        each.cog for each in commands if each.cog and set(each.name.split()) & said_words
    }
    cogs = [
        file
        for file in files
        if (cog := get_cog_name(file)) and (cog in matched_cogs or cog in said_words)
    ]
    return tuple(dict.fromkeys([*paths, *cogs]))


def find_tests(named: Sequence[str], files: Sequence[str]) -> tuple[str, ...]:
    """Return the test files that are named after any of the `named` files."""
    stems = {get_cog_name(file) or PurePosixPath(file).stem for file in named}
    return tuple(
        file
        for file in files
        if (name := PurePosixPath(file).name).startswith("test_")
        and any(re.fullmatch(rf"test_{re.escape(stem)}(?:_\w+)?\.py", name) for stem in stems)
    )


def extract_tokens(text: str) -> frozenset[str]:
    """Return the words of a text, each in singular and plural: “poll” may mean `polls`."""
    words = set(_TOKEN.findall(text.lower()))
    return frozenset(words | {f"{word}s" for word in words} | {word.rstrip("s") for word in words})

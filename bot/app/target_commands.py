"""The commands of the targets, as their source shows them."""

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import structlog
from theseus_guard.completion import run_in_thread

from bot.domain.errors import TheseusError
from bot.infra.git import Git
from bot.periodic import run_periodically
from bot.ports.clock import Clock
from bot.settings import Settings
from bot.targets.checkout import locate_target, read_checkout
from bot.targets.commands import FoundCommand
from bot.targets.inspection import inspect_repository

_REFRESH_SECONDS = 60.0
# The source is somebody else's, and the names are shown in answers: no marks, no mentions.
_NAME = re.compile(r"[\w-]{1,32}(?: [\w-]{1,32}){0,3}")
_log = structlog.stdlib.get_logger(__name__)


class TargetCommands:
    """Knows the commands of each target, whether they have failed or not.

    Nothing of a target runs. Until its source has been read, it has no commands.
    """

    def __init__(self, folders: Mapping[str, Path], clock: Clock) -> None:
        self._folders = folders
        self._clock = clock
        self._heads: dict[str, str] = {}
        self._commands: dict[str, Mapping[str, FoundCommand]] = {}

    def list_names(self, target: str) -> frozenset[str]:
        """Return the full names of a target's commands, as people type them."""
        return frozenset(self._commands.get(target, {}))

    def list_files(self, target: str) -> dict[str, str]:
        """Return the file that defines each command, by the command's name."""
        return {name: each.path for name, each in self._commands.get(target, {}).items()}

    async def run_forever(self) -> None:
        """Read each target now, and again after each new commit."""
        await run_periodically(self.refresh, self._clock, _REFRESH_SECONDS)

    async def refresh(self) -> None:
        """Read the targets that have a new commit. One that cannot be read keeps its commands."""
        for target, folder in self._folders.items():
            head = await run_in_thread(partial(_read_head, folder))
            if head is None or head == self._heads.get(target):
                continue
            try:
                self._commands[target] = await run_in_thread(partial(_read_commands, folder))
            except TheseusError as error:
                _log.warning("the commands of %s could not be read: %s", target, error)
            self._heads[target] = head


def build_target_commands(settings: Settings, clock: Clock) -> TargetCommands:
    """Return the commands of the configured targets, not read yet."""
    folders = {
        each.name: locate_target(each, settings.root, settings.state)
        for each in settings.config.targets
    }
    return TargetCommands(folders, clock)


def _read_head(folder: Path) -> str | None:
    """Return the commit of a checkout; `None` if there is none, which other parts report."""
    if not folder.is_dir():
        return None
    head = Git(folder).run("rev-parse", "--verify", "-q", "HEAD", ok=None)
    return head.line if head.status == 0 else None


def _read_commands(folder: Path) -> dict[str, FoundCommand]:
    found = inspect_repository(read_checkout(folder))
    return {each.name: each for each in found.commands if _NAME.fullmatch(each.name)}

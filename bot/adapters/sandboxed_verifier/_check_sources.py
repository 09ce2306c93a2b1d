"""Where the checks of a repository come from, and which Python runs them."""

import sys
from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.adapters.sandboxed_verifier._commands import CHANGED, find_kind
from bot.domain.checks import Check, Checks
from bot.domain.errors import ConfigError, VerifierError
from bot.ports.verifier import Tier
from bot.ports.workspace import Workspace
from bot.settings import parse_checks


class CheckSource(Protocol):
    """Knows the checks of a workspace's base. `python` runs them and the reproductions."""

    @property
    def python(self) -> str:
        """The Python, as the first word of a command."""
        ...

    async def load(self, tier: Tier, workspace: Workspace) -> tuple[Check, ...]:
        """Return the checks of a tier. Raises `VerifierError`."""
        ...

    async def find_formatter(self, workspace: Workspace) -> Check | None:
        """Return the check of the changed files' format, if there is one that can write."""
        ...


FindFormatter = Callable[[Workspace], Awaitable[Check | None]]
"""Returns the check with which a repository formats its files, if it has one."""


async def find_no_formatter(_: Workspace) -> None:
    """Return `None`: the repository formats nothing."""


class ChecksAtBase:
    """The checks in the configuration file that base has; no branch chooses its own."""

    def __init__(self, config: str = "data/config.yaml") -> None:
        self._config = config
        self.python = sys.executable

    async def load(self, tier: Tier, workspace: Workspace) -> tuple[Check, ...]:
        """Return the checks of a tier. Raises `VerifierError`."""
        source = f"{self._config} at {workspace.base[:10]}"
        text = await workspace.read_base(self._config)
        if text is None:
            raise VerifierError(
                f"{source} does not exist, so I do not know how to check a change: commit the "
                "configuration file with its `checks`."
            )
        try:
            checks = parse_checks(text, source)
        except ConfigError as error:
            raise VerifierError(str(error)) from error
        return _choose(checks, tier)

    async def find_formatter(self, workspace: Workspace) -> Check | None:
        """Return the first check of the quick tier that can write."""
        return _find_format_check(await self.load("quick", workspace))


class FixedChecks:
    """Checks that are configured outside of the repository, which has no say in them.

    Without a configured check of the changed files' format, `find_formatter` says how the
    repository formats them.
    """

    def __init__(
        self, checks: Checks, python: str, find_formatter: FindFormatter = find_no_formatter
    ) -> None:
        self._checks = checks
        self._find_formatter = find_formatter
        self.python = python

    async def load(self, tier: Tier, workspace: Workspace) -> tuple[Check, ...]:
        """Return the checks of a tier."""
        return _choose(self._checks, tier)

    async def find_formatter(self, workspace: Workspace) -> Check | None:
        """Return the configured formatter of single files, else the repository's own one."""
        configured = _find_format_check(self._checks.quick)
        if configured is not None and CHANGED in configured.command:
            return configured
        return await self._find_formatter(workspace)


def _choose(checks: Checks, tier: Tier) -> tuple[Check, ...]:
    return checks.quick if tier == "quick" else checks.full


def _find_format_check(checks: tuple[Check, ...]) -> Check | None:
    return next((each for each in checks if find_kind(each) == "format"), None)

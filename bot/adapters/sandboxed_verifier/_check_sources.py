"""Where the checks of a repository come from, and which Python runs them."""

import sys
from typing import Protocol

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


class FixedChecks:
    """Checks that are configured outside of the repository, which has no say in them."""

    def __init__(self, checks: Checks, python: str) -> None:
        self._checks = checks
        self.python = python

    async def load(self, tier: Tier, workspace: Workspace) -> tuple[Check, ...]:
        """Return the checks of a tier."""
        return _choose(self._checks, tier)


def _choose(checks: Checks, tier: Tier) -> tuple[Check, ...]:
    return checks.quick if tier == "quick" else checks.full

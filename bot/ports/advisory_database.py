"""The advisory port: known flaws of exact package versions, from a database on this machine."""

from collections.abc import Collection
from typing import Protocol

from bot.domain.advisories import (
    AdvisorySource,
    DeclaredPackages,
    KnownFlaw,
    PackageVersion,
)


class AdvisoryDatabase(Protocol):
    """Answers from an imported copy; the network is never used."""

    async def get_source(self) -> AdvisorySource:
        """Return what was imported, and when. Raises `AdvisoriesMissing`."""
        ...

    async def find(self, packages: Collection[PackageVersion]) -> tuple[KnownFlaw, ...]:
        """Return the known flaws of these versions; several advisories of one flaw count once.

        Withdrawn advisories do not count. Raises `AdvisoriesMissing` if nothing was imported or the
        file cannot be read.
        """
        ...

    def read_manifest(self, path: str, text: str) -> DeclaredPackages:
        """Return the packages that a manifest names. Never raises: any text is possible."""
        ...

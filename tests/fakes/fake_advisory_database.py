"""Known flaws in memory."""

from collections.abc import Collection

from bot.domain.advisories import (
    AdvisoriesMissing,
    AdvisorySource,
    DeclaredPackages,
    KnownFlaw,
    PackageVersion,
)
from bot.infra.dependency_files import read_manifest


class FakeAdvisoryDatabase:
    """Implements `bot.ports.advisory_database.AdvisoryDatabase`; without a source it is missing."""

    def __init__(self, source: AdvisorySource | None = None, *flaws: KnownFlaw) -> None:
        self._source, self._flaws = source, flaws

    async def get_source(self) -> AdvisorySource:
        """Return the source. Raises `AdvisoriesMissing`."""
        if self._source is None:
            raise AdvisoriesMissing("no advisory database: import one")
        return self._source

    async def find(self, packages: Collection[PackageVersion]) -> tuple[KnownFlaw, ...]:
        """Return the flaws of these versions. Raises `AdvisoriesMissing`."""
        await self.get_source()
        return tuple(flaw for flaw in self._flaws if flaw.package in packages)

    def read_manifest(self, path: str, text: str) -> DeclaredPackages:
        """Return the packages that a manifest names."""
        return read_manifest(path, text)

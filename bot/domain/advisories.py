"""Published advisories about packages, and which versions they affect."""

from typing import Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.errors import PortError

LONGEST_VERSION = 100
RangeEvent = tuple[Literal["introduced", "fixed", "last_affected", "limit"], str]


class AdvisoriesMissing(PortError):
    """There is no advisory database on this machine, or it cannot be read."""

    code = "advisories"


class PackageVersion(Record):
    """One exact version of a package, by its normalised name."""

    name: str
    version: str


class Advisory(Record):
    """What one advisory says of one package. `ranges` are lists of events, as in OSV."""

    id: str = Field(min_length=1, max_length=100)
    aliases: tuple[str, ...] = Field(default=(), max_length=50)
    summary: str = ""
    package: str
    versions: tuple[str, ...] = Field(default=(), max_length=20_000)
    ranges: tuple[tuple[RangeEvent, ...], ...] = Field(default=(), max_length=1_000)


class KnownFlaw(Record):
    """A flaw of an exact version; `ids` are all names of it, the advisory's first."""

    package: PackageVersion
    ids: tuple[str, ...]
    summary: str = ""
    fixed_in: str = Field(default="", description="the first fixed version; empty: none is known")

    def is_same(self, other: "KnownFlaw") -> bool:
        """Return whether both are the same flaw, perhaps of different versions."""
        is_of_package = self.package.name == other.package.name
        return is_of_package and not set(self.ids).isdisjoint(other.ids)


class AdvisorySource(Record):
    """The imported database: when it was imported, its newest entry, and its size."""

    imported_at: AwareDatetime
    newest: str = Field(default="", description="when its newest advisory was changed")
    count: int = Field(ge=0)


class DeclaredPackages(Record):
    """The packages that manifests name.

    `loose` are requirements without an exact version, as written. `elsewhere` are packages that do
    not come from PyPI, with the place. `unreadable` are manifests or lines that cannot be read.
    """

    exact: frozenset[PackageVersion] = frozenset()
    loose: frozenset[tuple[str, str]] = frozenset()
    elsewhere: frozenset[tuple[str, str]] = frozenset()
    unreadable: frozenset[str] = frozenset()

    def add(self, other: "DeclaredPackages") -> "DeclaredPackages":
        """Return the packages of both."""
        return DeclaredPackages(
            exact=self.exact | other.exact,
            loose=self.loose | other.loose,
            elsewhere=self.elsewhere | other.elsewhere,
            unreadable=self.unreadable | other.unreadable,
        )

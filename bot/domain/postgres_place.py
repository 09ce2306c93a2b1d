"""Where PostgreSQL keeps the state: an address, which is a secret, and a schema."""

from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import urlsplit

from bot.domain.errors import ConfigError

STATE_URL = "THESEUS_STATE_URL"
SCHEMES = ("postgresql", "postgres")


@dataclass(frozen=True)
class PostgresPlace:
    """One schema of one database. Its text never shows the address, which contains a password."""

    url: str = field(repr=False)
    schema: str = "theseus"

    @classmethod
    def parse(cls, url: str, where: str = STATE_URL) -> Self:
        """Return the place of an address. Raises `ConfigError`, which does not show the address."""
        try:
            parts = urlsplit(url.strip())
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in SCHEMES or not parts.path.strip("/"):
            raise ConfigError(
                f"{where} is not an address of a PostgreSQL database; it looks like "
                "postgresql://USER:PASSWORD@HOST:5432/DATABASE."
            )
        return cls(url.strip())

    @property
    def name(self) -> str:
        """The host and the database, without user and password."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        return f"{host or 'localhost'}/{parts.path.strip('/')}"

    def get_part(self, name: str) -> Self:
        """Return the schema beside this one that keeps a part of the state."""
        return replace(self, schema=f"{self.schema}_{name}")

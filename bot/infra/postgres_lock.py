"""Lets one bot use a schema of PostgreSQL, whichever machine it runs on."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg

from bot.domain.errors import ConfigError
from bot.domain.postgres_place import PostgresPlace
from bot.infra.postgres import PostgresConnection, describe_error

WAIT_SECONDS = 10


@contextmanager
def connect_once(place: PostgresPlace) -> Iterator[PostgresConnection]:
    """Connect until the block ends. Blocking. Raises `ConfigError` if that does not work."""
    try:
        connection = PostgresConnection.connect(place)
    except psycopg.Error as error:
        raise ConfigError(
            f"The state in {place.name} cannot be used: {describe_error(error)}."
        ) from error
    with closing(connection):
        yield connection


@contextmanager
def hold_schema(place: PostgresPlace, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the schema's lock until the block or the process ends; others may still read and write.

    A bot that is ending has some seconds for it. The lock is not taken again after the server was
    restarted, so it keeps a second bot from starting, and no more. Blocking. Raises `ConfigError`.
    """
    with connect_once(place) as connection:
        try:
            connection.hold_alone(wait_seconds)
        except psycopg.errors.LockNotAvailable as error:
            raise ConfigError(
                f"Another Theseus uses the state in {place.name}. Stop it first, or name another "
                "database in THESEUS_STATE_URL."
            ) from error
        yield

"""A PostgreSQL server for the suites of ports that it can hold; only their slow tests start it."""

from collections.abc import Iterator

import pytest

from tests.support.postgres_server import PostgresServer, run_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with run_server() as server:
        yield server

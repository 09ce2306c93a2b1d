"""docs/privacy.md says of every column of every database whether it is about people."""

from bot.app.schemas import KNOWN_MIGRATIONS
from tests.support.stored_data import (
    DOCUMENT,
    MIGRATIONS,
    list_classified,
    read_schema,
    replace_table,
)


def test_every_column_of_every_table_is_described() -> None:
    assert list_classified() == read_schema(), "Describe it in tests/support/stored_data.py."


def test_every_database_is_described() -> None:
    described = {each.name for migrations in MIGRATIONS.values() for each in migrations}
    assert described >= KNOWN_MIGRATIONS


def test_the_document_shows_the_table() -> None:
    document = DOCUMENT.read_text("utf-8")
    assert replace_table(document) == document, "Run `python -m tests.support.stored_data`."

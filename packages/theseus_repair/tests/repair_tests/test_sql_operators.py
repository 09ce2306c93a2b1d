"""Edits of SQL: what a statement asks, and of which table."""

import pytest
from repair_tests.edit_proposals import list_proposals


def test_no_statement_stands_in_for_one_that_does_something_else() -> None:
    faulty = (
        "def f(db, x):\n    db.execute('UPDATE note SET old = 1 WHERE id = ?', (x,))\n"
        "    db.execute('DELETE FROM note WHERE id = ?', (x,))\n"
    )

    assert all(text.count("UPDATE note") == text.count("DELETE") for text in list_proposals(faulty))


def test_no_column_is_asked_for_twice_in_one_list() -> None:
    faulty = (
        "MADE = 'CREATE TABLE loans (member TEXT, due TEXT, book TEXT)'\n\n\n"
        "def f(db):\n    return db.execute('SELECT book FROM loans ORDER BY member, due')\n"
    )
    texts = set(list_proposals(faulty))

    assert any("ORDER BY due, member" in text for text in texts)
    assert any("ORDER BY member, book" in text for text in texts)
    assert not any("due, due" in text or "member, member" in text for text in texts)


@pytest.mark.parametrize(
    ("sql", "after"),
    [
        (
            "SELECT * FROM book b JOIN loan l ON l.book = b.id WHERE b.id = ?",
            "b.id AND l.back = 0 WHERE",
        ),
        (
            "SELECT * FROM book b LEFT JOIN loan AS l ON (l.book = b.id)",
            "(l.book = b.id) AND l.back = 0'",
        ),
        (
            "SELECT * FROM book b JOIN loan ON lower(book) = name ORDER BY b.id",
            "= name AND loan.back = 0 ORDER",
        ),
        (
            "SELECT * FROM book b WHERE id IN (SELECT 1 FROM shelf JOIN loan ON book = 2)",
            "book = 2 AND loan.back = 0)",
        ),
    ],
)
def test_a_joined_table_is_asked_what_others_ask_of_it(sql: str, after: str) -> None:
    others = "def g(db):\n    return db.execute('SELECT id FROM loan WHERE back = 0')\n"
    faulty = f"{others}def f(db):\n    return db.execute('{sql}')\n"

    assert any(after in text for text in list_proposals(faulty))


def test_a_condition_of_another_statement_on_the_table_is_asked_here_too() -> None:
    faulty = (
        "def f(db, x):\n"
        "    db.execute('SELECT 1 FROM loan WHERE book = ? AND returned IS NULL', (x,))\n"
        "    db.execute('SELECT 2 FROM loan WHERE member = ? ORDER BY due', (x,))\n"
    )

    wanted = "SELECT 2 FROM loan WHERE member = ? AND returned IS NULL ORDER BY due"
    assert any(wanted in text for text in list_proposals(faulty))

"""Which files are a cog's."""

from pathlib import Path

import pytest

from bot.domain.snapshot import is_cog_file

ROOT = Path(__file__).resolve().parents[3]
COGS = sorted(path.stem for path in (ROOT / "cogs").iterdir() if path.stem[0] not in "_.")


@pytest.mark.parametrize("name", ["polls", "polls.sqlite3", "polls-old.json", "polls_cache"])
def test_what_is_called_as_the_cog_is_the_cogs(name: str) -> None:
    assert is_cog_file(name, "polls")
    assert not is_cog_file(name, "poll")
    assert not is_cog_file(name, "")


def test_the_parts_of_a_database_are_in_its_copy() -> None:
    assert not any(is_cog_file(f"polls.sqlite3{end}", "polls") for end in ("-wal", "-shm"))


def test_what_the_bot_keeps_is_no_cogs() -> None:
    """Whatever is said in the documents to lie in the folder, but for the cogs' own line."""
    told = (ROOT / "docs/architecture.md").read_text().partition("## Where things are kept")[2]
    rows = [line for line in told.splitlines() if line.startswith("| `")]
    names = [
        name.strip("`/ ").partition("/")[0]
        for row in rows
        if "the cogs' own" not in row
        for name in row.split("|")[1].split(",")
    ]
    assert len(names) > 12
    taken = [(cog, name) for name in names for cog in (*COGS, name) if is_cog_file(name, cog)]
    assert taken == []

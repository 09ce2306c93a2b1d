"""A commit that imported complete files is rarely the cause of a failure in their lines."""

from pathlib import Path

import pytest

from bot.adapters.git_checkout import GitCheckout
from tests.fakes.repositories import commit, make_repository, run_git

LINES = [f"line {number}\n" for number in range(1, 31)]
COG = "".join(LINES)
BROKEN = COG.replace("line 20\n", "broken\n")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Return a repository into which a cog was imported, behind its first commit."""
    make_repository(tmp_path / "repo", {"README.md": "A bot.\n"})
    commit(tmp_path / "repo", {"cogs/scores.py": COG}, "Import scores", at=1_000_100)
    return tmp_path / "repo"


async def summaries(repo: Path, *sites: tuple[str, int]) -> list[str]:
    """Return what the suspects are called, best first."""
    return [one.commit.summary for one in await GitCheckout(repo).find_suspects(sites)]


async def test_it_is_no_suspect_where_no_commit_is(repo: Path) -> None:
    commit(repo, {"cogs/other.py": "one\n"}, "Import another", at=1_000_200)
    assert await summaries(repo, ("cogs/scores.py", 20)) == []


async def test_it_is_no_suspect_where_a_later_commit_is(repo: Path) -> None:
    commit(repo, {"cogs/scores.py": BROKEN}, "Break it", at=1_000_200)
    assert await summaries(repo, ("cogs/scores.py", 20), ("cogs/scores.py", 5)) == ["Break it"]


async def test_what_it_changed_besides_is_all_that_is_held_against_it(repo: Path) -> None:
    files = {"cogs/helper.py": "def help():\n    return 1 / 0\n", "cogs/scores.py": BROKEN}
    commit(repo, dict(files), "Bring a helper", at=1_000_200)
    found = await GitCheckout(repo).find_suspects([("cogs/helper.py", 2), ("cogs/scores.py", 20)])
    assert [one.reason for one in found] == ["last changed cogs/scores.py:20"]
    assert "+broken" in found[0].diff
    assert "helper" not in found[0].diff
    assert found[0].touched == ("cogs/helper.py", "cogs/scores.py")
    assert found[0].line_counts == {"cogs/helper.py": 2, "cogs/scores.py": 2}


async def test_a_file_that_was_only_moved_was_not_changed(repo: Path) -> None:
    run_git(repo, "mv", "cogs/scores.py", "cogs/points.py")
    commit(repo, {}, "Move it", at=1_000_200)
    assert await summaries(repo, ("cogs/points.py", 20)) == []


async def test_a_move_that_also_changed_the_line_is_a_suspect_for_that(repo: Path) -> None:
    run_git(repo, "mv", "cogs/scores.py", "cogs/points.py")
    commit(repo, {"cogs/points.py": BROKEN}, "Move and break it", at=1_000_200)
    [found] = await GitCheckout(repo).find_suspects([("cogs/points.py", 20)])
    assert found.reason == "last changed cogs/points.py:20"
    assert "-line 20\n+broken" in found.diff
    assert "+line 5" not in found.diff


async def test_of_what_came_since_it_worked_an_import_is_named_last(repo: Path) -> None:
    worked = run_git(repo, "rev-parse", "HEAD")
    commit(repo, {"cogs/scores.py": BROKEN}, "Break it", at=1_000_200)
    commit(repo, {"cogs/helper.py": "one\n"}, "Import a helper", at=1_000_300)
    found = await GitCheckout(repo).list_changes_since(worked, ["cogs/helper.py", "cogs/scores.py"])
    assert [one.commit.summary for one in found] == ["Break it", "Import a helper"]


@pytest.mark.parametrize(
    ("files", "revertible"),
    [
        ({"cogs/scores.py": BROKEN}, True),
        ({"cogs/scores.py": BROKEN, "tests/test_scores.py": COG * 9, "docs/a.md": COG * 9}, True),
        ({"cogs/scores.py": "".join(LINES[:19]) + "broken\n" + COG * 3}, False),
        ({"cogs/scores.py": BROKEN, "cogs/polls.py": COG * 3}, False),
        ({"cogs/scores.py": BROKEN, "a.py": "1\n", "b.py": "1\n", "c.py": "1\n"}, False),
    ],
)
async def test_a_commit_with_much_else_in_it_is_not_to_be_reverted(
    repo: Path, files: dict[str, str | bytes | None], revertible: bool
) -> None:
    commit(repo, files, "Break it", at=1_000_200)
    [found] = await GitCheckout(repo).find_suspects([("cogs/scores.py", 20)])
    assert found.is_revertible is revertible


async def test_a_change_of_a_constant_counts_like_a_change_of_the_line_that_reads_it(
    repo: Path,
) -> None:
    reads = "\n" * 20 + "def face(value):\n    return FACES[value - 1]\n"
    for at, faces, subject in ((200, "abcdef", "Add dice"), (300, "abcde", "Shorten the faces")):
        files = {"cogs/dice.py": f"FACES = '{faces}'\n{reads}"}
        commit(repo, dict(files), subject, at=1_000_000 + at)
    later = {"cogs/dice.py": f"FACES = 'abcde'\n{reads}\nOTHER = 1\n"}
    commit(repo, dict(later), "Add another constant", at=1_000_400)

    [first, *_] = await GitCheckout(repo).find_suspects([("cogs/dice.py", 23)])

    assert first.commit.summary == "Shorten the faces"
    assert first.reason == "last changed FACES, which cogs/dice.py:23 reads"
    assert "-FACES = 'abcdef'\n+FACES = 'abcde'" in first.diff

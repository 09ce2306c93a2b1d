"""Each file of the project comes to run in one way, and none is called live that may not be."""

from pathlib import Path

import pytest

from bot.domain.adoption import filter_by_way, get_adoption_way
from tests.support.tracked_files import list_tracked_files

ROOT = Path(__file__).resolve().parents[3]
WORDS = (".md", ".svg", ".png", ".example", "LICENSE", ".editorconfig", "ignore", ".yaml")


@pytest.mark.parametrize(
    ("path", "way"),
    [
        ("prompts/persona.md", "hot"),
        ("prompts/skills/triage/SKILL.md", "hot"),
        ("cogs/dice.py", "cog"),
        ("cogs/ui/answers.py", "cog"),
        ("data/config.yaml", "settings"),
        ("uv.lock", "install"),
        ("bot/domain/run.py", "restart"),
        ("bot/web/static/pages.css", "restart"),
        ("packages/local_discord/local_discord/server.py", "restart"),
        ("bot/supervisor/parent.py", "service"),
        ("tests/cogs/test_dice.py", "none"),
        ("README.md", "none"),
        ("botany/notes.txt", "none"),
        ("new_package/core.py", "restart"),
    ],
)
def test_each_way_is_told_by_the_path(path: str, way: str) -> None:
    assert get_adoption_way(path) == way


def test_the_table_knows_every_file_of_the_project_that_is_no_word_of_its_own() -> None:
    top = [
        path
        for path in list_tracked_files(ROOT)
        if "/" not in path and get_adoption_way(path) == "none"
    ]
    assert [path for path in top if not path.endswith((*WORDS, "Makefile", "file"))] == []


def test_paths_are_kept_in_their_order() -> None:
    paths = ("docs/a.md", "bot/b.py", "uv.lock", "bot/a.py")
    assert filter_by_way(paths, "restart", "install") == ("bot/b.py", "uv.lock", "bot/a.py")

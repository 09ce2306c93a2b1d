"""The charter: models read it, `/about` shows it, and what the table names as its guards exists."""

import ast
import itertools
import re
from pathlib import Path

import pytest

from bot.domain.errors import ConfigError
from bot.prompts import CHARTER, Prompts
from tests.support.dev_channel import open_dev_channel

ROOT = Path(__file__).resolve().parents[1]
PROMPTS = Prompts(ROOT / "prompts")
CLAUSES = re.findall(r"^### (.+)$", (ROOT / "prompts/charter.md").read_text(), re.MULTILINE)


def read_rows() -> list[list[str]]:
    """Return the cells of the table, each row with its clause."""
    lines = (ROOT / "docs/charter.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line[:1] == "|"]
    for previous, row in itertools.pairwise(rows):
        row[0] = row[0] or previous[0]
    return rows[2:]


def has_name(reference: str) -> bool:
    """Return whether a module, as `path::name`, defines that name."""
    path, _, name = reference.partition("::")
    tree = ast.parse((ROOT / path).read_text())
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    defined = {each.name for each in tree.body if isinstance(each, kinds)}
    return name in defined | {
        each.target.id
        for each in tree.body
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    }


def test_each_clause_has_a_guard_and_a_test_that_exist() -> None:
    rows = read_rows()
    assert list(dict.fromkeys(row[0] for row in rows)) == CLAUSES
    assert not has_name("bot/prompts.py::Missing")
    for _, guard, test in rows:
        (guard_name,), (test_name,) = (re.findall(r"`(\S+::\w+)`", cell) for cell in (guard, test))
        assert has_name(guard_name), guard_name
        assert has_name(test_name) and "::test_" in test_name, test_name


@pytest.mark.parametrize("name", ["planner", "planner_request", "planner_audit", "reviewer_vote"])
def test_a_system_prompt_ends_with_the_charter(name: str) -> None:
    assert PROMPTS.render_system(name).endswith(PROMPTS.render(CHARTER))


def test_no_system_prompt_of_a_model_is_rendered_without_the_charter() -> None:
    engine = ROOT / "bot/adapters/claude_agent"
    system = re.compile(r"system=(?!self\._system\b|system\b|\"planner_request\")[^,]*?render\w*\(")
    found = [
        match.group()
        for path in sorted(engine.rglob("*.py"))
        for match in system.finditer(path.read_text())
    ]
    assert len(found) >= 4
    assert all(each.endswith(("render_system(", "render_character(")) for each in found), found


def test_without_its_charter_no_model_starts(tmp_path: Path) -> None:
    (tmp_path / "planner.md").write_text("You plan.")
    with pytest.raises(ConfigError, match=r"charter\.md cannot be read"):
        Prompts(tmp_path).render_system("planner")


async def test_about_shows_the_charter_to_everyone(tmp_path: Path) -> None:
    async with open_dev_channel(tmp_path, extensions=("cogs.about",)) as room:
        shown = await room.run_command("mallory", "about")
    assert shown.startswith("I am Theseus, a bot that repairs its own code.")
    assert CLAUSES[0] in shown

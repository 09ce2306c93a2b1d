"""A change gets one entry in the changelog, and nothing is written through a link."""

from pathlib import Path

from bot.self_improvement.runs.changelog_writer import ChangelogWriter
from tests.fakes.fake_workspaces import FakeWorkspaces
from tests.support.claude_room import make_assignment

KEPT = "## Unreleased\n\n- One.\n"


async def test_a_change_that_is_revised_has_one_entry(tmp_path: Path) -> None:
    workspaces = FakeWorkspaces(tmp_path, {"CHANGELOG.md": KEPT})
    async with workspaces.open("run1", base=workspaces.base) as workspace:
        for _ in range(2):
            grant = await ChangelogWriter().write(make_assignment(""), workspace, "Fix !hi")
            assert grant is not None
            assert grant.file == "CHANGELOG.md"
        assert (workspace.path / "CHANGELOG.md").read_text() == f"{KEPT}- Fix !hi\n"


async def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text(KEPT)
    workspaces = FakeWorkspaces(tmp_path, {"CHANGELOG.md": KEPT})
    async with workspaces.open("run1", base=workspaces.base) as workspace:
        file = workspace.path / "CHANGELOG.md"
        file.unlink()
        file.symlink_to(outside)
        assert await ChangelogWriter().write(make_assignment(""), workspace, "Fix") is None
    assert outside.read_text() == KEPT

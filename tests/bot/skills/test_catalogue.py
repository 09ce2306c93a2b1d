"""The folder of skills: complete skills are loaded, anything else is refused."""

import os
from pathlib import Path

import pytest

from bot.domain.skill import FOLDER, MANIFEST, SkillSet
from bot.skills import MOST_FILES
from tests.support.skill_folders import load_skills


def lay(root: Path, name: str, text: str | None = None, **files: str | bytes) -> Path:
    """Put a skill there; its files by path, with `__` for a slash."""
    folder = root / FOLDER / name
    folder.mkdir(parents=True)
    manifest = f"---\nname: {name}\ndescription: About {name}.\n---\nDo it.\n"
    (folder / MANIFEST).write_text(manifest if text is None else text)
    for path, content in files.items():
        place = folder / path.replace("__", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def reason(root: Path) -> str:
    """Return why the only folder there is no skill."""
    found = load_skills(root)
    assert found.skills == ()
    (refused,) = found.refused
    assert refused.reason.startswith(FOLDER)
    return refused.reason.removeprefix(f"{FOLDER}/")


def test_without_the_folder_there_are_none(tmp_path: Path) -> None:
    assert load_skills(tmp_path) == SkillSet()


def test_skills_come_in_order_with_all_that_lies_beside_them(tmp_path: Path) -> None:
    lay(tmp_path, "tea", references__cups="Two.", scripts__boil="#!/bin/sh\n", logo=b"\x89PNG\xff")
    lay(tmp_path, "coffee")
    (tmp_path / FOLDER / "README").write_text("no skill")
    (tmp_path / FOLDER / ".hidden").mkdir()
    found = load_skills(tmp_path)
    assert [each.name for each in found.skills] == ["coffee", "tea"]
    assert found.refused == ()
    tea = found.find("tea")
    assert tea is not None
    assert tea.files == {
        "logo": None, "references/cups": "Two.", "scripts/boil": "#!/bin/sh\n"
    }  # fmt: skip


def test_a_broken_one_is_refused_and_the_others_are_there(tmp_path: Path) -> None:
    lay(tmp_path, "tea")
    lay(tmp_path, "broken", "no front matter")
    found = load_skills(tmp_path)
    assert [each.name for each in found.skills] == ["tea"]
    (refused,) = found.refused
    assert refused.name == "broken"
    assert refused.reason.startswith(f"{FOLDER}/broken/{MANIFEST}, line 1: ")


def test_a_folder_without_its_file_or_with_another_spelling_is_none(tmp_path: Path) -> None:
    folder = lay(tmp_path, "tea")
    (folder / MANIFEST).rename(folder / "skill.md")
    assert "tea has no SKILL.md" in reason(tmp_path)


def test_a_text_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    (lay(tmp_path, "tea") / MANIFEST).write_bytes(b"---\nname: tea\xff\n---\n")
    assert "not UTF-8 text" in reason(tmp_path)


def test_a_folder_by_an_odd_name_is_refused(tmp_path: Path) -> None:
    lay(tmp_path, "My Tea")
    assert "'My Tea' is not valid" in reason(tmp_path)


@pytest.mark.parametrize("where", ["secret.md", "references/secret.md"])
def test_a_file_that_is_a_link_is_refused_wherever_it_leads(tmp_path: Path, where: str) -> None:
    (tmp_path / "secret").write_text("KEY=outside")
    folder = lay(tmp_path, "tea", references__cups="Two.")
    (folder / where).symlink_to(tmp_path / "secret")
    assert reason(tmp_path).startswith(f"tea/{where}: it is a link")


def test_a_link_to_what_lies_in_the_project_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DISCORD_TOKEN=secret")
    (lay(tmp_path, "tea") / "notes.md").symlink_to("../../../.env")
    assert reason(tmp_path).startswith("tea/notes.md: it is a link")


@pytest.mark.parametrize("to", ["elsewhere", "/etc", "prompts/skills/other"])
def test_a_skill_or_its_text_that_is_a_link_is_refused(tmp_path: Path, to: str) -> None:
    elsewhere = lay(tmp_path / "elsewhere", "tea")
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "tea").symlink_to(elsewhere if to == "elsewhere" else tmp_path / to)
    assert reason(tmp_path).startswith("tea: it is a link")
    (tmp_path / FOLDER / "tea").unlink()
    (tmp_path / FOLDER / "tea").mkdir()
    (tmp_path / FOLDER / "tea" / MANIFEST).symlink_to(elsewhere / MANIFEST)
    assert reason(tmp_path).startswith("tea/SKILL.md: it is a link")


def test_skills_that_are_reached_by_a_link_are_refused(tmp_path: Path) -> None:
    lay(tmp_path / "elsewhere", "tea")
    (tmp_path / "prompts").symlink_to(tmp_path / "elsewhere" / "prompts")
    assert reason(tmp_path) == "tea/SKILL.md: prompts is a link; put the file itself there"


def test_what_is_no_plain_file_is_refused_without_being_opened(tmp_path: Path) -> None:
    os.mkfifo(lay(tmp_path, "tea") / "pipe")
    assert "tea/pipe: it is no plain file" in reason(tmp_path)


def test_too_many_too_large_and_too_deep_files_are_refused(tmp_path: Path) -> None:
    lay(tmp_path / "many", "tea", **{f"f{number}": "x" for number in range(MOST_FILES)})
    assert f"41 files; {MOST_FILES} at most" in reason(tmp_path / "many")
    lay(tmp_path / "large", "tea", big=b"\xff" * 512_000)
    assert "bytes in total" in reason(tmp_path / "large")
    lay(tmp_path / "long", "tea", big="x" * 40_001)
    assert "tea/big has 40,001 characters" in reason(tmp_path / "long")
    lay(tmp_path / "deep", "tea", a__b__c__d__e__f="x")
    assert "at most 4 deep" in reason(tmp_path / "deep")


def test_what_nobody_can_see_is_refused_in_files_beside_it_too(tmp_path: Path) -> None:
    lay(tmp_path, "tea", notes="Boil.\nNow \u202eobey.\n")
    assert reason(tmp_path).startswith("tea/notes, line 2: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (lay(tmp_path, "tea") / MANIFEST).chmod(0)
    assert "cannot be read: Permission denied" in reason(tmp_path)

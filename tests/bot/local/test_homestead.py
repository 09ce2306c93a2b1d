"""The demo's private home: whatever the visitor's copy looks like, it is only read."""

import shutil
from pathlib import Path

import pytest
import yaml

from bot.domain.errors import ConfigError
from bot.local.faults import FAULTS, Fault
from bot.local.homestead import Homestead, Residence, prepare
from bot.settings import config_from
from tests.fakes.repositories import commit, git, snapshot, write

ROOT = Path(__file__).resolve().parents[3]
RESIDENCE = Residence(
    guild_id=11, dev_channel_id=12, listed=(13,), url="http://127.0.0.1:1", engine="offline"
)


def copy(to: Path) -> Path:
    """Copy what faults are planted in, and the configuration: an archive, unpacked."""
    for folder in ("cogs", "tests/cogs", "data"):
        ignored = shutil.ignore_patterns("__pycache__", "state")
        shutil.copytree(ROOT / folder, to / folder, ignore=ignored)
    return to


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return copy(tmp_path / "source")


@pytest.fixture
def clone(archive: Path) -> Path:
    git(archive, "init", "-q", "-b", "main")
    commit(archive, {"notes.txt": "first\n"}, "First")
    commit(archive, {"notes.txt": "second\n"}, "Second")
    return archive


@pytest.fixture
def stead(tmp_path: Path) -> Homestead:
    (tmp_path / "home").mkdir()
    return Homestead.at(tmp_path / "home")


def every_file(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def fits(fault: Fault) -> bool:
    text = (ROOT / fault.file).read_text()
    return all(text.count(before) == 1 for before, _ in fault.replacements)


def a_fault() -> Fault:
    """Return one that fits: these tests are also run in copies where a fault is planted."""
    return next(filter(fits, FAULTS))


async def test_a_clone_is_cloned_at_its_head_with_its_history(
    clone: Path, stead: Homestead
) -> None:
    await prepare(clone, stead, None, RESIDENCE)

    git(stead.checkout, "merge-base", "--is-ancestor", git(clone, "rev-parse", "HEAD"), "HEAD")
    head = git(stead.checkout, "rev-parse", "HEAD")
    assert (stead.checkout / "notes.txt").read_text() == "second\n"
    assert git(stead.forge, "rev-parse", "refs/heads/main") == head
    assert git(stead.checkout, "rev-parse", "origin/main") == head
    assert git(stead.checkout, "status", "--porcelain") == ""


async def test_an_unpacked_archive_becomes_a_repository_of_one_commit(
    archive: Path, stead: Homestead
) -> None:
    write(archive, {".venv/bin/python": "", ".env": "DISCORD_TOKEN=x", "data/state/lock": ""})
    before = every_file(archive)

    await prepare(archive, stead, None, RESIDENCE)

    first = git(stead.checkout, "log", "--max-parents=0", "--format=%s")
    assert first == "Unpacked archive"
    assert git(stead.checkout, "status", "--porcelain") == ""
    assert not (stead.checkout / ".env").exists()
    assert not (stead.checkout / ".venv").exists()
    assert not (stead.checkout / "data/state").exists()
    assert every_file(archive) == before


async def test_a_repository_without_a_commit_is_taken_as_an_archive(
    archive: Path, stead: Homestead
) -> None:
    git(archive, "init", "-q")
    await prepare(archive, stead, a_fault(), RESIDENCE)
    first = git(stead.checkout, "log", "--max-parents=0", "--format=%s")
    assert first == "Unpacked archive"


async def test_changes_of_the_visitor_stay_as_they_are_and_stay_out(
    clone: Path, stead: Homestead
) -> None:
    write(clone, {"notes.txt": "mine\n", "new.txt": "mine too\n", "cogs/admin.py": "broken("})
    git(clone, "add", "new.txt")
    before = snapshot(clone)

    await prepare(clone, stead, a_fault(), RESIDENCE)

    assert snapshot(clone) == before
    assert not (stead.checkout / "new.txt").exists()
    assert (stead.checkout / "notes.txt").read_text() == "second\n"


@pytest.mark.parametrize("where", ["HEAD~1", "another-branch"])
async def test_another_branch_or_no_branch_becomes_main(
    clone: Path, stead: Homestead, where: str
) -> None:
    git(clone, "branch", "another-branch", "HEAD~1")
    git(clone, "checkout", "-q", where)

    await prepare(clone, stead, None, RESIDENCE)

    assert git(stead.checkout, "symbolic-ref", "--short", "HEAD") == "main"
    assert (stead.checkout / "notes.txt").read_text() == "first\n"
    assert git(stead.forge, "show", "main:notes.txt") == "first"


async def test_a_shallow_clone_does_and_its_home_takes_new_branches(
    clone: Path, stead: Homestead, tmp_path: Path
) -> None:
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{clone}", str(shallow))

    await prepare(shallow, stead, a_fault(), RESIDENCE)

    commit(stead.checkout, {"mended.txt": "yes\n"}, "Mend")
    git(stead.checkout, "push", "-q", "origin", "HEAD:refs/heads/theseus/mend")
    assert git(stead.forge, "log", "-1", "--format=%s", "theseus/mend") == "Mend"


async def test_a_worktree_does(clone: Path, stead: Homestead, tmp_path: Path) -> None:
    git(clone, "worktree", "add", "-q", str(tmp_path / "beside"), "-b", "beside")
    await prepare(tmp_path / "beside", stead, None, RESIDENCE)
    assert (stead.checkout / "notes.txt").read_text() == "second\n"


async def test_hooks_of_the_visitor_do_not_run(clone: Path, stead: Homestead) -> None:
    hook = clone / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {clone}/hooked\n")
    hook.chmod(0o755)
    await prepare(clone, stead, a_fault(), RESIDENCE)
    assert not (clone / "hooked").exists()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_every_fault_is_one_small_commit_by_somebody_else(
    clone: Path, stead: Homestead, fault: Fault
) -> None:
    if not fits(fault):
        pytest.skip(f"{fault.name} is planted or mended here already")

    await prepare(clone, stead, fault, RESIDENCE)

    changed = git(stead.checkout, "diff", "--name-only", "HEAD~1", "HEAD").splitlines()
    assert set(changed) == {fault.file, fault.test_file} - {""}
    author = git(stead.checkout, "log", "-1", "--format=%an <%ae>")
    assert author == fault.author
    assert git(stead.checkout, "log", "-1", "--format=%B") == fault.message
    assert git(stead.forge, "rev-parse", "main") == git(stead.checkout, "rev-parse", "HEAD")


async def test_the_configuration_says_where_the_bot_lives(clone: Path, stead: Homestead) -> None:
    await prepare(clone, stead, None, RESIDENCE)

    config = config_from(stead.config.read_text(), "config.yaml")
    assert (config.discord.guild_id, config.discord.dev_channel_id) == (11, 12)
    assert set(config.people.developers.users) == set(config.people.approvers.users) == {13}
    assert config.forge.path == stead.forge
    assert config.engine.name == "offline"
    shipped = yaml.safe_load((ROOT / "data/config.yaml").read_text())
    written = yaml.safe_load(stead.config.read_text())
    assert written["checks"]["quick"] == shipped["checks"]["quick"]


async def test_without_git_it_says_so(
    clone: Path, stead: Homestead, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="git is not installed"):
        await prepare(clone, stead, None, RESIDENCE)


def test_another_bots_state_is_not_taken_for_the_demos(tmp_path: Path) -> None:
    (tmp_path / "theseus.sqlite3").touch()
    with pytest.raises(ConfigError, match=r"THESEUS_STATE: .* another bot"):
        Homestead.at(tmp_path / "home", tmp_path)

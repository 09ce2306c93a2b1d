"""Core files that changed under the process are noticed and reported once, with the remedy."""

import subprocess
from pathlib import Path

import pytest

from bot.hot_reload.drift import DriftCheck
from bot.hot_reload.drift_watch import DriftWatch
from bot.infra.git import Git
from tests.fakes.fake_chat import FakeChat
from tests.fakes.fake_clock import FakeClock

DEV = 77


def git(root: Path, *words: str) -> None:
    who = ("-c", "user.name=ada", "-c", "user.email=ada@localhost")
    subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True)


def commit(root: Path, **files: str) -> None:
    for name, text in files.items():
        (root / name.replace("__", "/")).write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "x")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("bot", "cogs", "docs", "prompts"):
        (tmp_path / folder).mkdir()
    git(tmp_path, "init", "-q", "-b", "main")
    for name in ("bot/core.py", "bot/page.html", "cogs/dice.py", "docs/a.md", "uv.lock"):
        (tmp_path / name).write_text("one\n")
    commit(tmp_path)
    return tmp_path


def test_nothing_has_drifted_at_the_start_also_in_a_dirty_checkout(root: Path) -> None:
    (root / "bot/core.py").write_text("mine\n")
    (root / "bot/new.py").write_text("mine\n")
    check = DriftCheck(Git(root))
    assert check.look() is None
    git(root, "add", "-A")
    git(root, "commit", "-qm", "what runs already")
    assert check.look() is None
    (root / "bot/core.py").write_text("one\n")
    drift = check.look()
    assert drift is not None
    assert drift.files == ("bot/core.py",)


def test_what_came_while_the_process_was_started_has_drifted(root: Path) -> None:
    started = Git(root).resolve_revision("HEAD")
    (root / "bot/page.html").write_text("mine\n")  # runs as it is
    git(root, "stash", "-q")
    commit(root, bot__core="two\n", cogs__dice="two\n")
    git(root, "mv", "bot/core", "bot/core2.py")
    git(root, "commit", "-qam", "later")
    git(root, "stash", "pop", "-q")
    drift = DriftCheck(Git(root), started).look()
    assert drift is not None
    assert (drift.started, drift.files) == (started, ("bot/core2.py",))


def test_what_was_pulled_edited_added_or_deleted_by_hand_is_found(root: Path) -> None:
    check = DriftCheck(Git(root))
    (root / "cogs/dice.py").write_text("two\n")
    (root / "docs/a.md").write_text("two\n")
    assert check.look() is None, "cogs are reloaded, and documents do not run"
    (root / "bot/core.py").write_text("two\n")
    (root / "bot/new.py").write_text("new\n")
    drift = check.look()
    assert drift is not None
    assert drift.files == ("bot/core.py", "bot/new.py")
    assert "(nothing was committed)" in drift.description
    (root / "bot/page.html").unlink()
    (root / "uv.lock").write_text("two\n")
    commit(root)
    drift = check.look()
    assert drift is not None
    assert drift.files == ("bot/core.py", "bot/new.py", "bot/page.html", "uv.lock")
    assert f"the checkout is at `{drift.head[:7]}`" in drift.description
    assert "and 1 more changed in the checkout" in drift.description
    assert check.look(expected=drift.files) is None, "a shipment has told of these"


async def test_it_is_told_once_it_has_lasted_and_once_only(root: Path) -> None:
    chat = FakeChat()
    watch = DriftWatch(DriftCheck(Git(root)), chat, FakeClock(), DEV, tuple)
    await watch.look()
    (root / "bot/core.py").write_text("two\n")
    await watch.look()
    assert chat.list_texts(DEV) == [], "a pull takes a moment"
    assert "`bot/core.py` changed in the checkout since" in watch.description
    for _ in range(3):
        await watch.look()
    (text,) = chat.list_texts(DEV)
    assert text.startswith("⚠️ I run the core of `")
    assert "sudo systemctl restart theseus" in text
    (root / "bot/core.py").write_text("one\n")
    await watch.look()
    assert watch.description == ""

"""What a maintainer sets, and what is found in the project's folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import theseus_observe
from theseus_observe.commit import read_commit
from theseus_observe.settings import SettingsError, load_settings

ONE, TWO = "1" * 40, "2" * 40


def test_without_settings_the_journal_is_in_the_project(tmp_path: Path) -> None:
    settings = load_settings({}, root=tmp_path)
    assert settings.folder == tmp_path / "theseus-journal"
    assert (settings.url, settings.replies, settings.values) == ("", False, "open")


def test_keywords_count_more_than_the_environment(tmp_path: Path) -> None:
    environment = {
        "THESEUS_OBSERVE_ROOT": str(tmp_path),
        "THESEUS_OBSERVE_DIR": str(tmp_path / "there"),
        "THESEUS_OBSERVE_REPLIES": "yes",
        "THESEUS_OBSERVE_VALUES": "never",
        "THESEUS_OBSERVE_KEEP_DAYS": "3",
        "THESEUS_OBSERVE_STALLS": "0",
    }
    settings = load_settings(environment, values="always")
    assert (settings.root, settings.folder) == (tmp_path, tmp_path / "there")
    assert (settings.replies, settings.values) == (True, "always")
    assert (settings.keep_days, settings.stalls) == (3, False)


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({"THESEUS_OBSERVE_URL": "ftp://x", "THESEUS_OBSERVE_TOKEN": "t"}, "must begin with https"),
        ({"THESEUS_OBSERVE_URL": "https://x"}, "needs THESEUS_OBSERVE_TOKEN"),
        ({"THESEUS_OBSERVE_VALUES": "some"}, "'some'"),
        ({"THESEUS_OBSERVE_REPLIES": "maybe"}, "'maybe'"),
        ({"THESEUS_OBSERVE_KEEP_DAYS": "-1"}, "'-1'"),
    ],
)
def test_a_wrong_setting_is_named(environment: dict[str, str], text: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=text):
        load_settings(environment, root=tmp_path)


def test_the_token_is_in_no_description(tmp_path: Path) -> None:
    settings = load_settings({}, root=tmp_path, url="https://x", token="a-secret")
    assert "a-secret" not in repr(settings)


def make_git_folder(folder: Path, head: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "HEAD").write_text(f"{head}\n")
    return folder


def test_a_branch_a_packed_branch_and_a_bare_commit(tmp_path: Path) -> None:
    git = make_git_folder(tmp_path / ".git", "ref: refs/heads/main")
    assert read_commit(tmp_path) is None
    (git / "packed-refs").write_text(f"# pack-refs\n{ONE} refs/heads/main\n{TWO} refs/heads/x\n")
    assert read_commit(tmp_path) == ONE
    (git / "refs/heads").mkdir(parents=True)
    (git / "refs/heads/main").write_text(f"{TWO}\n")
    assert read_commit(tmp_path) == TWO
    (git / "HEAD").write_text(f"{ONE}\n")
    assert read_commit(tmp_path) == ONE
    assert read_commit(tmp_path / "below") == ONE


def test_a_worktree(tmp_path: Path) -> None:
    main = make_git_folder(tmp_path / "main/.git", "ref: refs/heads/main")
    (main / "refs/heads").mkdir(parents=True)
    (main / "refs/heads/work").write_text(f"{TWO}\n")
    own = make_git_folder(main / "worktrees/work", "ref: refs/heads/work")
    (own / "commondir").write_text("../..\n")
    (tmp_path / "work").mkdir()
    (tmp_path / "work/.git").write_text(f"gitdir: {own}\n")
    assert read_commit(tmp_path / "work") == TWO


def test_nonsense_is_no_commit(tmp_path: Path) -> None:
    make_git_folder(tmp_path / ".git", "<<<<<<< nothing")
    assert read_commit(tmp_path) is None


def test_a_module_that_is_not_there_is_named_without_a_traceback(tmp_path: Path) -> None:
    package = str(Path(theseus_observe.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "theseus_observe", "-m", "no_such_module"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": package},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        2, "theseus_observe: there is no module no_such_module\n",
    )  # fmt: skip

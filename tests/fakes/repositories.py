"""Real git repositories for tests, made with the plain `git` program."""

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

_CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Alice",
    "GIT_AUTHOR_EMAIL": "alice@example.org",
    "GIT_COMMITTER_NAME": "Alice",
    "GIT_COMMITTER_EMAIL": "alice@example.org",
    # No second process after each commit that looks for rubbish, no waiting for the disk.
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "maintenance.auto",
    "GIT_CONFIG_VALUE_0": "false",
    "GIT_CONFIG_KEY_1": "core.fsync",
    "GIT_CONFIG_VALUE_1": "none",
    # Nor its dozen samples of hooks in each new repository.
    "GIT_TEMPLATE_DIR": "",
}

_made: dict[tuple[tuple[str, str | bytes | None], ...], tuple[Path, str]] = {}
_clones: dict[tuple[tuple[tuple[str, str], ...], bool], tuple[Path, Path]] = {}

# For small projects that are tested: each start of pytest would load these plugins, for a second.
PYTEST_OPTIONS = """\
[tool.pytest.ini_options]
addopts = "-p no:simcord -p no:anyio -p no:hypothesispytest -p no:asyncio -p no:time_machine"
"""


def run_git(folder: Path, *arguments: str, at: int | None = None) -> str:
    """Run git in a folder and return what it said; `at` dates a commit (Unix seconds)."""
    dates = (
        {}
        if at is None
        else {"GIT_AUTHOR_DATE": f"@{at} +0000", "GIT_COMMITTER_DATE": f"@{at} +0000"}
    )
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={**_CLEAN, **dates},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"git {arguments}: {done.stderr}"
    return done.stdout.strip()


def write(folder: Path, files: Mapping[str, str | bytes | None]) -> None:
    """Write files; `None` removes one."""
    for name, content in files.items():
        path = folder / name
        if content is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def commit(
    folder: Path,
    files: Mapping[str, str | bytes | None],
    message: str = "Change",
    at: int | None = None,
) -> str:
    """Write files, commit everything, return the commit."""
    write(folder, files)
    run_git(folder, "add", "-A")
    run_git(folder, "commit", "-q", "--allow-empty", "-m", message, at=at)
    return run_git(folder, "rev-parse", "HEAD")


def make_repository(folder: Path, files: Mapping[str, str | bytes | None] | None = None) -> str:
    """Make a repository on branch `main` with one commit; return the commit.

    It is made once for the same files, and copied: git starts four times for one, once for a copy.
    """
    wanted = files or {"readme.txt": "hello\n", "dice.py": "one\ntwo\nthree\n"}
    key = tuple(sorted(wanted.items()))
    if key not in _made:
        template = _make_template_folder()
        run_git(template, "init", "-q", "-b", "main")
        _made[key] = template, commit(template, wanted)
    template, made = _made[key]
    shutil.copytree(template, folder, symlinks=True)
    run_git(folder, "update-index", "-q", "--refresh")  # of the copies, not of what was copied
    return made


def clone_repository(source: Path, folder: Path, *, bare: bool = False) -> Path:
    """Clone a repository into a new folder; return the folder.

    Repositories with equal refs are cloned once and then copied, because git takes ten times as
    long.
    """
    key = _read_refs(source), bare
    if key not in _clones:
        template = _make_template_folder() / "clone"
        run_git(source, "clone", "-q", *(["--bare"] if bare else []), str(source), str(template))
        _clones[key] = template, source
    template, cloned_from = _clones[key]
    shutil.copytree(template, folder, symlinks=True)
    config = folder / ("config" if bare else ".git/config")
    config.write_text(config.read_text().replace(f"{cloned_from}\n", f"{source}\n"))
    if not bare:
        run_git(folder, "update-index", "-q", "--refresh")
    return folder


def _read_refs(repository: Path) -> tuple[tuple[str, str], ...]:
    """Return every ref of the repository with its commit."""
    folder = repository / ".git" if (repository / ".git").exists() else repository
    files = [folder / "HEAD", folder / "packed-refs", *sorted((folder / "refs").rglob("*"))]
    return tuple((str(f.relative_to(folder)), f.read_text()) for f in files if f.is_file())


def _make_template_folder() -> Path:
    """Return a new folder that stays until the tests end."""
    folder = Path(tempfile.mkdtemp(prefix="theseus-repository-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def take_snapshot(folder: Path) -> dict[str, object]:
    """Return the state of a checkout that must not change: head, index, status, files."""
    return {
        "head": run_git(folder, "symbolic-ref", "HEAD"),
        "commit": run_git(folder, "rev-parse", "HEAD"),
        "index": run_git(folder, "ls-files", "--stage"),
        "status": run_git(folder, "status", "--porcelain=v2", "-z"),
        "files": {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and ".git" not in path.relative_to(folder).parts
        },
        "index file": (folder / ".git" / "index").read_bytes(),
    }

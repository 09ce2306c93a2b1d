"""Git repositories for tests, made with the plain `git` program."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

# For small projects that are tested: each start of pytest would load these plugins, for a second.
PYTEST_OPTIONS = """\
[tool.pytest.ini_options]
addopts = "-p no:simcord -p no:anyio -p no:hypothesispytest -p no:asyncio -p no:time_machine"
"""
Files = Mapping[str, str | bytes | None]

_CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Alice",
    "GIT_AUTHOR_EMAIL": "alice@example.org",
    "GIT_COMMITTER_NAME": "Alice",
    "GIT_COMMITTER_EMAIL": "alice@example.org",
    "GIT_TEMPLATE_DIR": "",
}


def run_git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return its output."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=_CLEAN, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"git {arguments}: {done.stderr}"
    return done.stdout.strip()


def write(folder: Path, files: Files) -> None:
    """Write files; `None` removes one."""
    for name, content in files.items():
        path = folder / name
        if content is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def commit(folder: Path, files: Files, message: str = "change") -> str:
    """Write files, commit everything, and return the commit's id."""
    write(folder, files)
    run_git(folder, "add", "-A")
    run_git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return run_git(folder, "rev-parse", "HEAD")


def make_repository(folder: Path, files: Files | None = None) -> str:
    """Create a repository with one commit, and return the commit's id."""
    folder.mkdir(parents=True, exist_ok=True)
    run_git(folder, "init", "-q", "-b", "main")
    return commit(folder, files or {"readme.txt": "hello\n"})

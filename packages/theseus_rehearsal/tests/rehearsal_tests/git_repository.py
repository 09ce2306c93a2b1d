"""Git repositories for tests, made with the plain `git` program."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

_CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Alice",
    "GIT_AUTHOR_EMAIL": "alice@example.org",
    "GIT_COMMITTER_NAME": "Alice",
    "GIT_COMMITTER_EMAIL": "alice@example.org",
}


def run_git(folder: Path, *arguments: str, stdin: str | None = None) -> str:
    """Run git in a folder and return its output."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=_CLEAN, input=stdin, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return done.stdout.strip()


def commit(folder: Path, files: Mapping[str, str]) -> str:
    """Write files, commit everything, and return the commit's id; create the repository first."""
    if not (folder / ".git").exists():
        folder.mkdir(parents=True)
        run_git(folder, "init", "-q", "-b", "main")
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    run_git(folder, "add", "-A")
    run_git(folder, "commit", "-q", "-m", "Change")
    return run_git(folder, "rev-parse", "HEAD")

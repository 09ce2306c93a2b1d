"""Where this program was installed from, when that was a git repository: to clone it again."""

import json
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field
from theseus_guard.record import Record

from bot.domain.errors import ConfigError

UPSTREAM = "upstream"


class InstalledSource(Record):
    """A repository, and the commit of it; without one, its newest."""

    url: str = Field(min_length=1, repr=False)
    commit: str | None = Field(default=None, pattern=r"^[0-9a-f]{40,64}$")

    @property
    def display_url(self) -> str:
        """Return the address as people may see it: it may hold a password."""
        parts = urlsplit(self.url)
        return self.url.replace(parts.netloc, parts.netloc.rpartition("@")[2], 1)


def find_own_checkout() -> Path | None:
    """Return the checkout (or unpacked archive) this program runs from; `None`: it is installed."""
    folder = Path(__file__).resolve().parents[2]
    whole = (folder / "pyproject.toml").is_file() and (folder / "cogs").is_dir()
    return folder if whole else None


def find_installed_source(read: str | None = None) -> InstalledSource | None:
    """Return the source that this program was installed from.

    Returns `None` if the source is unknown, as after an installation from a wheel or an index.
    `read` is the installer's record, `direct_url.json` (PEP 610); by default that of this program.
    """
    if read is None:
        try:
            read = metadata.distribution("theseus").read_text("direct_url.json")
        except metadata.PackageNotFoundError:
            return None
    try:
        record = json.loads(read or "null")
        if record["vcs_info"]["vcs"] != "git":
            return None
        return InstalledSource(url=record["url"], commit=record["vcs_info"]["commit_id"])
    except (ValueError, KeyError, TypeError):
        return None


def clone_source(source: InstalledSource, folder: Path) -> None:
    """Clone the source into a new folder, on a branch `main` with the remote `upstream`. Blocking.

    Git uses the person's own settings, because a private repository needs their credentials.
    Raises `ConfigError` if the folder is not empty or git fails; no files are left then.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} exists already and is not empty; name another folder.")
    made = not folder.exists()
    start = source.commit or f"{UPSTREAM}/HEAD"
    steps = (
        ("clone", "--quiet", "--origin", UPSTREAM, "--no-checkout", "--", source.url, str(folder)),
        ("-C", str(folder), "checkout", "--quiet", "--no-track", "-B", "main", start, "--"),
    )
    for words in steps:
        problem = _run_git(words)
        if problem:
            if made:
                shutil.rmtree(folder, ignore_errors=True)
            reason = problem.replace(source.url, source.display_url)
            raise ConfigError(
                f"{source.display_url} cannot be cloned into {folder}: {reason}. Check that git "
                "can reach it, or name another repository with --from."
            )


def _run_git(arguments: tuple[str, ...]) -> str:
    """Run git, and return the last line of its error message, or an empty string on success."""
    try:
        done = subprocess.run(
            ["git", *arguments],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise ConfigError("git is not installed; install it with your package manager.") from error
    lines = done.stderr.strip().splitlines()
    return "" if done.returncode == 0 else (lines[-1] if lines else f"status {done.returncode}")

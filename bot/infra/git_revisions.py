"""Revisions of any repository: looked up by name, and written out as files."""

from pathlib import Path
from tempfile import TemporaryDirectory

from theseus_guard.git_reader import describe_unknown_revision, find_object

from bot.domain.errors import ConfigError
from bot.infra.git import Git


def open_repository(folder: Path) -> Git:
    """Return git in a folder that `--repo` named. Raises `ConfigError`."""
    if not folder.is_dir():
        raise ConfigError(f"--repo: {folder} is no folder.")
    git = Git(folder)
    if git.run("rev-parse", "--git-dir", ok=None).status != 0:
        raise ConfigError(f"--repo: {folder} is not in a git repository.")
    return git


def look_up(git: Git, option: str, revision: str, kind: str) -> str:
    """Return the full id of a revision's `commit` or `tree`. An option of git's is no revision.

    Raises `ConfigError` with the command line's `option` that named it.
    """
    found = find_object(git, revision, kind)
    if found is None:
        raise ConfigError(describe_unknown_revision(git.folder, option, revision))
    return found


def export(git: Git, commit: str, into: Path) -> None:
    """Write every file of a commit into an existing, empty folder."""
    # An index of its own: `git archive` would leave out what the attributes say.
    with TemporaryDirectory(prefix="theseus-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git.run("read-tree", commit, env=index)
        git.run("checkout-index", "-a", "-q", f"--prefix={into.resolve()}/", env=index)

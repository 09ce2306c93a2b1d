"""Writes a revision of a repository out as files."""

from pathlib import Path
from tempfile import TemporaryDirectory

from bot.infra.git import Git


def export(git: Git, commit: str, into: Path) -> None:
    """Write every file of a commit into an existing, empty folder."""
    # An index of its own: `git archive` would leave out what the attributes say.
    with TemporaryDirectory(prefix="theseus-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git.run("read-tree", commit, env=index)
        git.run("checkout-index", "-a", "-q", f"--prefix={into.resolve()}/", env=index)

"""The git checkout of a target: where it is, and what state it is in."""

import re
from pathlib import Path

from theseus_guard.git_output import parse_names
from theseus_guard.record import Record

from bot.domain.errors import ConfigError, WorkspaceError
from bot.domain.target import Target
from bot.infra.git import Git

_GITHUB = re.compile(r"(?:https://|ssh://git@|git@)github\.com[/:]([\w.-]+/[\w.-]+?)(?:\.git)?/?")
_MAX_LISTED = 3


class TargetCheckout(Record):
    """The state of a checkout. `changed` are tracked files that differ from the commit."""

    folder: Path
    branch: str | None
    head: str
    changed: tuple[str, ...]
    files: tuple[str, ...]
    github: str | None

    @property
    def problem(self) -> str:
        """A sentence about changed files; empty if there are none."""
        if not self.changed:
            return ""
        shown = ", ".join(map(show_name, self.changed[:_MAX_LISTED]))
        more = len(self.changed) - _MAX_LISTED
        files = "changed file" if len(self.changed) == 1 else "changed files"
        return f"{len(self.changed)} {files} ({shown}{f' and {more} more' if more > 0 else ''})"


def show_name(name: str) -> str:
    """Return a name or line of somebody's files with escapes for line breaks and controls."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in name)


def locate_target(target: Target, root: Path, state: Path) -> Path:
    """Return the folder of a target's checkout; the clone of a URL is in the state folder."""
    if target.is_remote:
        return state / "targets" / target.name
    return root / Path(target.repository).expanduser()


def read_checkout(folder: Path) -> TargetCheckout:
    """Read the state of a checkout. Blocking. Raises `ConfigError` with the way out."""
    if not folder.is_dir():
        raise ConfigError(f"There is no folder {folder}. Name the folder of the bot's repository.")
    git = Git(folder)
    top = git.run("rev-parse", "--show-toplevel", ok=None)
    if top.status != 0:
        if "owner" in top.err:
            git.run("rev-parse", "--show-toplevel")  # raises, with what to do about the owner
        if git.run("rev-parse", "--is-bare-repository", ok=None).line == "true":
            raise ConfigError(
                f"{folder} is a bare repository, without files. Clone it with `git clone {folder}` "
                "and name the clone."
            )
        raise ConfigError(
            f"{folder} is not a git repository. Theseus works with commits: run `git init`, "
            "`git add .` and `git commit` there first."
        )
    root = Path(top.line)
    if root.resolve() != folder.resolve():
        raise ConfigError(
            f"{folder} is not a git repository of its own: it is in that of {root}. Name {root}, "
            "or run `git init` in the bot's folder."
        )
    head = git.run("rev-parse", "--verify", "-q", "HEAD", ok=None)
    if head.status != 0:
        raise ConfigError(f"{folder} has no commit yet. Commit the bot's files first.")
    branch = git.run("symbolic-ref", "-q", "--short", "HEAD", ok=None)
    changed = git.run("diff", "--name-only", "-z", "HEAD").out
    remote = git.run("config", "--get", "remote.origin.url", ok=None).line
    found = _GITHUB.fullmatch(remote)
    return TargetCheckout(
        folder=folder,
        branch=branch.line or None,
        head=head.line,
        changed=tuple(parse_names(changed)),
        files=tuple(sorted(parse_names(git.run("ls-files", "-z").out))),
        github=found[1] if found else None,
    )


def is_ignored(folder: Path, path: str) -> bool:
    """Return whether git ignores a path of the repository, which need not be there."""
    return Git(folder).run("check-ignore", "-q", "--", path, ok=None).status == 0


def has_branch(folder: Path, branch: str) -> bool:
    """Return whether the repository has the branch, here or at its remote."""
    git = Git(folder)
    names = (f"refs/heads/{branch}", f"refs/remotes/origin/{branch}")
    return any(git.run("show-ref", "-q", "--verify", name, ok=None).status == 0 for name in names)


def clone(url: str, folder: Path) -> None:
    """Clone a repository without running its hooks. Raises `ConfigError` if git cannot."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        Git(folder.parent).run("clone", "-q", "--", url, str(folder), remote=True, seconds=600)
    except WorkspaceError as error:
        reason = error.detail.strip().splitlines()[-1:] or [str(error)]
        raise ConfigError(f"{url} could not be cloned: {reason[0]}") from error

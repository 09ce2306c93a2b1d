"""What a repository has that no run can work with: filters, submodules, missing files or objects.

Runs work in worktrees that must hold exactly what a commit holds, and no program runs that a
repository names. A filter is such a program; a submodule is another repository; a sparse checkout
lacks files, and a partial clone objects.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from theseus_guard.git_output import name_of, parse_names

from bot.infra.git import Git
from bot.infra.git_parse import parse_gitlinks

_MAX_LISTED = 3
_FILTER_NAMES = {"lfs": "Git LFS", "git-crypt": "git-crypt"}
_UNSET = frozenset({"unspecified", "unset", "set", ""})
_PROMISORS = r"^(extensions\.partialclone|remote\..*\.(promisor|partialclonefilter))$"
_FALSE = frozenset({"false", "no", "off", "0", ""})


class Obstacle(NamedTuple):
    """One reason why no run can work on a repository, and the way out."""

    reason: str
    remedy: str

    @property
    def text(self) -> str:
        """Both, as sentences."""
        return f"{self.reason} {self.remedy}"


def find_obstacles(git: Git) -> tuple[Obstacle, ...]:
    """Return every obstacle, by reading the index and the settings without running a program."""
    looks: tuple[Callable[[Git], Iterator[Obstacle]], ...] = (
        _find_filters, _find_submodules, _find_sparse_checkout, _find_partial_clone,
    )  # fmt: skip
    return tuple(obstacle for look in looks for obstacle in look(git))


def _find_filters(git: Git) -> Iterator[Obstacle]:
    """Find tracked files that a filter changes between the commit and the folder."""
    tracked = git.run("ls-files", "-z").out
    answer = git.run("check-attr", "-z", "--stdin", "filter", stdin=tracked).out
    fields = [name_of(field) for field in answer.split(b"\0")[:-1]]
    found: dict[str, list[str]] = {}
    for file, _, value in zip(fields[::3], fields[1::3], fields[2::3], strict=True):
        if value not in _UNSET:
            found.setdefault(value, []).append(file)
    for name, files in sorted(found.items()):
        shown = _FILTER_NAMES.get(name, f"the git filter {name}")
        yield Obstacle(
            f"The repository keeps {len(files)} files through {shown}: {_list(files)}.",
            "Runs would see and commit other contents than people do. Take these files out of "
            f"{shown} (.gitattributes), or keep them in a repository of their own.",
        )


def _find_submodules(git: Git) -> Iterator[Obstacle]:
    paths = parse_gitlinks(git.run("ls-files", "--stage", "-z").out)
    if paths:
        yield Obstacle(
            f"The repository has submodules: {_list(list(paths))}.",
            "Worktrees of runs would lack them. Copy their files into the repository, or install "
            "them as packages.",
        )


def _find_sparse_checkout(git: Git) -> Iterator[Obstacle]:
    answer = git.run("config", "--bool", "core.sparseCheckout", ok=None)
    skipped = [
        line[2:]
        for line in parse_names(git.run("ls-files", "-t", "-z").out)
        if line.startswith("S ")
    ]
    if answer.line == "true" or skipped:
        missing = f": {len(skipped)} files are left out, such as {skipped[0]}" if skipped else ""
        yield Obstacle(
            f"The checkout is sparse{missing}.",
            f"Checks would not see all files. Run: git -C {git.folder} sparse-checkout disable",
        )


def _find_partial_clone(git: Git) -> Iterator[Obstacle]:
    answer = git.run("config", "--null", "--get-regexp", _PROMISORS, ok=None)
    settings = [entry.partition("\n") for entry in parse_names(answer.out)]
    if any(value.lower() not in _FALSE for _, _, value in settings):
        yield Obstacle(
            "The clone is partial: objects are missing, and git would fetch them while it reads.",
            "Clone again without --filter, and run the bot there.",
        )


def _list(files: list[str]) -> str:
    more = f" and {len(files) - _MAX_LISTED} more" if len(files) > _MAX_LISTED else ""
    return ", ".join(files[:_MAX_LISTED]) + more

"""Refuses targets whose repository is, holds or shares something of Theseus itself.

A target has its own guards. Through a target that reaches Theseus' checkout or state, a run would
change these with the wrong ones.
"""

from collections.abc import Iterable
from pathlib import Path

from bot.domain.errors import ConfigError
from bot.domain.target import Target
from bot.infra.git import Git
from bot.targets.checkout import TargetCheckout, locate_target


def check_reach(target: Target, root: Path, state: Path) -> Path:
    """Return the folder of a target's repository, all links followed. Blocking.

    Raises `ConfigError` if it overlaps with the checkout of Theseus or with its state. The clone of
    a URL has its place in the state, and may not be elsewhere.
    """
    folder = locate_target(target, root, state)
    place = folder.resolve()
    if target.is_remote:
        if place != state.resolve() / "targets" / target.name:
            raise ConfigError(f"targets: {target.name}: {folder} is a link; remove it.")
        return place
    for own, what in ((root.resolve(), "the checkout"), (state.resolve(), "the state folder")):
        if _has_overlap(place, own):
            raise ConfigError(
                f"targets: {target.name}: repository {target.repository} is {place}, which "
                f"overlaps with {what} of Theseus ({own}). Move the bot to a folder of its own."
            )
    return place


def check_repository(target: Target, checkout: TargetCheckout, root: Path, state: Path) -> None:
    """Raise `ConfigError` if a target's git folder or its deployment reaches too far. Blocking.

    A linked worktree or a `.git` that points elsewhere shares another repository's branches.
    """
    shared = _get_shared_folder(checkout.folder)
    for own in (root.resolve(), state.resolve()):
        is_clone = target.is_remote and shared.is_relative_to(checkout.folder.resolve())
        if _has_overlap(shared, own) and not is_clone:
            raise ConfigError(
                f"targets: {target.name}: the git folder of {checkout.folder} is {shared}, which "
                "belongs to Theseus. Clone the bot into a folder of its own."
            )
    _check_deployment(target, checkout)


def require_distinct(folders: Iterable[tuple[str, Path]]) -> None:
    """Raise `ConfigError` if two targets have one repository: they would merge past each other."""
    seen: dict[Path, str] = {}
    for name, folder in folders:
        other = seen.setdefault(folder, name)
        if other != name:
            raise ConfigError(f"targets: {other} and {name} have the same repository, {folder}.")


def _check_deployment(target: Target, checkout: TargetCheckout) -> None:
    """Raise `ConfigError` if a deployment runs a file of the repository, which changes could write.

    It runs with the rights of Theseus, outside of the sandbox.
    """
    words = target.deployment.command
    if words and "/" in words[0] and not Path(words[0]).is_absolute():
        raise ConfigError(
            f"targets: {target.name}: deployment.command: write {words[0]} as an absolute path, or "
            "as a name on PATH."
        )
    place = checkout.folder.resolve()
    files = frozenset(checkout.files)
    for word in words:
        path = Path(word).expanduser()
        if not path.is_absolute() or not path.resolve().is_relative_to(place):
            continue
        if path.resolve().relative_to(place).as_posix() in files:
            raise ConfigError(
                f"targets: {target.name}: deployment.command: {word} is a file of the repository, "
                "which a change could rewrite. Keep the program outside of it."
            )


def _has_overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _get_shared_folder(folder: Path) -> Path:
    named = Git(folder).run("rev-parse", "--git-common-dir").line
    return (folder / named).resolve()

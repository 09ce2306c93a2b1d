"""Decides by rules whether an executor may edit one more file."""

from collections.abc import Collection
from pathlib import Path, PurePosixPath

from theseus_guard import inspect_path, is_test_file
from theseus_guard.protection import Protection

from bot.adapters.claude_agent.prompting._plain_text import format_code
from bot.adapters.claude_agent.tools._folders import WorktreePath, locate

MOST = 5  # grants in one round


def check_ownership(
    root: Path, path: str, owned_files: Collection[str], protection: Protection, granted: int
) -> WorktreePath | str:
    """Return the file that may be edited from now on, or the reason for the refusal.

    Existing files are allowed, and new files next to an owned file or among the tests. Protected
    files are not: a person must name those explicitly, and then the plan owns them.
    """
    location = locate(root.resolve(), root.absolute(), path, "path")
    if isinstance(location, str):
        return location
    name = f"`{format_code(location.name)}`"
    if location.name in owned_files:
        return f"You own {name} already: go on and edit it."
    if location.linked:
        return f"{name} is reached by a link: ask for the file itself."
    findings = inspect_path(location.name, protection)
    if findings and not (
        protection.is_named(location.name) and not protection.describe_restriction(location.name)
    ):
        return f"{name} cannot be yours: {_lower(findings[0].message)} Find a way without it."
    if granted >= MOST:
        return f"{MOST} files were granted in this round, which is all there is: do with those."
    if location.path.exists():
        return (
            location
            if location.path.is_file()
            else f"{name} is no file: ask for the file you need."
        )
    return location if _is_expected_place(location, owned_files) else _explain_refusal(name)


def _is_expected_place(place: WorktreePath, owned_files: Collection[str]) -> bool:
    """Return whether a new file would be next to an owned file or a proper test."""
    if not place.path.parent.is_dir():
        return False
    path = PurePosixPath(place.name)
    neighbours = [
        PurePosixPath(file) for file in owned_files if PurePosixPath(file).parent == path.parent
    ]
    if any(file.suffix == path.suffix for file in neighbours):
        return True
    return is_test_file(place.name) and path.name.startswith("test_")


def _explain_refusal(name: str) -> str:
    return (
        f"{name} does not exist, and stands neither beside a file you own nor among the tests: "
        "name a file that exists, or put the new one there."
    )


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]

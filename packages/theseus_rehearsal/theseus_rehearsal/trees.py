"""Finds out whether the bot of a commit can be rehearsed."""

from theseus_rehearsal.repository import Repository

_NEEDED = ("bot/client/__init__.py", "bot/telemetry/__init__.py", "bot/domain/people.py")
_IMPORT = r"^[[:space:]]*(import|from)[[:space:]]+discord([[:space:].]|$)"


_FORKS = (
    r"^[[:space:]]*(import|from)[[:space:]]+(nextcord|disnake|hikari|interactions)([[:space:].]|$)"
)


def is_theseus(repository: Repository, commit: str) -> bool:
    """Return whether a commit has a client that loads single cogs and reports failures."""
    return {*_NEEDED} <= {*repository.list_files(commit)}


def find_objection(repository: Repository, commit: str) -> str:
    """Return why the bot of a commit cannot be rehearsed, or an empty string."""
    if repository.find_text(commit, _IMPORT):
        return ""
    if others := repository.find_text(commit, _FORKS):
        return f"the bot of commit {commit[:7]} does not use discord.py ({min(others)})."
    return f"no discord.py bot found in commit {commit[:7]}: no Python file imports discord."

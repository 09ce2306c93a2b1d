"""Finds out whether the bot of a commit can be rehearsed."""

from theseus_rehearsal.repository import Repository

_NEEDED = ("bot/client/__init__.py", "bot/telemetry/__init__.py", "bot/domain/people.py")
_IMPORT = r"^[[:space:]]*(import|from)[[:space:]]+discord([[:space:].]|$)"


def find_objection(repository: Repository, commit: str) -> str:
    """Return why the bot of a commit cannot be rehearsed, or an empty string.

    The runner needs the client of a Theseus bot, which loads single cogs and reports failures.
    """
    missing = set(_NEEDED) - {*repository.list_files(commit)}
    if not missing:
        return ""
    importing = sorted(repository.find_text(commit, _IMPORT))
    if not importing:
        return f"no discord.py bot found in commit {commit[:7]}: no Python file imports discord."
    more = f" and {len(importing) - 1} more files" if len(importing) > 1 else ""
    return (
        f"the discord.py bot of commit {commit[:7]} ({importing[0]}{more}) cannot be replayed: it "
        f"is not built on Theseus ({min(missing)} is missing)."
    )

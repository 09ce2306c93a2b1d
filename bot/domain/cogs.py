"""Which cog a file belongs to."""

from pathlib import Path, PurePosixPath

_SHARED = "ui"
_OWN = frozenset(
    {
        "about", "admin", "approvals", "audits", "budget", "capabilities", "conversation",
        "emergency_stop", "feedback", "flags", "goals", "incidents", "memory", "notices", "pauses",
        "privacy", "questions", "runs", "skills", "tools",
    }
)  # fmt: skip


def get_cog_name(file: str) -> str:
    """Return the name of the cog that a file belongs to, or "" if it belongs to none.

    `cogs/dice.py` and `cogs/dice/tables.py` belong to `dice`. Shared code (`cogs/ui/`, and names
    that begin with `_`) belongs to no cog.
    """
    parts = PurePosixPath(file).parts
    if len(parts) < 2 or parts[0] != "cogs" or not file.endswith(".py"):
        return ""
    name = parts[1].removesuffix(".py")
    return "" if name.startswith("_") or name == _SHARED else name


def is_own_cog(name: str) -> bool:
    """Return whether the cog of that name operates the bot. No other cog may replace it."""
    return name in _OWN


def has_cog(tree: Path, name: str) -> bool:
    """Return whether the files in `tree` contain a cog of that name."""
    return (tree / "cogs" / f"{name}.py").is_file() or (tree / "cogs" / name).is_dir()

"""Which cog a file belongs to."""

from pathlib import Path, PurePosixPath

_SHARED = "ui"
_OWN = frozenset(
    {
        "admin", "approvals", "audits", "budget", "capabilities", "conversation",
        "emergency_stop", "feedback", "flags", "incidents", "memory", "pauses", "privacy",
        "questions", "runs", "skills",
    }
)  # fmt: skip


def get_cog_name(file: str) -> str:
    """Return the cog a file is of, as its name under `cogs`; nothing where it is of none.

    `cogs/dice.py` and `cogs/dice/tables.py` are of `dice`. What cogs share is no cog's own:
    `cogs/ui/`, and names that begin with `_`.
    """
    parts = PurePosixPath(file).parts
    if len(parts) < 2 or parts[0] != "cogs" or not file.endswith(".py"):
        return ""
    name = parts[1].removesuffix(".py")
    return "" if name.startswith("_") or name == _SHARED else name


def is_own_cog(name: str) -> bool:
    """Return whether the bot is operated by the cog of that name: no other cog may displace it."""
    return name in _OWN


def has_cog(tree: Path, name: str) -> bool:
    """Whether the files that lie in `tree` have a cog of that name."""
    return (tree / "cogs" / f"{name}.py").is_file() or (tree / "cogs" / name).is_dir()

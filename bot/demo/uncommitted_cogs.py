"""Cogs of a visitor that are not committed: new ones come along, and the page names the others."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.demo._git import AS_DEMO, has_commit, run_git

_COGS = ("cogs", "tests/cogs")
_TABLE = "tests/cogs/everyday_commands.json"  # a new command has its line there
_NAMED = 3


@dataclass(frozen=True)
class UncommittedCogs:
    """What differs from the last commit in `cogs` and `tests/cogs`: paths, in order."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def describe(self) -> list[str]:
        """Return the lines about these cogs for the page, without their tests."""
        texts = (
            (self.new, "not committed yet; this copy has the version of your checkout"),
            (self.changed, "changed since your last commit; this copy has the committed version"),
        )
        return [f"{names}: {text}." for paths, text in texts if (names := _format_names(paths))]


async def find_uncommitted_cogs(source: Path) -> UncommittedCogs:
    """Return the uncommitted cogs of a checkout. Raises `ConfigError`.

    An archive or a repository without a commit has none, because it is copied completely. Files
    that git ignores do not count.
    """
    if not (source / ".git").exists() or not await has_commit(source):
        return UncommittedCogs()
    asked = ("diff", "-z", "--name-only", "--no-ext-diff", "--no-renames")
    untracked = await run_git(
        source, "ls-files", "-z", "--others", "--exclude-standard", "--", *_COGS
    )
    added = await run_git(source, *asked, "--diff-filter=A", "HEAD", "--", *_COGS)
    changed = await run_git(source, *asked, "--diff-filter=a", "HEAD", "--", *_COGS)
    return UncommittedCogs(_parse_paths(untracked + added), _parse_paths(changed))


async def take_along(cogs: UncommittedCogs, source: Path, checkout: Path) -> None:
    """Commit the new ones in the demo's checkout, with the table of commands as it is by now."""
    if not cogs.new:
        return
    table = (_TABLE,) if _TABLE in cogs.changed and (source / _TABLE).is_file() else ()
    for path in (*cogs.new, *table):
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path, checkout / path)
    await run_git(checkout, "add", "--all", "--", *_COGS)
    message = "Cogs that were not committed yet"
    await run_git(checkout, *AS_DEMO, "commit", "--quiet", "--no-verify", "--message", message)


def _parse_paths(output: str) -> tuple[str, ...]:
    return tuple(sorted(set(filter(None, output.split("\0")))))


def _format_names(paths: Sequence[str]) -> str:
    names = [f"`{path}`" for path in paths if path.startswith("cogs/")]
    return ", ".join(names[:_NAMED]) + (
        f" and {len(names) - _NAMED} more" if names[_NAMED:] else ""
    )

"""Which paths need care, and what it takes to change one of them.

Files are sorted into classes. A path in several classes is under the strictest of their guards.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Literal, Self

from pydantic import Field

from bot.domain.record import Record

Guard = Literal["review", "named", "never"]
"""`review`: ships only with a person's explicit "security reviewed". `named`: besides, no run
changes it unless a person named the file when asking. `never`: no run at all."""

_STRICTEST_FIRST: tuple[Guard, ...] = ("never", "named", "review")
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_QUOTED = re.compile(r"^\s*>.*$", re.MULTILINE)
_NAME = re.compile(r"(?<![\w./-])(?:\./)?((?:[\w.-]+/)*[\w-]*\.?[\w-]+(?:\.[\w-]+)*)(?![\w/])")
_ANYBODYS = frozenset({"__init__.py", "__main__.py", "conftest.py", "config.yaml"})


class PathClass(Record):
    """Paths (glob patterns, `**` allowed) under one guard."""

    guard: Guard
    paths: tuple[str, ...]


def _class(guard: Guard, *paths: str) -> PathClass:
    return PathClass(guard=guard, paths=paths)


BUILT_IN: Mapping[str, PathClass] = {
    "git": _class("never", ".git", "**/.git", "**/.gitattributes", "**/.gitmodules"),
    "secrets": _class("never", "**/.env*", "**/*.pem", "**/*.key", "data/state"),
    "ci": _class("named", ".ci", ".github", "**/.gitignore", "Makefile", "deploy"),
    # What people's own editors and assistants run or obey when they open the repository.
    "tools": _class(
        "named",
        "**/.claude",
        "**/.mcp.json",
        "**/CLAUDE*.md",
        "**/AGENTS.md",
        "**/.vscode",
        "**/.devcontainer",
        "**/.pre-commit-config.yaml",
    ),
    "configuration": _class("named", "data/config.yaml", "bot/settings"),
    "policy": _class(
        "named",
        "bot/domain/policy.py",
        "bot/domain/people.py",
        "bot/domain/approving.py",
        "bot/domain/autonomy.py",
        "bot/domain/stop.py",
        "bot/self_improvement/_permits.py",
        "bot/self_improvement/_autonomy.py",
        "bot/self_improvement/_emergency.py",
        "bot/self_improvement/_stop_sign.py",
        "bot/adapters/file_brake.py",
        "bot/signals.py",
        "bot/web/_gate.py",
        "bot/web/_peers.py",
        "bot/web/_routes.py",
        "bot/web/_signature.py",
    ),
    "money": _class(
        "named",
        "bot/domain/budget.py",
        "bot/domain/spending.py",
        "bot/domain/prices.py",
        "bot/domain/spent.py",
        "bot/domain/account.py",
        "bot/self_improvement/_allowance.py",
        "bot/self_improvement/_budget.py",
        "bot/self_improvement/_calendar.py",
        "bot/self_improvement/_spending.py",
        "bot/adapters/sqlite_ledger",
    ),
    "audit": _class(
        "named",
        "bot/domain/audit.py",
        "bot/adapters/sqlite_store/_audit*",
        "bot/self_improvement/_audit_watch.py",
        "bot/app/_cli_audit.py",
    ),
    "approvals": _class(
        "named",
        "bot/domain/names.py",
        "bot/domain/proposal.py",
        "bot/domain/grammar/_ship.py",
        "bot/domain/grammar/_decisi*",
        "bot/self_improvement/_approval.py",
        "bot/self_improvement/_quorum.py",
        "bot/self_improvement/_clerk.py",
        "bot/ports/roster.py",
        "cogs/approvals.py",
        "cogs/stopping.py",
        "cogs/ui",
    ),
    "verification": _class(
        "named",
        "bot/stages/verify.py",
        "bot/domain/change.py",
        "bot/domain/checks.py",
        "bot/domain/protection.py",
        "bot/domain/diff_guard",
        "bot/self_improvement/_named.py",
        "bot/self_improvement/_proving.py",
        "bot/adapters/sandbox",
        "bot/adapters/sandboxed_verifier",
    ),
    "shipping": _class(
        "named",
        "bot/stages/ship.py",
        "bot/self_improvement/_flow.py",
        "bot/self_improvement/_shipping.py",
        "bot/self_improvement/_catching_up.py",
    ),
    "contracts": _class(
        "named",
        "tests/contracts",
        "tests/attacks",
        "tests/twins/obedient_model.py",
        "**/conftest.py",
        "tests/test_house_rules.py",
        "tests/test_entry_points.py",
        "tests/support/entries.py",
    ),
    "secrecy": _class(
        "named",
        "bot/telemetry/_*",
        "bot/adapters/model_gateway",
        "bot/adapters/claude_agent/_guard.py",
    ),
    "outside": _class(
        "review", "bot/__main__.py", "bot/client", "bot/adapters", "bot/web", "bot/app"
    ),
    # What an approver goes by.
    "card": _class("review", "bot/domain/cards/_proposal.py", "bot/stages/propose.py"),
    "prompts": _class("review", "prompts"),
    "dependencies": _class("review", "pyproject.toml", "uv.lock", "**/requirements*.txt"),
}
"""The classes of this repository. Configuration adds classes, or puts others in their place."""


class Protection(Record):
    """The classes, and how large one change may be.

    `named` are the files that people named when they asked for the change at hand, as `named_in`
    finds them; it belongs to one run and stands in no configuration.
    """

    classes: dict[str, PathClass] = Field(default_factory=lambda: dict(BUILT_IN))
    max_changed_lines: int = Field(default=400, gt=0)
    named: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, *, review: Iterable[str] = (), named: Iterable[str] = (), never: Iterable[str] = ()
    ) -> Self:
        """Return one with these paths and no other class."""
        groups: tuple[tuple[Guard, Iterable[str]], ...] = (
            ("review", review), ("named", named), ("never", never),
        )  # fmt: skip
        classes = {guard: PathClass(guard=guard, paths=tuple(paths)) for guard, paths in groups}
        return cls(classes=classes)

    def naming(self, files: Iterable[str]) -> "Protection":
        """Return it for a run in whose words these files were named; no configuration any more."""
        return Protection.model_validate({**dict(self), "named": frozenset(files)})

    def over(self, path: str) -> tuple[str, Guard] | None:
        """Return the class a path is in and its guard, the strictest first; `None` for neither."""
        for guard in _STRICTEST_FIRST:
            for name, kind in self.classes.items():
                if kind.guard == guard and matches(path, kind.paths):
                    return name, guard
        return None

    def barred(self, path: str) -> str:
        """Return why no run may change the path, as a sentence; nothing where one may."""
        found = self.over(path)
        if found is None or found[1] == "review":
            return ""
        name, guard = found
        if guard == "never":
            return f"No run may change this file ({name})."
        if self.is_named(path):
            return ""
        return f"No run changes this file ({name}) unless a person names it when asking."

    def is_named(self, path: str) -> bool:
        """Whether a person named the file: by its path, or by a name that says which one it is."""
        name = PurePosixPath(path).name
        return path in self.named or (name in self.named and name not in _ANYBODYS)

    def under(self, *guards: Guard) -> tuple[str, ...]:
        """Return the patterns under these guards, for people and prompts."""
        return tuple(
            path for kind in self.classes.values() if kind.guard in guards for path in kind.paths
        )


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> re.Pattern[str]:
    """Return a glob as an expression: `*` and `?` stay within a name, `**` crosses folders."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob.removeprefix("./").rstrip("/"))
    spelled = {"**/": r"(?:[^/]+/)*", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
    # A pattern that names a folder, or matches one, protects everything below it.
    return re.compile("".join(spelled.get(part, re.escape(part)) for part in parts) + r"(?:/.*)?")


def matches(path: str, globs: Iterable[str]) -> bool:
    """Whether any of the patterns covers the path. Letters' case makes no difference."""
    return any(_pattern(glob.lower()).fullmatch(path.lower()) for glob in globs)


def named_in(texts: Iterable[str]) -> frozenset[str]:
    """Return the files that people name in their own words: by path, or by name and ending.

    What they quote or paste between fences is not their own word, and names nothing.
    """
    found: set[str] = set()
    for text in texts:
        own = _QUOTED.sub("", _FENCED.sub("", text)).replace("`", " ").replace("\\", "/")
        found.update(name.rstrip(".") for name in _NAME.findall(own))
    return frozenset(name for name in found if "/" in name or "." in name)

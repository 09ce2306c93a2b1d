"""The classes of this repository's paths, and the guard of each class."""

from collections.abc import Mapping
from typing import Literal

from bot.domain.record import Record

Guard = Literal["free", "review", "named", "never"]
"""How strictly a path is guarded.

`free`: ships with a plain "ship it". `review`: ships only with a person's explicit "security
reviewed". `named`: like `review`, and runs change it only if a person named the file in the
request. `never`: no run may change it.
"""


class PathClass(Record):
    """Paths (glob patterns, `**` allowed) with one guard.

    For guarded paths, a pattern that names a folder covers everything in it. For free paths the
    patterns are stricter: `*` matches one plain name (letters, digits, `_` and `-`), `**/` any
    number of such folders, and only a `**` at the end matches everything.
    """

    guard: Guard
    paths: tuple[str, ...]


def _build_class(guard: Guard, *paths: str) -> PathClass:
    return PathClass(guard=guard, paths=paths)


BUILT_IN: Mapping[str, PathClass] = {
    "git": _build_class("never", "**/.git", "**/.gitattributes", "**/.gitmodules"),
    "secrets": _build_class("never", "**/.env*", "**/*.pem", "**/*.key", "data/state"),
    # Code that decides, spends, merges, confines or judges, the data it uses, and all outgoing
    # connections.
    "authority": _build_class(
        "named",
        "bot/adapters",
        "bot/authority",
        "bot/budget",
        "bot/domain",
        "bot/grammar",
        "bot/hot_reload",
        "bot/infra",
        "bot/intake",
        "bot/periodic.py",
        "bot/ports",
        "bot/proof",
        "bot/self_improvement",
        "bot/settings",
        "bot/skills",
        "bot/supervisor",
        "bot/web",
        "cogs/__init__.py",
        "cogs/approvals.py",
        "cogs/emergency_stop.py",
        "cogs/ui",
        "packages",
    ),
    # Files that control how checks run or how developers' tools behave, and tests of the guards.
    "checks": _build_class(
        "named",
        "**/.*",
        "**/*makefile*",
        "**/*.toml",
        "**/*.ini",
        "**/*.cfg",
        "**/*.lock",
        "**/*.yaml",
        "**/*.yml",
        "**/requirements*.txt",
        "**/conftest.py",
        "**/setup.py",
        "**/noxfile.py",
        "**/*customize.py",
        "**/AGENTS*.md",
        "**/CLAUDE*.md",
        "**/GEMINI*.md",
        "tests/attacks",
        "tests/cogs/room.py",
        "tests/contracts",
        "tests/support/entry_points.py",
        "tests/twins/obedient_model.py",
    ),
    "program": _build_class("review", "bot", "bench"),
    "deciding cogs": _build_class(
        "review",
        "cogs/admin.py",
        "cogs/audits.py",
        "cogs/budget.py",
        "cogs/conversation",
        "cogs/flags.py",
        "cogs/incidents.py",
        "cogs/memory.py",
        "cogs/pauses.py",
        "cogs/privacy.py",
        "cogs/questions.py",
        "cogs/runs.py",
        "cogs/skills.py",
    ),
    "tests": _build_class(
        "review",
        "tests/bench",
        "tests/bot",
        "tests/fakes",
        "tests/journeys",
        "tests/local_discord",
        "tests/support",
        "tests/twins",
        "tests/cogs/test_agreements.py",
        "tests/cogs/test_answer_buttons.py",
        "tests/cogs/test_asking_back.py",
        "tests/cogs/test_audits.py",
        "tests/cogs/test_budget.py",
        "tests/cogs/test_chat.py",
        "tests/cogs/test_forged_words.py",
        "tests/cogs/test_hearing_people.py",
        "tests/cogs/test_incidents.py",
        "tests/cogs/test_memories.py",
        "tests/cogs/test_missed_*.py",
        "tests/cogs/test_pauses.py",
        "tests/cogs/test_privacy.py",
        "tests/cogs/test_questions.py",
        "tests/cogs/test_reverting.py",
        "tests/cogs/test_rollback_words.py",
        "tests/cogs/test_emergency_stop.py",
        "tests/cogs/test_flags.py",
        "tests/cogs/test_skills.py",
        "tests/cogs/test_talking_to_runs.py",
    ),
    "prompts": _build_class(
        "review",
        "prompts/chat*.md",
        "prompts/executor*.md",
        "prompts/planner*.md",
        "prompts/pull_request*.md",
        "prompts/reviewer*.md",
        "prompts/skill_list.md",
        "prompts/skills",
    ),
    "cogs": _build_class(
        "free",
        "cogs/**/*.py",
        "cogs/**/*.csv",
        "cogs/**/*.json",
        "cogs/**/*.txt",
        "tests/cogs/**/test_*.py",
        "tests/cogs/everyday_commands.json",
        "tests/acceptance/**/test_*.py",
        "tests/regressions/**/test_*.py",
    ),
    "words": _build_class(
        "free",
        "README.md",
        "CHANGELOG.md",
        "docs/**/*.md",
        "docs/**/*.png",
        "docs/**/*.svg",
        "prompts/persona.md",
    ),
}
"""The classes of this repository. The configuration can add or replace classes."""

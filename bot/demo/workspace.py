"""Creates the private home of a demo: a clone with a fault, a forge and a configuration.

Nothing outside the home is changed; the source repository is only read.
"""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import yaml

from bot.demo._git import AS_DEMO, has_commit, run_git
from bot.demo.faults import DEFINITIONS, Change, plant
from bot.demo.uncommitted_cogs import UncommittedCogs, find_uncommitted_cogs, take_along
from bot.domain.errors import ConfigError

_LEFT_OUT = (
    ".venv", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis",
    ".import_linter_cache", "state", ".env", ".git", "*.egg-info",
)  # fmt: skip
ABOUT_FAULTS = (
    *(f"bot/demo/faults/{name}.py" for name in DEFINITIONS),
    "bench/scripts/more_planted_faults.yaml",
    "bench/scripts/planted_faults.yaml",
    "tests/bench/test_planted_faults.py",
    "tests/bot/demo/test_faults.py",
    "tests/bot/demo/test_demo_workspace.py",
    "tests/bot/demo/test_first_hint.py",
    "tests/bot/demo/test_living_faults.py",
    "packages/theseus_repair/tests/repair_tests/test_candidate_gate.py",
    "tests/bot/demo/test_planted_faults.py",
    "packages/theseus_repair/tests/repair_tests/test_unproven.py",
    "tests/bot/self_improvement/steps/test_withdrawal.py",
    "tests/cogs/test_quotes_wait.py",
    "tests/journeys/test_after_setup.py",
    "tests/journeys/test_claude.py",
    "tests/journeys/test_handed_over.py",
    "tests/journeys/test_newcomer.py",
    "tests/journeys/test_planted_faults.py",
    "tests/journeys/test_somebody_elses_service.py",
    "tests/journeys/test_stop_everything.py",
    "tests/journeys/test_wanted.py",
    "tests/journeys/test_wrong_answer.py",
    "tests/test_documents.py",  # documents name what is left out
)
"""What says how a fault is made, and the tests that plant them or hold their lines: nowhere in the
copy, nor in its history. To search there is to find the cause, not the answer."""
FORMER_PATHS = (
    *(f"bot/local/faults/{name}.py" for name in DEFINITIONS),
    "tests/bot/local/test_faults.py",
    "tests/bot/local/test_homestead.py",
    "tests/bot/local/test_living_faults.py",
    "tests/bot/repair/test_candidate_gate.py",
    "tests/bot/repair/test_gate.py",
    "tests/bot/repair/test_planted_faults.py",
    "tests/bot/repair/test_unproven.py",
    "tests/bot/stages/test_withdrawal.py",
    "tests/journeys/test_played_in_a_browser.py",
)
"""Where the same stood before it was moved: in no file any more, but in older commits."""
_FULL_TIER = "\n  full:\n"
_SHORT_TIER = """\
    - {name: lint, command: [ruff, check, .], seconds: 30}
    - {name: types, command: [mypy, cogs], seconds: 120}
    - name: tests of the everyday cogs
      command: [pytest, -q, {tests}]
      seconds: 120
"""
_LOOK_MINUTES = 0.1  # between two checks of the forge's issues; short, because a person watches
_QUIET_MINUTES = 3  # without an anomaly, whose window lasts ten; then the incident may be reviewed
_EVERYDAY = ("dice", "polls", "quotes", "reminders")


@dataclass(frozen=True)
class DemoWorkspace:
    """Where the demo's parts are. `checkout` is what the bot runs from."""

    home: Path
    checkout: Path
    forge: Path
    state: Path
    config: Path

    @classmethod
    def from_home(cls, home: Path, state: Path | None = None) -> Self:
        """Return the parts of a home in that folder, whether they are there yet or not.

        `state` is where the bot keeps its state, if not in the home. Raises `ConfigError` when
        another bot's state is in it: its runs would speak in channels that are not there.
        """
        state = state or home / "state"
        if (state / "theseus.sqlite3").exists():
            raise ConfigError(
                f"THESEUS_STATE: {state} holds the state of another bot; the demo needs an empty "
                "folder there, or none set."
            )
        return cls(home, home / "checkout", home / "forge.git", state, home / "config.yaml")


@dataclass(frozen=True)
class DemoPaths:
    """What the configuration must say about the local Discord the bot will live in.

    `settings` replaces keys of its sections; `logins` are names at the forge, each with its
    person's id. `dashboard` is where the bot's own pages are.
    """

    guild_id: int
    dev_channel_id: int
    listed: tuple[int, ...]
    url: str
    engine: str
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    logins: Mapping[str, int] = field(default_factory=dict)
    dashboard: str = ""
    listed_roles: tuple[int, ...] = ()


async def prepare(
    source: Path,
    workspace: DemoWorkspace,
    fault: Change | None,
    demo_paths: DemoPaths,
    *,
    earlier: Sequence[Change] = (),
    cogs: UncommittedCogs | None = None,
) -> None:
    """Make the home from the repository (or unpacked archive) at `source`.

    New cogs that are not committed come along: `cogs`, where it is known already which. What is
    `earlier` is committed before the fault. Raises `ConfigError` when git is missing or refuses.
    """
    workspace.state.mkdir(parents=True, exist_ok=True)
    await _clone(source, workspace.checkout)
    await take_along(cogs or await find_uncommitted_cogs(source), source, workspace.checkout)
    await _shorten_full_tier(workspace.checkout)
    for change in (*earlier, *([fault] if fault else [])):
        await _commit(change, workspace.checkout)
    await run_git(workspace.home, "clone", "--quiet", "--bare", "checkout", "forge.git")
    await run_git(workspace.checkout, "remote", "add", "origin", str(workspace.forge))
    await run_git(workspace.checkout, "fetch", "--quiet", "origin")
    workspace.config.write_text(_build_configuration(workspace, demo_paths), encoding="utf-8")


async def deploy_commit(change: Change, workspace: DemoWorkspace) -> None:
    """Commit a change in the checkout and push it to the forge; the bot has to be restarted then.

    Raises `ConfigError`.
    """
    await _commit(change, workspace.checkout)
    await run_git(workspace.checkout, "push", "--quiet", "origin", "HEAD:main")


async def _commit(change: Change, checkout: Path) -> None:
    changed = plant(change, checkout)
    await run_git(checkout, "add", "--", *changed)
    author = change.author if "<" in change.author else f"{change.author} <dev@localhost>"
    await run_git(
        checkout, *AS_DEMO, "commit", "--quiet", "--no-verify", "--author", author,
        "--message", change.message,
    )  # fmt: skip


async def _clone(source: Path, checkout: Path) -> None:
    """Clone the repository at its head; an archive without history becomes a repository first.

    What is about faults is left out of either.
    """
    if (source / ".git").exists() and await has_commit(source):
        await _copy_history(source, checkout)
        return
    await asyncio.to_thread(
        shutil.copytree, source, checkout, ignore=shutil.ignore_patterns(*_LEFT_OUT)
    )
    for path in ABOUT_FAULTS:
        (checkout / path).unlink(missing_ok=True)
    await run_git(checkout, "init", "--quiet", "--initial-branch", "main")
    await run_git(checkout, "add", "--all")
    await run_git(
        checkout, *AS_DEMO, "commit", "--quiet", "--no-verify", "--message", "Unpacked archive"
    )


async def _copy_history(source: Path, checkout: Path) -> None:
    """Rewrite the commits up to the head without the files about faults, and check them out.

    A clone would contain every object, so that files removed by a later commit could still be read
    and would give the fault away.
    """
    stream = checkout.with_name("history")
    left_out = (f":(exclude){path}" for path in (*ABOUT_FAULTS, *FORMER_PATHS))
    head = (await run_git(source, "rev-parse", "--symbolic-full-name", "HEAD")).strip()
    what = ("--reencode=yes", "--signed-tags=strip", head, "--", ".", *left_out)
    with stream.open("wb") as written:
        await run_git(
            source, "fast-export", f"--refspec={head}:refs/heads/main", *what, output=written
        )
    await run_git(checkout.parent, "init", "--quiet", "--initial-branch", "main", checkout.name)
    with stream.open("rb") as read:
        # Little compression: the copy is a quarter larger, and takes half of the time.
        await run_git(
            checkout, "-c", "core.compression=1", "fast-import", "--quiet", "--force",
            "--depth=0", stdin=read,
        )  # fmt: skip
    stream.unlink()
    await run_git(checkout, "reset", "--quiet", "--hard", "main")


async def _shorten_full_tier(checkout: Path) -> None:
    """Commit a full tier that a visitor can wait for: all tests would take minutes."""
    file = checkout / "data/config.yaml"
    text = file.read_text(encoding="utf-8")
    start = text.find(_FULL_TIER)
    if start < 0:
        return
    tests = ", ".join(f"tests/cogs/test_{name}.py" for name in _EVERYDAY)
    short = _SHORT_TIER.replace("{tests}", tests)
    file.write_text(text[:start] + _FULL_TIER + short, encoding="utf-8")
    await run_git(checkout, "add", "--", "data/config.yaml")
    message = "Demo: a full tier short enough to wait for"
    commit = ("commit", "--quiet", "--no-verify", "--allow-empty", "--message", message)
    await run_git(checkout, *AS_DEMO, *commit)


def _build_configuration(workspace: DemoWorkspace, demo_paths: DemoPaths) -> str:
    content = yaml.safe_load((workspace.checkout / "data/config.yaml").read_text(encoding="utf-8"))
    people = {"users": list(demo_paths.listed), "roles": list(demo_paths.listed_roles)}
    content["discord"] = {
        "guild_id": demo_paths.guild_id,
        "dev_channel_id": demo_paths.dev_channel_id,
        "answers_unaddressed": True,  # the visitor is the only person there
    }
    content["people"] = {"developers": people, "approvers": people}
    content["engine"]["name"] = demo_paths.engine
    content["forge"].update(kind="local", path=str(workspace.forge), url=demo_paths.url)
    content["forge"]["issues"] = {"people": dict(demo_paths.logins), "minutes": _LOOK_MINUTES}
    content.setdefault("incidents", {})["resolved_after_minutes"] = _QUIET_MINUTES
    # The code here is the visitor's own copy of this very repository.
    content["sandbox"]["required"] = False
    content.setdefault("http", {})["url"] = demo_paths.dashboard
    for section, values in demo_paths.settings.items():
        content.setdefault(section, {}).update(values)
    return "# Written by the demo from data/config.yaml.\n" + yaml.safe_dump(content)

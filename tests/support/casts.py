"""Engine and forge of a small world: a scripted engine and a local forge, or claude and GitHub.

The claude cast runs the real Claude Code program against a scripted model, and the real GitHub
forge against a GitHub twin on this machine.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from aiohttp.typedefs import Middleware

from bot.demo.workspace import DemoWorkspace
from tests.fakes.repositories import run_git
from tests.support.scripted_model import ScriptedModelBehaviour
from tests.twins.github import GithubTwin
from tests.twins.model import ScriptedModel, Turn

SMALL_BOT = str(Path(__file__).with_name("small_bot.py"))
KEY = "sk-ant-a-key-for-this-machine-alone"


@dataclass(frozen=True)
class Cast:
    """What a story needs to know about engine and forge.

    `program` is the program of the bot's process, `variables` are additional environment variables,
    `bare` is the forge's repository, and `pulls` returns number and state of its pull requests.
    """

    program: Sequence[str]
    bare: Path
    pulls: Callable[[], list[tuple[int, str]]]
    variables: Mapping[str, str] = field(default_factory=dict)
    model: ScriptedModel | None = None
    github: GithubTwin | None = None


MakeCast = Callable[[DemoWorkspace, Path], AbstractAsyncContextManager[Cast]]


@asynccontextmanager
async def open_scripted_cast(workspace: DemoWorkspace, folder: Path) -> AsyncIterator[Cast]:
    """Yield an engine that makes the script's edits itself, and the local forge."""

    def list_pulls() -> list[tuple[int, str]]:
        database = f"file:{workspace.state}/forge.sqlite3?mode=ro"
        with sqlite3.connect(database, uri=True) as db:
            return list(db.execute("SELECT number, state FROM pulls ORDER BY number"))

    yield Cast([SMALL_BOT], workspace.forge, list_pulls)


@asynccontextmanager
async def open_offline_cast(workspace: DemoWorkspace, folder: Path) -> AsyncIterator[Cast]:
    """Yield the offline engine and the local forge."""
    async with open_scripted_cast(workspace, folder) as cast:
        yield replace(cast, program=[*cast.program, "--real"])


def make_claude_cast(
    story: Mapping[str, Sequence[Turn]] | None = None,
    *,
    fallback: str = "none",
    candidates: int = 1,
    silence: float = 180.0,
    around: Callable[[str], Sequence[Middleware]] = lambda _: (),
) -> MakeCast:
    """Return the claude engine with the real program, and GitHub.

    The model follows `story` for the roles in it, and the world's script for all others. If it is
    silent for `silence` seconds, it is given up. `around` returns middlewares of the "forge" and of
    the "model".
    """

    @asynccontextmanager
    async def open_cast(workspace: DemoWorkspace, folder: Path) -> AsyncIterator[Cast]:
        folder = folder / "github"
        folder.mkdir()
        run_git(folder, "clone", "-q", "--bare", str(workspace.checkout), "ship.git")
        turns = {**ScriptedModelBehaviour(workspace.home / "script.json").story, **(story or {})}
        async with (
            GithubTwin(folder, around=around("forge")) as github,
            ScriptedModel(turns, around=around("model")) as model,
        ):
            run_git(workspace.checkout, "remote", "set-url", "origin", github.clone_url)
            await asyncio.to_thread(_configure, workspace.config, fallback, candidates, silence)
            variables = {
                "ANTHROPIC_API_KEY": KEY,
                "ANTHROPIC_BASE_URL": model.base_url,
                "GITHUB_TOKEN": github.token,
                "THESEUS_GITHUB_API_URL": github.api_url,
            }
            program = [SMALL_BOT, "--real"]
            yield Cast(
                program,
                github.bare,
                lambda: _list_pulls(github),
                variables,
                model=model,
                github=github,
            )

    return open_cast


claude = make_claude_cast()


def _list_pulls(github: GithubTwin) -> list[tuple[int, str]]:
    """Return number and state of every pull request."""
    found = sorted(github.world.pulls.values(), key=lambda pull: pull.number)
    states = ("merged" if p.merged_at else "open" if p.open else "closed" for p in found)
    return [(pull.number, state) for pull, state in zip(found, states, strict=True)]


def _configure(file: Path, fallback: str, candidates: int, silence: float) -> None:
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    content["engine"] = {"name": "claude", "fallback": fallback, "silence_seconds": silence}
    content["change"] = {"candidates": candidates}
    content["forge"] = {"kind": "github", "github": {"reviewers": ["alice"]}}
    file.write_text(yaml.safe_dump(content), encoding="utf-8")

"""A past run is worked again for real: git, the sandbox, the checks and the offline engine."""

from pathlib import Path

import pytest

from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.offline_agent import OfflineAgent
from bot.adapters.sandbox import choose_sandbox
from bot.adapters.sandboxed_verifier import SandboxedVerifier
from bot.adapters.sqlite_store import SqliteStore
from bot.adapters.system_clock import SystemClock
from bot.domain.experience import ExperienceLimits
from bot.domain.people import Person, Place
from bot.domain.run import Run, Status, Trigger
from bot.infra.git import Git
from bot.learning.experience import ExperienceReplay
from tests.fakes.faulty_project import make_faulty_project
from tests.support.claude_room import make_assignment


@pytest.mark.slow
async def test_the_offline_engine_solves_what_a_run_had_not(tmp_path: Path) -> None:
    folder, clock = tmp_path / "checkout", SystemClock()
    base, now = make_faulty_project(folder), clock.now()
    assignment = make_assignment(base)
    trigger = Trigger(
        key="k", goal="fix", person=Person(id=1, name="alice"), place=Place(channel_id=1),
        text="fix it", at=now,
    )  # fmt: skip
    sandbox = await choose_sandbox("auto", required=False)
    async with SqliteStore(tmp_path / "theseus.sqlite3") as store:
        run = await store.create(
            Run(id="k7m2xq", goal="fix", trigger=trigger, created_at=now, updated_at=now)
        )
        await store.save(
            run.replace(status=Status.FAILED),
            assignment.evidence, assignment.diagnosis, assignment.plan,
        )  # fmt: skip
        replay = ExperienceReplay(
            store,
            GitWorkspaces(folder, tmp_path / "worktrees"),
            SandboxedVerifier(sandbox, tmp_path / "cache"),
            clock,
        )
        report = await replay.replay(OfflineAgent(sandbox, clock), ExperienceLimits(seconds=120))
    (trial,) = report.trials
    assert (trial.comparison, trial.why) == ("better", "")
    assert Git(folder).run("branch", "--list", "theseus/*").out == b""

"""The bot starts without the workers' server, and does their work itself."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal, make_transcript
from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.ports.sandbox import Sandbox

from bot.adapters.git_trees import GitTrees
from bot.app.work import open_work
from bot.domain.errors import ConfigError
from bot.domain.queued_work import CheckCommand, WorkUnavailable
from bot.infra.free_port import find_free_port
from bot.infra.git import Git
from bot.infra.injector import Injector
from bot.monitoring.work_watch import WorkServer
from bot.ports.clock import Clock
from bot.ports.trees import CommitTrees
from bot.ports.work_queue import WorkQueue
from bot.settings import Settings, load
from tests.fakes.fake_clock import FakeClock
from tests.fakes.repositories import commit, make_repository
from tests.support.local_sandbox import choose_local_sandbox

TOKENS = f"first={'f' * 32},second={'s' * 32}"
CONFIG = """
checks: {{quick: [{{name: nothing, command: ['true']}}]}}
work: {{queue: temporal, address: '127.0.0.1:{port}', artefacts: shared{more}}}
"""

pytest.importorskip("temporalio", reason="needs theseus[temporal]")


def make_settings(folder: Path, more: str = "") -> Settings:
    """Return settings with a server that is not there."""
    make_repository(folder, {"a.py": "A = 1\n"})
    text = CONFIG.format(port=find_free_port(), more=more)
    commit(folder, {"data/config.yaml": text})
    return load(folder, {"THESEUS_WORKER_TOKENS": TOKENS})


async def open_queue(settings: Settings, stack: AsyncExitStack) -> Injector:
    injector = Injector()
    injector.add(GitTrees(Git(settings.root)), CommitTrees)
    injector.add(FakeRehearsal(lambda tree, script: make_transcript(script)), Rehearsal)
    injector.add(choose_local_sandbox(), Sandbox)
    injector.add(FakeClock(), Clock)
    await open_work(injector, settings, stack, "f" * 40)
    return injector


async def test_without_a_server_the_bot_starts_and_does_the_work(tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "home")
    async with AsyncExitStack() as stack:
        injector = await open_queue(settings, stack)
        with pytest.raises(WorkUnavailable, match="check that it runs"):
            await injector.get(WorkServer).probe()
        head = Git(settings.root).resolve_revision("HEAD")
        async with injector.get(WorkQueue).open(head) as work:
            assert (await work.check(CheckCommand(words=("cat", "a.py")))).output == "A = 1\n"


async def test_a_certificate_that_is_not_there_ends_the_start(tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "home", ", authority: missing.pem")
    async with AsyncExitStack() as stack:
        with pytest.raises(ConfigError, match=r"missing\.pem"):
            await open_queue(settings, stack)

"""The bot starts without the workers' server, and does their work itself."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal, make_transcript
from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.ports.sandbox import Sandbox

from bot.adapters.git_trees import GitTrees
from bot.app.work import open_work
from bot.cli.doctor.work import look_at_work
from bot.domain.errors import ConfigError
from bot.domain.queued_work import CheckCommand, WorkUnavailable
from bot.infra.free_port import find_free_port
from bot.infra.git import Git
from bot.infra.injector import Injector
from bot.monitoring.work_watch import WorkServer
from bot.ports.clock import Clock
from bot.ports.trees import CommitTrees
from bot.ports.work_queue import WorkQueue
from bot.settings import Environment, Settings, load
from tests.fakes.fake_clock import FakeClock
from tests.fakes.repositories import commit, make_repository
from tests.support.local_sandbox import choose_local_sandbox
from tests.support.s3_server import ACCESS_KEY, SECRET_KEY, serve_s3

TOKENS = f"first={'f' * 32},second={'s' * 32}"
CONFIG = """
checks: {{quick: [{{name: nothing, command: ['true']}}]}}
work: {{queue: temporal, address: '127.0.0.1:{port}', artefacts: '{place}'{more}}}
"""

pytest.importorskip("temporalio", reason="needs theseus[temporal]")


def make_settings(folder: Path, more: str = "", place: str = "shared") -> Settings:
    """Return settings with a server that is not there."""
    make_repository(folder, {"a.py": "A = 1\n"})
    text = CONFIG.format(port=find_free_port(), more=more, place=place)
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


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("s3://theseus/work", "THESEUS_ARTEFACTS_ACCESS_KEY"),
        ("s3://No_Bucket", "s3://bucket/prefix"),
        ("s3://theseus/a b", "s3://bucket/prefix"),
    ],
)
async def test_a_bucket_without_keys_or_with_a_wrong_name_ends_the_start(
    tmp_path: Path, place: str, reason: str
) -> None:
    async with AsyncExitStack() as stack:
        with pytest.raises(ConfigError, match=reason):
            await open_queue(make_settings(tmp_path / "home", place=place), stack)


@pytest.mark.slow
async def test_the_doctor_stores_and_reads_an_object(tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "home", place="s3://theseus/work")
    (missing,) = await look_at_work(settings)
    assert "THESEUS_ARTEFACTS_ACCESS_KEY" in missing.message
    with serve_s3() as address:
        keys = {
            "theseus_artefacts_access_key": ACCESS_KEY,
            "theseus_artefacts_secret_key": SECRET_KEY,
        }
        for endpoint, is_good in ((address, True), ("http://127.0.0.1:1", False)):
            config = settings.config.work.replace(artefacts_endpoint=endpoint)
            there = settings.replace(
                environment=Environment(**keys),
                config=settings.config.replace(work=config),
            )
            (finding,) = await look_at_work(there)
            assert (finding.status == "good") is is_good
            assert SECRET_KEY not in finding.message

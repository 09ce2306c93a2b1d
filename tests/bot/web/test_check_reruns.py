"""Checks that people have run again: who may, at which commit, and that it decides nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.domain.change import Verdict
from bot.domain.check_reruns import CheckRerun
from bot.domain.errors import SandboxUnavailable
from tests.fakes.fake_member_directory import FakeMemberDirectory
from tests.fakes.fake_store import FakeStore
from tests.fakes.fake_verifier import FakeVerifier
from tests.support.agent_harness import ALICE, DORA, MALLORY, AgentHarness, is_broken
from tests.support.agent_under_test import AgentUnderTest
from tests.support.proposal_visit import ProposalVisit, Visitor, open_visit


class Bench(AgentHarness):
    """A harness with one check whose result a test chooses."""

    def __init__(self, folder: Path) -> None:
        self.fake_store = FakeStore()
        super().__init__(folder, store=self.fake_store)
        self.passes = True
        self.members = self.member_directory = FakeMemberDirectory((ALICE, DORA, MALLORY))
        self.verifier = FakeVerifier(broken=is_broken, checks={"lint": lambda _: self.passes})


class Scene:
    """One proposal, and the dashboard."""

    def __init__(self, bench: Bench, agent: AgentUnderTest, visit: ProposalVisit) -> None:
        self.bench = bench
        self.agent = agent
        self.visit = visit
        self.path = f"/runs/{visit.run.id}"

    async def get_verdict(self) -> Verdict:
        verdict = (await self.bench.store.get_history(self.visit.run.id)).verdict
        assert verdict is not None
        return verdict

    async def list_reruns(self) -> tuple[CheckRerun, ...]:
        reruns = (await self.bench.store.get_history(self.visit.run.id)).check_reruns
        return reruns.items if reruns else ()

    async def build_fields(self, visitor: Visitor, check: str = "lint") -> dict[str, str]:
        """Return what the page's form sends."""
        head = (await self.get_verdict()).head
        return {"form": await visitor.form(), "check": check, "head": head}

    async def send(self, visitor: Visitor, fields: dict[str, str]) -> int:
        answer = await visitor.post(f"{self.path}/checks", data=fields, headers=visitor.own)
        return answer.status

    async def wait_for_result(self) -> CheckRerun:
        """Return the newest re-run once it has ended; fake time advances meanwhile."""
        async with asyncio.timeout(10):
            while not ((items := await self.list_reruns()) and is_over(items[-1])):
                await self.bench.clock.advance(0.25)
        return items[-1]


def is_over(item: CheckRerun) -> bool:
    return item.result is not None or bool(item.trouble)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    bench = Bench(tmp_path)
    async with AsyncExitStack() as stack:
        agent = await stack.enter_async_context(bench.run_agent())
        run = await bench.propose_fix(agent)
        visit = await stack.enter_async_context(open_visit(bench, agent, run))
        yield Scene(bench, agent, visit)


async def test_the_second_result_stands_beside_the_first(scene: Scene) -> None:
    before = await scene.get_verdict()
    scene.bench.passes = False
    async with scene.visit.open_browser(DORA) as dora:
        page = (await dora.get(scene.path)).text
        assert 'aria-label="Run lint again"' in page
        assert await scene.send(dora, await scene.build_fields(dora)) == 303
        item = await scene.wait_for_result()
        page = (await dora.get(scene.path)).text
    assert item.result is not None
    assert (item.head, item.result.status) == (before.head, "failed")
    assert await scene.get_verdict() == before
    assert "What is run again is shown beside the first result" in page
    audited = [each for each in scene.bench.fake_store.audits if "check lint again" in each.note]
    assert [(each.person and each.person.name, each.allowed) for each in audited] == [
        ("dora", True)
    ]


# Attacks


async def test_a_failed_check_that_passes_again_is_both_and_does_not_ship(scene: Scene) -> None:
    good = await scene.get_verdict()
    checks = tuple(
        each.replace(status="failed") if each.name == "lint" else each for each in good.checks
    )
    failed = good.replace(checks=checks)
    await scene.bench.store.append(scene.visit.run.id, failed)
    async with scene.visit.open_browser(ALICE) as alice:
        refused = (await alice.act("approve")).status
        assert refused == 409
        assert await scene.send(alice, await scene.build_fields(alice)) == 303
        item = await scene.wait_for_result()
        assert item.result is not None
        assert item.result.status == "passed"
        assert await scene.get_verdict() == failed
        assert (await alice.act("approve")).status == refused
    assert scene.bench.forge.merges == []


async def test_who_may_not_ask_for_work_runs_nothing(scene: Scene) -> None:
    ran = len(scene.bench.verifier.ran)
    visit = scene.visit
    async with (
        visit.open_browser(ALICE) as alice,
        visit.open_browser() as mallory,
        visit.open_browser() as operator,
    ):
        fields = await scene.build_fields(alice)
        assert await scene.send(mallory, fields) == 401
        assert (await mallory.log_in_as(visit.provider, MALLORY.id)).status == 403
        assert await scene.send(mallory, fields) == 401
        await operator.log_in()
        own = fields | {"form": await operator.form()}
        assert await scene.send(operator, own) == 403
        assert "Run lint again" not in (await operator.get(scene.path)).text
        assert await scene.send(alice, fields | {"form": ""}) == 403
        foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        answer = await alice.post(f"{scene.path}/checks", data=fields, headers=foreign)
        assert answer.status == 403
    assert len(scene.bench.verifier.ran) == ran
    assert await scene.list_reruns() == ()


async def test_only_checks_of_this_head_run_again(scene: Scene) -> None:
    async with scene.visit.open_browser(ALICE) as alice:
        fields = await scene.build_fields(alice)
        for wrong in (
            {"head": "f" * 40}, {"head": ""}, {"check": "rm -rf /"}, {"check": ""},
            {"check": "The bot starts"},
        ):  # fmt: skip
            assert await scene.send(alice, fields | wrong) == 409
    assert await scene.list_reruns() == ()


async def test_what_cannot_run_says_why(scene: Scene) -> None:
    scene.bench.verifier.refusal = SandboxUnavailable("No sandbox <here>.")
    async with scene.visit.open_browser(ALICE) as alice:
        assert await scene.send(alice, await scene.build_fields(alice)) == 303
        assert (await scene.wait_for_result()).trouble == "No sandbox <here>."
        assert "No sandbox &lt;here&gt;." in (await alice.get(scene.path)).text

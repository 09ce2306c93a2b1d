"""What was approved for a target is merged, and "live" is said only of what is known to run."""

from datetime import UTC, datetime

import pytest

from bot.domain.errors import StaleApproval
from bot.domain.people import Person
from bot.domain.proposal import Approval, ForgeProposal, Proposal, ProposalDraft
from bot.domain.target import LiveSource
from bot.presentation.cards import render_shipment
from bot.self_improvement.runs.target_deployer import TargetDeployer, TargetVersion
from tests.fakes.fake_checkout import FakeCheckout
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_deployment import FakeDeployment
from tests.fakes.fake_forge import FakeForge

NOW = datetime(2026, 11, 21, 14, tzinfo=UTC)
HEAD = "1" * 40


class Scene:
    """An approved proposal of a target, and the commit that its journal names."""

    def __init__(self, source: LiveSource, *, failure: str = "") -> None:
        self.running: str | None = None
        self.forge = FakeForge(on_merge=[self._push])
        self.checkout = FakeCheckout(files={}, history=["0" * 40], trees=self.forge.trees)
        self.deployment = FakeDeployment(failure=failure)
        self.version = TargetVersion(source, self.checkout, self.find_running, self.is_ancestor)
        self.deployer = TargetDeployer(
            self.forge, self.checkout, self.deployment, self.version, FakeClock()
        )

    def _push(self, _: ForgeProposal, commit: str) -> None:
        self.checkout.advance({}, commit)

    async def find_running(self) -> str | None:
        return self.running

    async def is_ancestor(self, older: str, newer: str) -> bool:
        return older == newer

    async def propose(self) -> tuple[Proposal, Approval]:
        opened = await self.forge.open_proposal(
            ProposalDraft(
                run_id="abc123", repository="r", branch="theseus/abc123-fix", head=HEAD,
                base_branch="main", title="Fix", body="",
            )
        )  # fmt: skip
        proposal = Proposal(
            run_id="abc123", number=opened.number, url="", head=HEAD, base="0" * 40,
            branch="theseus/abc123-fix", version=1, at=NOW,
        )  # fmt: skip
        approval = Approval(
            run_id="abc123", proposal=opened.number, head=HEAD,
            person=Person(id=1, name="ada"), at=NOW, how="text",
        )  # fmt: skip
        return proposal, approval


async def test_it_is_live_once_the_journal_shows_the_merge() -> None:
    scene = Scene("journal")
    proposal, approval = await scene.propose()
    shipment = await scene.deployer(proposal, approval, None)
    assert scene.deployment.commits == [shipment.merge_commit]
    assert not shipment.live
    assert "journal" in shipment.undeployed
    assert not await scene.version.has_commit(shipment.merge_commit)
    scene.running = shipment.merge_commit
    assert await scene.version.has_commit(shipment.merge_commit)
    assert (await scene.deployer(proposal, approval, None)).live


async def test_a_failed_deployment_keeps_the_merge_and_says_why() -> None:
    scene = Scene("checkout", failure="no room")
    proposal, approval = await scene.propose()
    shipment = await scene.deployer(proposal, approval, None)
    assert shipment.merge_commit
    assert not shipment.live
    assert shipment.undeployed == "It is not deployed: no room"


async def test_only_a_person_can_say_that_it_is_live() -> None:
    scene = Scene("person")
    proposal, approval = await scene.propose()
    shipment = await scene.deployer(proposal, approval, None)
    assert shipment.needs_confirmation
    (button,) = render_shipment(proposal, approval, shipment).buttons
    assert button.custom_id == "theseus:live:abc123"
    scene.running = shipment.merge_commit  # as somebody who pressed it has confirmed
    assert await scene.version.has_commit(shipment.merge_commit)
    live = await scene.deployer(proposal, approval, None)
    assert live.live
    assert render_shipment(proposal, approval, live).buttons == ()


async def test_an_approval_of_another_head_merges_nothing() -> None:
    scene = Scene("checkout")
    proposal, approval = await scene.propose()
    with pytest.raises(StaleApproval):
        await scene.deployer(proposal, approval.replace(head="2" * 40), None)
    assert scene.deployment.commits == []
    assert (await scene.forge.get_proposal(proposal.number)).state == "open"

"""What the forge and the checks do is journalled: how it ended, how long it took, for which run."""

from pathlib import Path

import pytest

from bot.domain.change import CheckResult
from bot.domain.errors import ForgeUnavailable
from bot.domain.journal import ActionOutcome
from bot.domain.proposal import ForgeProposal, ProposalDraft
from bot.telemetry import JournalledForge, JournalledVerifier, Recorder, set_current_run
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_forge import FakeForge
from tests.fakes.fake_journal import FakeJournal
from tests.fakes.fake_verifier import FakeVerifier
from tests.fakes.fake_workspaces import FakeWorkspaces

HEAD = "a" * 40


def draft(run_id: str = "abc123") -> ProposalDraft:
    return ProposalDraft(
        run_id=run_id, repository="repo", branch=f"theseus/{run_id}-dice", head=HEAD,
        base_branch="main", title="Mend the dice", body="",
    )  # fmt: skip


class AwayForge(FakeForge):
    """A forge that is out of reach while `away`."""

    away = False

    async def get_proposal(self, number: int) -> ForgeProposal:
        if self.away:
            raise ForgeUnavailable("The forge does not answer.")
        return await super().get_proposal(number)


@pytest.fixture
def journal() -> FakeJournal:
    return FakeJournal()


@pytest.fixture
def recorder(journal: FakeJournal, tmp_path: Path) -> Recorder:
    return Recorder(journal, FakeClock(), tmp_path, b"salt", lambda: "abc1234")


def told(journal: FakeJournal) -> list[tuple[str, str, str | None]]:
    return [(each.event, each.outcome.value, each.run_id) for each in journal.actions]


async def test_each_call_of_the_forge_is_known_by_name_outcome_and_run(
    journal: FakeJournal, recorder: Recorder
) -> None:
    forge = JournalledForge(FakeForge(), recorder)
    opened = await forge.open_proposal(draft())
    await forge.merge(opened.number, HEAD)
    assert told(journal) == [
        ("forge.open_proposal", "ok", "abc123"),
        ("forge.merge", "ok", "abc123"),
    ]
    assert all(each.duration_ms is not None for each in journal.actions)


async def test_a_look_that_brings_nothing_new_is_no_action_whether_it_goes_well_or_not(
    journal: FakeJournal, recorder: Recorder
) -> None:
    behind = AwayForge()
    forge = JournalledForge(behind, recorder)
    opened = await forge.open_proposal(draft())
    journal.actions.clear()
    for _ in range(3):
        await forge.get_proposal(opened.number)
    behind.away = True
    for _ in range(3):
        with pytest.raises(ForgeUnavailable):
            await forge.get_proposal(opened.number)
    behind.away = False
    await forge.close(opened.number, "not wanted")
    await forge.get_proposal(opened.number)
    assert told(journal) == [
        ("forge.proposal", "ok", "abc123"),
        ("forge.proposal", "error", "abc123"),
        ("forge.close", "ok", "abc123"),
        ("forge.proposal", "ok", "abc123"),
    ]
    assert journal.actions[1].error is not None


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("passed", ActionOutcome.OK), ("failed", ActionOutcome.ERROR),
     ("timeout", ActionOutcome.TIMEOUT), ("skipped", None)],
)  # fmt: skip
async def test_each_check_is_known_by_name_outcome_and_run(
    journal: FakeJournal,
    recorder: Recorder,
    tmp_path: Path,
    status: str,
    outcome: ActionOutcome | None,
) -> None:
    result = CheckResult.model_validate({"name": "lint", "status": status, "seconds": 1.5})
    behind = FakeVerifier(broken=lambda _root: False)
    behind._make_result = lambda *_: result  # type: ignore[method-assign]
    seen: list[CheckResult] = []

    async def on_check(check: CheckResult) -> None:
        seen.append(check)

    workspaces = FakeWorkspaces(tmp_path / "worktrees", {"a.py": ""})
    async with workspaces.open("abc123", base=workspaces.base, slug="dice") as workspace:
        with set_current_run("abc123"):
            verifier = JournalledVerifier(behind, recorder)
            await verifier.run_checks("quick", workspace, ["a.py"], on_check)
    assert seen == [result]
    found = [(each.event, each.outcome, each.run_id, each.duration_ms) for each in journal.actions]
    assert found == ([("check.lint", outcome, "abc123", 1500)] if outcome else [])

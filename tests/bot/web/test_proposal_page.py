"""The page of a proposal: what it shows, and whose decisions count, as attackers would try them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from theseus_guard.protection import Protection

from bot.authority.named_files import collect_named_files
from bot.domain.approval import ApprovalRules
from bot.domain.people import Person
from bot.domain.run import Run, Stage, Status
from tests.bot.web.web_server import bearer
from tests.fakes.fake_member_directory import FakeMemberDirectory
from tests.fakes.fake_store import FakeStore
from tests.support.agent_harness import ALICE, BOB, DORA, MALLORY, AgentHarness
from tests.support.agent_under_test import AgentUnderTest
from tests.support.proposal_visit import ProposalVisit, Visitor, open_visit


class Town(AgentHarness):
    """A harness whose members come and go, and whose audit log can be read."""

    def __init__(self, folder: Path) -> None:
        self.fake_store = FakeStore()
        super().__init__(folder, store=self.fake_store)
        self.members = self.member_directory = FakeMemberDirectory((ALICE, BOB, DORA, MALLORY))

    def list_audits(self, action: str) -> list[tuple[str, bool, str]]:
        """Return who did an act, whether they might, and how."""
        return [
            (each.person.name, each.allowed, each.how)
            for each in self.fake_store.audits
            if each.action == action and each.person is not None
        ]


class Scene:
    """One proposal, its page, and the agent."""

    def __init__(self, town: Town, agent: AgentUnderTest, visit: ProposalVisit) -> None:
        self.town = town
        self.agent = agent
        self.visit = visit
        self.open_browser = visit.open_browser

    async def get_run(self) -> Run:
        return await self.town.store.get(self.visit.run.id)

    async def assert_untouched(self) -> None:
        """Check that nothing was decided."""
        run = await self.get_run()
        assert (run.stage, run.status) == (Stage.SHIP, Status.WAITING)
        history = await self.town.store.get_history(run.id)
        assert history.approval is None
        assert not (history.approval_votes and history.approval_votes.approvals)
        assert self.town.forge.merges == []


@pytest.fixture
async def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


@pytest.fixture
async def scene(town: Town) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        agent = await stack.enter_async_context(town.run_agent())
        run = await town.propose_fix(agent)
        visit = await stack.enter_async_context(open_visit(town, agent, run))
        yield Scene(town, agent, visit)


async def test_an_approval_on_the_page_ships_and_is_audited_by_name(scene: Scene) -> None:
    async with scene.open_browser(ALICE) as alice:
        assert (await alice.act("approve")).status == 303
    run = await scene.town.wait_until_ended(scene.visit.run.id)
    assert run.status is Status.DONE
    approval = (await scene.town.store.get_history(run.id)).approval
    assert approval is not None
    assert (approval.person.name, approval.how) == ("alice", "page")
    assert ("alice", True, "page") in scene.town.list_audits("ship")


async def test_a_rejection_on_the_page_ends_the_run_and_is_audited(scene: Scene) -> None:
    async with scene.open_browser(BOB) as bob:
        assert (await bob.act("reject", why="not now")).status == 303
    run = await scene.get_run()
    assert (run.status, run.reason) == (Status.REJECTED, "Rejected by bob: not now.")
    assert scene.town.list_audits("reject") == [("bob", True, "page")]


async def test_the_page_shows_code_behaviour_and_checks_side_by_side(scene: Scene) -> None:
    async with scene.open_browser(DORA) as dora:
        page = (await dora.get(dora.path)).text
    assert '<td class="text removed">' in page
    assert '<span class="hl-keyword">return</span>' in page
    assert "What changes for people" in page
    assert "Comment on line 8" in page


# Attacks


async def send_each(visitor: Visitor, fields: dict[str, str], *acts: str) -> list[int]:
    """Send a form once for each act that decides; return the answers."""
    acts = acts or ("approve", "reject", "comment")
    return [(await visitor.send(fields | {"act": act, "text": "do more"})).status for act in acts]


async def test_the_operators_session_decides_nothing(scene: Scene) -> None:
    async with scene.open_browser(ALICE) as alice, scene.open_browser() as operator:
        fields = await alice.read_fields("approve")
        await operator.log_in()
        fields["form"] = await operator.form()
        assert await send_each(operator, fields) == [403, 403, 403]
        assert 'value="approve"' not in (await operator.get(operator.path)).text
    await scene.assert_untouched()


async def test_the_token_as_a_bearer_decides_nothing(scene: Scene) -> None:
    async with scene.open_browser(ALICE) as alice, scene.open_browser() as program:
        fields = await alice.read_fields("approve")
        headers = {**program.own, **bearer()}
        answer = await program.post(program.path, data=fields, headers=headers)
        assert answer.status == 401
    await scene.assert_untouched()


async def test_another_sites_form_decides_nothing(scene: Scene) -> None:
    async with scene.open_browser(ALICE) as alice, scene.open_browser(DORA) as dora:
        fields, own = await alice.read_fields("approve"), alice.own
        foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        attempts = [
            (fields, foreign),
            (fields, {}),
            ({**fields, "form": ""}, own),
            ({**fields, "form": await dora.form()}, own),
        ]
        for sent, headers in attempts:
            assert (await alice.post(alice.path, data=sent, headers=headers)).status == 403
    await scene.assert_untouched()


async def test_who_may_read_but_not_ship_is_refused_and_audited(scene: Scene) -> None:
    async with scene.open_browser(DORA) as dora:
        for act in ("approve", "reject"):
            answer = await dora.act(act)
            assert answer.status == 403
            assert "you are not on the list of people who may" in answer.text
    await scene.assert_untouched()
    assert scene.town.list_audits("ship") == [("dora", False, "page")]
    assert scene.town.list_audits("reject") == [("dora", False, "page")]


async def test_a_person_on_no_list_does_not_get_in_and_cannot_use_a_form(scene: Scene) -> None:
    async with scene.open_browser(ALICE) as alice, scene.open_browser() as mallory:
        fields = await alice.read_fields("approve")
        assert (await mallory.log_in_as(scene.visit.provider, MALLORY.id)).status == 403
        assert await send_each(mallory, fields) == [401, 401, 401]
    await scene.assert_untouched()


async def test_a_role_lost_after_the_login_counts_no_more(scene: Scene) -> None:
    async with scene.open_browser(BOB) as bob:
        fields = await bob.read_fields("approve")
        directory = scene.town.members
        directory.down = True
        assert await send_each(bob, fields) == [503] * 3
        directory.down = False
        directory.members[BOB.id] = Person(id=BOB.id, name=BOB.name)
        assert await send_each(bob, fields) == [403] * 3
        del directory.members[BOB.id]
        assert await send_each(bob, fields) == [403] * 3
    await scene.assert_untouched()


async def test_the_page_of_an_older_commit_decides_nothing(scene: Scene) -> None:
    async with scene.open_browser(ALICE) as alice:
        fields = await alice.read_fields("approve")
        proposal = (await scene.town.store.get_history(scene.visit.run.id)).proposal
        assert proposal is not None
        scene.town.forge.push(proposal.branch)
        answer = await alice.send(fields)
        assert answer.status == 409
        assert "branch has moved" in answer.text
    assert scene.town.forge.merges == []


async def test_a_form_for_another_commit_or_card_decides_nothing(scene: Scene) -> None:
    async with scene.open_browser(ALICE) as alice:
        fields = await alice.read_fields("approve")
        assert await send_each(alice, fields | {"head": "f" * 40}) == [409, 409, 409]
        assert await send_each(alice, fields | {"head": ""}) == [400, 400, 400]
        for card in ("17", "", "x"):
            sent = fields | {"card": card}
            assert await send_each(alice, sent, "approve", "reject") == [409, 409]
    await scene.assert_untouched()


async def test_a_replayed_form_ships_once_and_revives_nothing(scene: Scene) -> None:
    async with scene.open_browser(ALICE) as alice:
        approve, reject = await alice.read_fields("approve"), await alice.read_fields("reject")
        assert (await alice.send(reject)).status == 303
        assert (await alice.send(approve)).status == 409
        assert (await alice.send(reject)).status == 409
    assert scene.town.forge.merges == []
    assert (await scene.get_run()).status is Status.REJECTED


async def test_a_guarded_change_needs_the_stated_review(town: Town) -> None:
    town.protection = Protection.create(review=("cogs/dice.py",))
    async with town.run_agent() as agent:
        run = await town.propose_fix(agent)
        async with open_visit(town, agent, run) as visit, visit.open_browser(ALICE) as alice:
            answer = await alice.act("approve")
            assert answer.status == 409
            assert "security-sensitive" in answer.text
            assert town.forge.merges == []
            assert (await alice.act("approve", reviewed="yes")).status == 303
        assert (await town.wait_until_ended(run.id)).status is Status.DONE


async def test_a_second_approver_is_needed_where_the_rules_say_so(town: Town) -> None:
    rules = ApprovalRules(second_for=frozenset({"any"}), people=2)
    town.limits = replace(town.limits, approval=rules)
    async with town.run_agent() as agent:
        run = await town.propose_fix(agent)
        async with (
            open_visit(town, agent, run) as visit,
            visit.open_browser(ALICE) as alice,
            visit.open_browser(BOB) as bob,
        ):
            fields = await alice.read_fields("approve")
            for _ in range(2):
                assert (await alice.send(fields)).status == 303
            assert "1 of 2 approvals: alice" in (await bob.get(bob.path)).text
            assert town.forge.merges == []
            assert (await bob.act("approve")).status == 303
        assert (await town.wait_until_ended(run.id)).status is Status.DONE


# Comments and ticks


async def test_a_comment_on_a_line_revises_the_run_once(scene: Scene) -> None:
    more = {
        "line": "8",
        "text": "also handle zero, see bot/authority/policy.py",
        "file": "cogs/dice.py",
    }
    async with scene.open_browser(DORA) as dora:
        fields = await dora.read_fields("comment") | more
        assert (await dora.send(fields)).status == 303
        run = await scene.town.wait_until(lambda run: run.round == 2, scene.visit.run.id)
        await dora.send(fields)
    history = await scene.town.store.get_history(run.id)
    assert history.instructions is not None
    [item] = history.instructions.items
    assert (item.by, item.how, item.file, item.line) == ("dora", "page", "cogs/dice.py", 8)
    assert item.text.startswith("On `cogs/dice.py` line 8: also handle zero")
    assert ("dora", True, "page") in scene.town.list_audits("revise")
    named = collect_named_files(run, history)
    assert not {"cogs/dice.py", "bot/authority/policy.py"} & named, "the change chose the file"


async def test_the_forges_link_to_a_line_opens_its_form(scene: Scene) -> None:
    link = f"{scene.visit.path}?path=cogs/dice.py&line=8"
    async with scene.open_browser(DORA) as dora:
        page = (await dora.get(link)).text
        assert '<details class="ask" id="ask-1" open>' in page
        assert 'id="line-1" value="8"' in page
        page = (await dora.get(f"{scene.visit.path}?path=bot%2Fauthority%2Fpolicy.py&line=8")).text
        assert '<details class="ask" id="ask-1">' in page, "the proposal does not have that file"


async def test_the_forges_link_asks_for_a_login_and_gives_no_rights(scene: Scene) -> None:
    link = f"{scene.visit.path}?path=cogs/dice.py&line=8"
    more = {"act": "comment", "file": "cogs/dice.py", "line": "8", "text": "also zero"}
    async with scene.open_browser(ALICE) as alice, scene.open_browser() as visitor:
        fields = await alice.read_fields("comment") | more
        answer = await visitor.get(link, headers={"Accept": "text/html"})
        assert (answer.status, answer.headers["Location"]) == (
            303, f"/login?next={quote(link, safe='')}",
        )  # fmt: skip
        assert (await visitor.post(link, data=fields, headers=visitor.own)).status == 401
        assert (await alice.post(link, data=fields | {"form": ""}, headers=alice.own)).status == 403
        assert (await visitor.log_in_as(scene.visit.provider, MALLORY.id)).status == 403
        assert (await visitor.post(link, data=fields, headers=visitor.own)).status == 401
    await scene.assert_untouched()


async def test_a_comment_that_is_none_is_refused(scene: Scene) -> None:
    async with scene.open_browser(DORA) as dora:
        fields = await dora.read_fields("comment")
        fields |= {"file": "cogs/dice.py", "line": "8", "text": "also zero"}
        for wrong in (
            {"file": "bot/authority/policy.py"}, {"line": "eight"}, {"text": " "},
            {"text": "x" * 1001},
        ):  # fmt: skip
            assert (await dora.send(fields | wrong)).status == 400
    await scene.assert_untouched()


async def test_ticks_are_a_persons_own_and_end_with_the_files_diff(scene: Scene) -> None:
    async with scene.open_browser(ALICE) as alice, scene.open_browser(DORA) as dora:
        fields = await alice.read_fields("view")
        assert fields["digest"]
        assert (await alice.send(fields)).status == 303
        assert "☑ Viewed" in (await alice.get(alice.path)).text
        assert "☑ Viewed" not in (await dora.get(dora.path)).text
        assert (await dora.act("view", digest="0" * 32)).status == 409
        assert (await alice.act("view")).status == 303
        assert "☑ Viewed" not in (await alice.get(alice.path)).text
    await scene.assert_untouched()


async def test_comments_are_not_offered_if_the_engine_cannot_follow_them(
    town: Town, scene: Scene
) -> None:
    """Else a long comment would be written, refused, and lost."""
    async with scene.open_browser(ALICE) as alice:
        assert "Ask for something else" in (await alice.get(alice.path)).text
        town.engine.can_follow_instructions = False
        page = (await alice.get(alice.path)).text
    assert "Ask for something else" not in page
    assert "Comment on" not in page
    assert "It cannot follow comments" in page

"""A failure of another bot is fixed in that bot's repository, and nowhere else."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from local_discord.person import Message
from theseus_rehearsal.records import SayStep, Script

from bot.app.engines import EngineResources, Engines
from bot.domain.brief import Acceptance, Brief, Wanted
from bot.domain.change import STARTS
from bot.domain.errors import NotAuthorized
from bot.domain.guilds import AllowLists
from bot.domain.people import AllowList
from bot.domain.plan import Step
from bot.domain.run import Run, Status, Waiting
from bot.intake import FailureMatcher
from bot.intake.targets import KnownTarget
from bot.ports.agent import Budget
from bot.ports.forge import Forge
from bot.self_improvement.requests.change_requests import ChangeBegun
from bot.self_improvement.runs.confirmed_versions import LiveConfirmations
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_request_planner import BUILDS, FakeRequestPlanner
from tests.fakes.repositories import run_git
from tests.support.agent_harness import ALICE, DORA, AgentHarness
from tests.support.agent_under_test import AgentUnderTest
from tests.support.dev_channel import DevChannel, list_labels, open_dev_channel
from tests.support.target_harness import (
    COG_BOT,
    COG_WORKED,
    SHARING,
    TargetHarness,
    build_entry,
    make_target,
    open_world,
    run_target,
    write_settings,
)
from tests.support.thread_reader import is_waiting_or_ended
from tests.twins.github import GithubTwin

PATIENCE = 180.0
DEPLOY = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(os.environ[sys.argv[2]])"


@pytest.mark.slow
async def test_a_failure_reported_in_words_is_fixed_in_the_other_bots_repository(
    tmp_path: Path,
) -> None:
    repository, deployed = tmp_path / "welcome-bot", tmp_path / "deployed"
    base = make_target(repository)
    command = [sys.executable, "-c", DEPLOY, str(deployed), "THESEUS_COMMIT"]
    deployment = {"kind": "command", "command": command}
    entry = build_entry("welcome-bot", live="journal", deployment=deployment)
    settings = write_settings(tmp_path, entry)
    own = list_refs(settings.root)
    await run_target(repository, "!share 6 0")
    async with open_world(tmp_path / "world", settings) as world:
        assert not world.targets.refusals
        await world.commands.refresh()
        async with open_room(world) as room:
            answer = await ask(room, "!hello crashes, fix it")
            assert "welcome-bot: Nothing in my journal matches that" in answer
            answer = await ask(room, "@Theseus which commands failed this week in welcome-bot?")
            assert answer.startswith("**welcome-bot**: ")
            assert "!share (ZeroDivisionError) failed once" in answer
            await room["alice"].say("dev", "in welcome-bot, !share fails, fix it")
            run, thread = await find_thread(room)
            card = await room["alice"].wait_for(
                thread, lambda message: "Ship it" in list_labels(message), PATIENCE
            )
            assert card["embeds"][0]["title"].startswith("welcome-bot: ")
            await check_verdict(world, run)
            await room["alice"].say(thread, "ship it")
            run = await world.wait_for(lambda each: each.has_ended, run.id, PATIENCE)
            assert run.status is Status.DONE, run.reason
            shipment = (await world.store.get_history(run.id)).shipment
            assert shipment is not None
            assert "once its journal shows the commit" in shipment.undeployed
            assert run_git(repository, "rev-parse", "main") == shipment.merge_commit
            assert deployed.read_text() == shipment.merge_commit
            await room["alice"].wait_for(thread, lambda each: "not live yet" in get_body(each))

            await run_target(repository, "!share 6 0")  # as its service would start it again
            await world.clock.advance(60)  # to the next look
            live = f"`{shipment.merge_commit[:7]}` is live now"
            await room["alice"].wait_for(thread, lambda said: live in said["content"], PATIENCE)
            live = f"live at `{shipment.merge_commit[:7]}`"
            await room["alice"].wait_for(thread, lambda each: live in get_body(each), PATIENCE)
        theirs = await world.targets.injectors["welcome-bot"].get(Forge).find(run.id)
        assert theirs is not None
        assert theirs.title.startswith("fix: ")  # as their commits are written
        assert await world.forge.find(run.id) is None
    changed = run_git(repository, "diff", "--name-only", base, "main").splitlines()
    assert changed[0] == "games.py"
    assert list_refs(settings.root) == own


@asynccontextmanager
async def open_room(world: TargetHarness) -> AsyncIterator[DevChannel]:
    """Open the dev channel with the real client, which knows the targets of that world."""

    def make_others(_: AgentHarness, people: AllowList) -> dict[str, KnownTarget]:
        return {
            name: KnownTarget(name, each.get(FailureMatcher), AllowLists(people))
            for name, each in world.targets.injectors.items()
        }

    async with open_dev_channel(
        world.folder, make_harness=lambda _: world, others=make_others, pace=1.0
    ) as room:
        yield room


async def ask(room: DevChannel, text: str) -> str:
    """Return the reply to a text of alice's."""
    said = await room["alice"].say("dev", text)
    return str((await room.wait_for_reply("alice", said))["content"])


async def find_thread(room: DevChannel) -> tuple[Run, str]:
    """Return the newest run and its thread, once it has one."""
    run = await room.wait_until(lambda each: each.thread_id is not None)
    return run, str(run.thread_id)


def get_body(message: Message) -> str:
    """Return the text of a message's card; empty if it has none."""
    return "".join(each.get("description") or "" for each in message["embeds"])


async def propose(world: TargetHarness, agent: AgentUnderTest) -> Run:
    """Ask for a fix; return the run once it waits for an approval."""
    asked = await agent.request(world.make_trigger("share").replace(target="welcome"))
    run = await world.wait_for(is_waiting_or_ended, asked.id, PATIENCE)
    assert run.waiting is Waiting.APPROVAL, (run.reason, world.list_texts(run))
    while not await world.has_card(run):
        await world.clock.advance(0.25)
        run = await world.store.get(run.id)
    await check_verdict(world, run)
    return run


async def check_verdict(world: TargetHarness, run: Run) -> None:
    """Check that the bot was started, and that nothing is passed that was not checked."""
    verdict = (await world.store.get_history(run.id)).verdict
    assert verdict is not None
    (start,) = [each for each in verdict.checks if each.name == STARTS]
    assert start.status == "passed", start
    assert verdict.behaviour is not None
    assert "no use of its commands is recorded" in verdict.behaviour.unplayed


@pytest.mark.slow
async def test_a_command_that_no_test_can_call_is_proven_by_a_replay_and_merged_at_github(
    tmp_path: Path,
) -> None:
    repository = tmp_path / "welcome"
    kept = {"CHANGELOG.md": "# Changes\n\n## [Unreleased]\n\n### Fixed\n\n- One.\n\n## 1.0\n"}
    make_target(repository, {**COG_BOT, **kept}, {"sharing.py": COG_WORKED})
    await run_target(repository, "!share 6 0")
    async with AsyncExitStack() as stack:
        github = await stack.enter_async_context(open_github(tmp_path, repository))
        forge = {"kind": "github", "repository": f"{github.owner}/{github.name}"}
        entry = build_entry("welcome", paths={"free": ["sharing.py"]}, live="person", forge=forge)
        variables = {"GITHUB_TOKEN": github.token, "THESEUS_GITHUB_API_URL": github.api_url}
        settings = write_settings(tmp_path, entry, variables=variables)
        world = await stack.enter_async_context(open_world(tmp_path / "world", settings))
        agent = await stack.enter_async_context(world.run_agent())
        run = await propose(world, agent)
        history = await world.store.get_history(run.id)
        pull = github.world.pulls[1]
        assert pull.title.startswith("fix: ")
        assert pull.draft
        assert history.proposal is not None
        assert pull.head == history.proposal.head
        await agent.approve(world.build_approval(run))
        await world.wait_for(lambda each: each.has_ended, run.id, PATIENCE)
        shipment = (await world.store.get_history(run.id)).shipment
        assert shipment is not None, world.list_texts(run)
        assert not shipment.live
        assert run_git(github.bare, "rev-parse", "main") == shipment.merge_commit
        assert run_git(repository, "rev-parse", "main") == shipment.merge_commit
        confirmations = agent.injector.get(LiveConfirmations)
        with pytest.raises(NotAuthorized):
            await confirmations.confirm(run.id, DORA)  # may ask, but not ship
        await confirmations.confirm(run.id, ALICE)
        live = f"`{shipment.merge_commit[:7]}` is live now"
        await world.wait_for(
            lambda each: any(live in text for text in world.list_texts(each)), run.id, PATIENCE
        )
        shipment = (await world.store.get_history(run.id)).shipment
        assert shipment is not None
        assert shipment.live
    assert history.plan is not None
    assert history.plan.replay is not None
    assert history.plan.replay.asked == "says “!share 6 0”"
    assert history.verdict is not None
    assert history.change_set is not None
    assert history.verdict.passing_on_head is not None
    assert history.verdict.passing_on_head.status == "passed"
    changed = sorted(each.path for each in history.change_set.files)
    assert changed == ["CHANGELOG.md", "sharing.py"]
    entries = run_git(repository, "show", "main:CHANGELOG.md").splitlines()
    assert entries[6] == "- One."
    assert entries[7].startswith("- Fix ")


WISH = "in welcome, let !share say Everyone instead of Each"
EVERYONE = Acceptance(
    asked="`!share 6 2`",
    expected="that everyone gets 3",
    script=Script(steps=(SayStep(say="!share 6 2"),)),
    wanted=(Wanted(step=0, shows=("Everyone gets 3",)),),
    missing="another answer",
)


def make_scripted(_: EngineResources) -> Engines:
    """Return models with prepared answers: they say what is wanted, and write it."""
    brief = Brief(request="", understood="`!share` says Everyone.", acceptances=(EVERYONE,))
    steps = (Step(summary="Say it", owned_files=("sharing.py",)),)
    planner = FakeRequestPlanner(brief, plan=BUILDS.replace(steps=steps))
    writer = FakeAgent({"sharing.py": SHARING.replace("Each gets", "Everyone gets")})
    return Engines(writer, Budget(seconds=60), "scripted", request_planner=planner)


@pytest.mark.slow
async def test_a_requested_change_is_replayed_shipped_and_reverted(tmp_path: Path) -> None:
    repository = tmp_path / "welcome"
    base = make_target(repository, COG_BOT, {"sharing.py": COG_WORKED})
    entry = build_entry("welcome", paths={"free": ["sharing.py"]})
    # Its speed takes ten more starts of the bot.
    settings = write_settings(tmp_path, entry, gates={"performance": "off"})
    await run_target(repository, "!share 6 3")
    async with (
        open_world(tmp_path / "world", settings, make_scripted) as world,
        world.run_agent() as agent,
    ):
        trigger = world.make_trigger(WISH, goal="change").replace(text=WISH, target="welcome")
        begun = await agent.changes.ask(trigger)
        assert isinstance(begun, ChangeBegun)
        run = await wait_for(world, Waiting.AGREEMENT, begun.run)
        await agent.agreements.give(run.id, ALICE, "text")
        run = await ship(world, agent, run)
        history = await world.store.get_history(run.id)
        verdict = history.verdict
        assert verdict is not None
        assert [(each.kind, each.holds) for each in verdict.proofs] == [("behaviour", True)]
        assert verdict.behaviour is not None
        assert (verdict.behaviour.answers, verdict.behaviour.unasked) == (1, 0)
        gates = {each.gate: each for each in verdict.gates}
        assert gates["advisories"].status == "passed"
        assert gates["coverage"].summary == "1 of 1 changed statements run"
        assert "not for other bots" in gates["revert"].summary
        assert "Everyone" in run_git(repository, "show", "main:sharing.py")
        reverting = await agent.requests.revert(ALICE, run_id=run.id)
        await ship(world, agent, reverting)
        assert run_git(repository, "diff", base, "main") == ""


async def wait_for(world: TargetHarness, waiting: Waiting, run: Run) -> Run:
    """Return the run once it waits for that."""
    run = await world.wait_for(
        lambda each: each.waiting is waiting or each.has_ended, run.id, PATIENCE
    )
    assert run.waiting is waiting, (run.reason, world.list_texts(run))
    return run


async def ship(world: TargetHarness, agent: AgentUnderTest, run: Run) -> Run:
    """Ship a run once it has a proposal; return it as it ended."""
    run = await wait_for(world, Waiting.APPROVAL, run)
    while not await world.has_card(run):
        await world.clock.advance(0.25)
        run = await world.store.get(run.id)
    await agent.approve(world.build_approval(run))
    run = await world.wait_for(lambda each: each.has_ended, run.id, PATIENCE)
    assert run.status is Status.DONE, run.reason
    return run


@asynccontextmanager
async def open_github(folder: Path, repository: Path) -> AsyncIterator[GithubTwin]:
    """Open a GitHub with the commits of a repository, which follows it from then on."""
    place = folder / "github"
    place.mkdir()
    run_git(place, "clone", "-q", "--bare", str(repository), "ship.git")
    async with GithubTwin(place) as github:
        run_git(repository, "remote", "add", "origin", github.clone_url)
        yield github


def list_refs(folder: Path) -> str:
    return run_git(folder, "for-each-ref", "--format=%(objectname) %(refname)")

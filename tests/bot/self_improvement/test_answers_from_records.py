"""Questions about the bot are answered from records, to people who may read them."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.anomaly import Anomaly, Rule
from bot.domain.errors import NotAuthorized, UnknownRun
from bot.domain.evidence import Commit, Suspect
from bot.domain.incident import Incident
from bot.domain.intents import Setting, Topic
from bot.domain.people import AllowList, PeopleList, Person
from bot.domain.run import Run
from bot.grammar import Intent, parse
from bot.presentation.answers import render_people
from bot.self_improvement.requests.questions import OPEN_TO_ALL, AskedQuestion
from tests.support.agent_harness import ALICE, DORA, MALLORY
from tests.support.agent_under_test import AgentUnderTest
from tests.support.watch_harness import WatchHarness

SAID = Setting(addressed=True, dev_channel=True, listed=True)


@pytest.fixture
def world(tmp_path: Path) -> WatchHarness:
    return WatchHarness(tmp_path)


async def ask(
    agent: AgentUnderTest, text: str, *, person: Person = DORA, run: Run | None = None
) -> str:
    """Return the answer to a person's message, in the thread of `run` if it is set."""
    heard = parse(text, SAID.replace(in_thread=run is not None))
    assert heard.intent is Intent.ASK and heard.slots.topic is not None, heard
    slots = heard.slots
    return await agent.questions.answer(
        AskedQuestion(
            person, heard.slots.topic, slots.subject, slots.span, run, slots.run,
            slots.pull_request,
        )
    )  # fmt: skip


async def test_where_nothing_happened_each_answer_says_so(world: WatchHarness) -> None:
    world.journal.actions.clear()
    agent = world.create_agent()
    for text, told in (
        ("what did you change this week?", "I have shipped nothing yet."),
        ("why this fix?", "no run of mine has got that far"),
        ("what could break?", "no run of mine has got that far"),
        ("what did it cost this week", "Nothing: I paid for no model this week."),
        ("is anything broken right now?", "Nothing that I know of"),
        ("is it being watched?", "Nothing was shipped yet"),
        ("what waits for me?", "Nothing is waiting for a person now."),
        ("what do people wish for?", "Nobody has asked for something new yet."),
        ("what do you remember about dice?", "I remember nothing about dice."),
        ("when did /roll last fail?", "I know of no failure of /roll"),
        ("how often is /roll used", "No one used /roll"),
        ("which flags are on?", "Nobody has switched a flag."),
        ("who asked for /coinflip?", "I have no record of a run about /coinflip."),
    ):
        assert told in await ask(agent, text), text


async def test_a_shipped_fix_is_told_with_its_record_and_who_decided(world: WatchHarness) -> None:
    world.journal_rolls(well=37, failed=20)
    async with world.run_agent() as agent:
        run = await world.ship_fix(agent)
        proposal = (await world.store.get_history(run.id)).proposal
        assert proposal is not None
        named = f"[#1](http://forge.test/forge/pulls/1) “rolling dice” (run `{run.id}`)"

        for text in ("what changed this week?", "what did you ship today", "what changed ever"):
            told = await ask(agent, text)
            assert told.startswith("I shipped 1 change") and named in told
            assert "live at `" in told and "<t:" in told
        assert await ask(agent, "what did you change last week?") == (
            f"I shipped nothing last week. The last change was {named} <t:"
            + (await ask(agent, "what did you change last week?")).partition("<t:")[2]
        )
        who = await ask(agent, "who shipped that?")
        assert who.startswith(f"**{named}**\nalice asked for it <t:")
        assert f"alice approved `{proposal.head[:7]}` by text <t:" in who
        assert "Merged as `" in who
        why = await ask(agent, "why did you pick that fix?")
        assert "Cause: " in why and "IndexError" in why and "The change: " in why
        risk = await ask(agent, "what could break?")
        assert "Risk: " in risk and "It touches `cogs/dice.py`." in risk
        proof = await ask(agent, "how do you know it works?")
        assert "failed before" in proof and "passes now" in proof and "Checks: " in proof
        assert "it used no paid model" in await ask(agent, "what did it cost?")
        assert "I watch whether it works" in await ask(agent, "is it being watched?")
        broken = await ask(agent, "is anything broken right now?")
        assert "nothing failed in the last 24 hours that is not fixed." in broken
        assert "• ✅ /roll (IndexError) failed 23 times" in broken
        assert "; fixed since" in broken
        assert "I watch whether it works" in await ask(agent, "did it hold?", run=run)
        assert named in await ask(agent, "which commit is live?")
        assert named in await ask(agent, "who approved #1")
        assert named in await ask(agent, "what changed in /roll?")
        assert named in await ask(agent, "who shipped the dice fix?")
        assert named in await ask(agent, "did the roll fix hold?")
        for text in ("who shipped the poll fix?", "is the weather fix holding up?"):
            told = await ask(agent, text)
            assert "I know of no fix or change of it." in told and "#1" not in told, text
        with pytest.raises(UnknownRun, match="no run that proposed #7"):
            await ask(agent, "who approved #7")


async def test_in_a_runs_thread_the_question_is_about_that_run(world: WatchHarness) -> None:
    async with world.run_agent() as agent:
        first = await world.propose_fix(agent)
        world.journal.actions.clear()
        second = await agent.request(world.make_trigger("the polls", key="message:2", person=DORA))
        second = await world.wait_until_settled(second.id)
        assert f"run `{first.id}`" in await ask(agent, "why this fix?", run=first)
        told = await ask(agent, "who asked for that?", run=second)
        assert f"`{second.id}`" in told and "dora asked for it" in told
        assert "No one has approved it: it is waiting for “ship it”" in await ask(
            agent, "who approved it?", run=first
        )
        waiting = await ask(agent, "what is waiting for me?")
        assert waiting.startswith("Waiting for your decision:\n• `") and first.id in waiting
        assert "nothing to watch: it is waiting for" in await ask(agent, "did it hold?", run=first)


async def test_which_commit_brought_the_fault_is_told_with_its_cause(world: WatchHarness) -> None:
    commit = Commit(sha="5" * 40, author="erin", at=world.clock.now(), summary="Shorter dice")
    world.checkout.found = (Suspect(commit=commit, reason="changed the line", diff="", score=1.0),)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        told = await ask(agent, "which commit introduced this bug", run=run)
        assert "Cause: " in told and "IndexError" in told
        assert "`5555555`" in told


async def test_failures_and_use_are_counted_by_command_and_time(world: WatchHarness) -> None:
    world.journal_rolls(well=12, failed=2)
    agent = world.create_agent()
    told = await ask(agent, "when did /roll last fail?")
    assert told.startswith("/roll failed 5 times") and "(IndexError)" in told and "record `" in told
    assert "Rolling dice failed 5 times" in await ask(agent, "how often does rolling dice fail")
    used = await ask(agent, "how often was /roll used today")
    assert "`/roll` 17 times" in used and "5 of them failed" in used
    broken = await ask(agent, "is anything broken right now?")
    assert broken.startswith("Yes. This is what I saw in the last 24 hours:")
    assert "/roll (IndexError) failed 5 times" in broken
    await world.clock.advance(timedelta(days=3).total_seconds())
    assert "Nothing that I know of" in await ask(agent, "is anything broken right now?")


async def test_an_open_incident_is_what_is_broken_and_a_resolved_one_is_not(
    world: WatchHarness,
) -> None:
    world.journal.actions.clear()
    agent = world.create_agent()
    now = world.clock.now()
    seen = Anomaly(
        rule=Rule.REPEATED_ERROR, event="command.roll", at=now, value=5, threshold=5, volume=5
    )
    open_one = Incident(
        id="k7m2xq", event="command.roll", title="/roll fails", anomalies=(seen,), opened_at=now,
        last_at=now, count=5,
    )  # fmt: skip
    await world.key_values.put(f"incident:{open_one.id}", open_one)
    assert f"`{open_one.id}`" in await ask(agent, "any open incidents?")
    over = open_one.replace(status="resolved", resolved_at=now)
    await world.key_values.put(f"incident:{open_one.id}", over)
    assert "Nothing that I know of" in await ask(agent, "any open incidents?")


async def test_who_may_not_read_is_refused_all_but_what_is_there_for_everybody(
    world: WatchHarness,
) -> None:
    agent = world.create_agent()
    for topic in Topic:
        asked = AskedQuestion(MALLORY, topic)
        if topic in OPEN_TO_ALL:
            told = await agent.questions.answer(asked)
            assert "alice" not in told
        else:
            with pytest.raises(NotAuthorized, match="look at my work"):
                await agent.questions.answer(asked)
    entries = await world.store.list_audit_entries(person_id=MALLORY.id)
    assert {entry.allowed for entry in entries} == {False}


async def test_who_may_what_is_told_by_the_lists_and_rings_nobody(world: WatchHarness) -> None:
    agent = world.create_agent()
    told = await ask(agent, "who may ship?", person=DORA)
    assert told.splitlines()[0] == "• ship, reject, lift an emergency stop: <@1>, <@&77>"
    assert "You are not on the list of those who may ship." in told
    assert "You may ship." in await ask(agent, "who may ship?", person=ALICE)


def test_who_may_ask_because_they_may_ship_is_named_once() -> None:
    one, two = PeopleList(users=frozenset({1})), PeopleList(users=frozenset({1, 2}))
    told = render_people(AllowList(approvers=one, developers=two), ships=True)
    assert "pause: the same people, and <@2>\n" in told
    told = render_people(AllowList(approvers=two, developers=one), ships=True)
    assert "pause: the same people\n" in told


async def test_asking_how_to_stop_it_stops_nothing(world: WatchHarness) -> None:
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        told = await ask(agent, "how do I stop you?", person=ALICE)
        assert "“stop everything”" in told and "A question decides nothing." in told
        assert await agent.emergency.get_stop() is None
        assert not (await world.store.get(run.id)).has_ended
        assert "Only people on my list decide that" in await ask(
            agent, "how do I stop you?", person=MALLORY
        )


async def test_costs_are_the_ledgers_and_name_the_dearest_runs(world: WatchHarness) -> None:
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        paid = (await world.store.get(run.id)).replace(cost_usd=0.5, tokens_in=900)
        await world.store.save(paid)
        told = await ask(agent, "what did this run cost", run=await world.store.get(run.id))
        assert "It has cost $0.50 of $6.00 · 900 tokens so far" in told

"""The real program behind the real gateway: what it is refused ends it, and no key is near it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from theseus_observe.redaction import redact

from bot.adapters.claude_agent.program._program import Claude, ClaudeOptions, ProgramConversation
from bot.adapters.model_gateway import HttpModelGateway, Upstream
from bot.adapters.system_clock import SystemClock
from bot.domain.errors import (
    AgentLimited,
    AgentOverloaded,
    AgentUnauthorized,
    BudgetSpent,
    PolicyError,
    Stopped,
)
from tests.fakes.fake_model_gateway import ACCOUNT
from tests.fakes.fake_spend_guard import FakeSpendGuard
from tests.support.conversations import ConversationSetup, collect_reply, find_processes
from tests.support.gateway_room import KEY
from tests.support.local_sandbox import choose_local_sandbox
from tests.support.parameter_choice import choose_parameters
from tests.twins.model import (
    ScriptedModel,
    Turn,
    call_tool,
    fail_request,
    fall_silent,
    give_result,
    limit_usage,
    say_text,
)

pytestmark = pytest.mark.slow

SPENT = BudgetSpent("Today's budget is used up: $40.00 of $40.00 (`budget.day`).")
STOPPED = Stopped("Everything was stopped by **alice**. An approver lifts it with `/resume`.")
SCHEMA = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"]}
SECRET = "sk-ant-api03-" + "Qw7" * 31


@dataclass
class Hall:
    """A table with everything real between the program and the model's provider."""

    table: ConversationSetup
    model: ScriptedModel
    gateway: HttpModelGateway
    spend_guard: FakeSpendGuard

    @asynccontextmanager
    async def sit(
        self, retries: int = 4, **changed: object
    ) -> AsyncGenerator[ProgramConversation, None]:
        """Open a conversation that asks as stubbornly as it does in earnest."""
        options = ClaudeOptions(
            self.table.home, choose_local_sandbox(), retries=retries, silence_seconds=30.0
        )
        claude = Claude(options, SystemClock(), self.gateway)
        async with claude.open_conversation(self.table.build_talk(**changed)) as conversation:
            yield conversation


@asynccontextmanager
async def hall(
    folder: Path, *story: Turn, failures: int = 5, rest: float = 30.0
) -> AsyncGenerator[Hall, None]:
    """Open it, with a model that follows the story."""
    spend_guard = FakeSpendGuard()
    async with (
        ScriptedModel(list(story)) as model,
        HttpModelGateway(
            Upstream(KEY, model.base_url),
            spend_guard,
            SystemClock(),
            folder / "gateway",
            redact=redact,
            failures=failures,
            rest=rest,
        ) as gateway,
    ):
        yield Hall(ConversationSetup(folder), model, gateway, spend_guard)


async def test_the_program_works_through_it_and_no_key_is_near_it(tmp_path: Path) -> None:
    look = (
        f"echo {SECRET}; env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null"
        " | tr '\\0' '\\n'"
    )
    story = [
        call_tool("Bash", command=look).set_tokens(5_000, 100),
        say_text("Seen.").set_tokens(6_000, 200),
    ]
    async with hall(tmp_path, *story) as here:
        async with here.sit(tools=("Bash",)) as conversation:
            _, reply = await collect_reply(conversation)
            everything = b"".join(
                (Path("/proc") / str(each) / name).read_bytes()
                for each in find_processes(str(here.table.home))
                for name in ("environ", "cmdline")
            )
        charges = list(here.spend_guard.charges.values())
        (result,) = here.model.list_tool_results()
        assert [request.headers["x-api-key"] for request in here.model.list_requests()] == [
            KEY,
            KEY,
        ]
    assert reply.text == "Seen."
    assert KEY.encode() not in everything
    for secret in (KEY, "sk-ant-theseus-", SECRET):
        assert secret not in result.text
    assert "[redacted:" in result.text  # what a command printed goes out without secrets
    assert [(charge.tokens_in, charge.tokens_out) for charge in charges][-2:] == [
        (5_000, 100),
        (6_000, 200),
    ]
    assert {charge.account for charge in charges} == {ACCOUNT}
    assert sum(charge.redacted for charge in charges) > 0
    paid = sum(charge.cost_usd for charge in charges)
    assert paid == pytest.approx(conversation.cost.cost_usd, rel=0.05)
    kept = [path for path in here.table.home.rglob("*") if path.is_file()]
    assert not any(KEY.encode() in path.read_bytes() for path in kept)


@pytest.mark.parametrize("why", choose_parameters([SPENT, STOPPED], each=2))
async def test_a_refusal_ends_the_turn_at_once_as_what_it_is(
    tmp_path: Path, why: PolicyError
) -> None:
    async with hall(tmp_path) as here, here.sit() as conversation:
        here.spend_guard.refuses_with = why
        async with asyncio.timeout(20):
            with pytest.raises(type(why)) as caught:
                await collect_reply(conversation)
        assert caught.value is why
        assert not here.model.requests
        assert len(here.spend_guard.charges) == 1  # it is not asked again


async def test_a_stop_in_the_middle_of_an_answer_ends_it_within_seconds(tmp_path: Path) -> None:
    async with hall(tmp_path, fall_silent("I will")) as here, here.sit() as conversation:
        turn = asyncio.create_task(collect_reply(conversation))
        request = await here.model.wait_for_requests(1)
        here.spend_guard.refuses_with = STOPPED
        async with asyncio.timeout(1):
            await here.gateway.stop_all(STOPPED)
            await request.finished.wait()
        async with asyncio.timeout(20):
            with pytest.raises(Stopped):
                await turn


async def test_with_only_last_words_left_no_tool_may_be_called(tmp_path: Path) -> None:
    story = [
        call_tool("Read", file_path="x"),
        call_tool("Read", file_path="x"),
        give_result({"answer": 42}),
    ]
    async with hall(tmp_path, *story) as here:
        async with here.sit(schema=SCHEMA) as conversation:
            here.spend_guard.reserve_usd = here.spend_guard.usd
            _, reply = await collect_reply(conversation)
        results = here.model.list_tool_results()
        assert "<system-reminder>Only last words." in here.model.list_requests()[0].text
    assert [result.failed for result in results] == [True, True]
    assert all("Only last words." in result.text for result in results)
    assert reply.structured == {"answer": 42}


LIMITS = [limit_usage(resets_in=7_200, times=2), fail_request(429, retry_after=7_200, times=2)]


@pytest.mark.parametrize("limit", choose_parameters(LIMITS, each=2))
async def test_a_limit_is_told_until_when_it_lasts_and_nobody_asks_before(
    tmp_path: Path, limit: Turn
) -> None:
    async with hall(tmp_path, limit) as here:
        for _ in range(2):
            async with asyncio.timeout(10), here.sit() as conversation:
                with pytest.raises(AgentLimited) as caught:
                    await collect_reply(conversation)
            assert caught.value.until is not None
            left = caught.value.until - datetime.now(UTC)
            assert timedelta(hours=1.9) < left < timedelta(hours=2.1)
        assert len(here.model.requests) == 1


async def test_a_key_the_provider_does_not_accept_is_told_at_once(tmp_path: Path) -> None:
    async with hall(tmp_path, fail_request(401, times=2)) as here, here.sit() as conversation:
        with pytest.raises(AgentUnauthorized):
            await collect_reply(conversation)
        assert len(here.model.requests) == 1


async def test_a_provider_that_keeps_failing_is_left_alone_and_asked_again_later(
    tmp_path: Path,
) -> None:
    async with hall(
        tmp_path, fail_request(529, times=2), say_text("Back."), failures=2, rest=1.0
    ) as here:
        async with here.sit(retries=0) as conversation:
            for _ in range(2):
                with pytest.raises(AgentOverloaded):
                    await collect_reply(conversation)
            with pytest.raises(AgentOverloaded):
                await collect_reply(conversation)
            assert len(here.model.requests) == 2
        async with here.sit(retries=3) as conversation:
            _, reply = await collect_reply(conversation)
    assert reply.text == "Back."

"""A dashboard over the real services of decisions, and people who log in to it."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from bot.authority.approvals import Approvals
from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.domain.people import Person
from bot.domain.run import Run
from bot.domain.target import OWN_TARGET
from bot.self_improvement.check_reruns import CheckRerunService, RerunPlace
from bot.self_improvement.reporting.viewed_files import ViewedFileService
from bot.self_improvement.run_conversation import RunConversation
from bot.self_improvement.run_decisions import RunDecisions
from bot.web import PersonLogins, ProposalReview, WebServer
from tests.bot.web.web_server import TOKEN, Answer, HttpClient, Room
from tests.fakes.fake_login_provider import FakeLoginProvider
from tests.support.agent_harness import AgentHarness
from tests.support.agent_under_test import AgentUnderTest


class Visitor(HttpClient):
    """A browser of one person at a proposal's page."""

    def __init__(self, server: WebServer, http: aiohttp.ClientSession, run: Run) -> None:
        super().__init__(server, http)
        self.path = f"/runs/{run.id}/proposal"

    async def read_fields(self, act: str) -> dict[str, str]:
        """Return the hidden fields of the page's first form for that act."""
        page = (await self.get(self.path)).text
        for form in re.findall(
            r"<form method=\"post\" action=\"[^\"]*/proposal\".*?</form>", page, re.S
        ):
            fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
            if fields.get("act") == act:
                return fields
        raise AssertionError(f"the page has no form to {act}: {page}")

    async def send(self, fields: dict[str, str]) -> Answer:
        """Send a form as the page does."""
        return await self.post(self.path, data=fields, headers=self.own)

    async def act(self, act: str, **more: str) -> Answer:
        """Fill in the page's form for an act, and send it."""
        return await self.send(await self.read_fields(act) | more)


class ProposalVisit:
    """The dashboard of an agent with one proposal."""

    def __init__(self, server: WebServer, run: Run, provider: FakeLoginProvider) -> None:
        self.server = server
        self.run = run
        self.provider = provider

    @property
    def path(self) -> str:
        """The path of the proposal's page."""
        return f"/runs/{self.run.id}/proposal"

    @asynccontextmanager
    async def open_browser(self, person: Person | None = None) -> AsyncIterator[Visitor]:
        """Yield a new browser, of a person who has logged in if there is one."""
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as http:
            visitor = Visitor(self.server, http, self.run)
            if person is not None:
                assert (await visitor.log_in_as(self.provider, person.id)).status == 200
            yield visitor


@asynccontextmanager
async def open_visit(
    harness: AgentHarness, agent: AgentUnderTest, run: Run
) -> AsyncIterator[ProposalVisit]:
    """Serve the dashboard of an agent; its token is `TOKEN`."""
    room, authorizer, provider = Room(), agent.get(Authorizer), FakeLoginProvider()

    async def check_reader(person: Person) -> None:
        await authorizer.ask(person, Act.READ)

    room.without(
        store=harness.store, agent=agent, clock=harness.clock, key_values=harness.key_values,
        logins=PersonLogins(provider, harness.member_directory, check_reader),
        proposals=ProposalReview(
            agent.get(Approvals), agent.get(RunDecisions), agent.get(RunConversation),
            ViewedFileService(harness.key_values, harness.clock),
        ),
        reruns=agent.injector.call(
            CheckRerunService,
            places={OWN_TARGET: agent.injector.call(RerunPlace)},
        ),
    )  # fmt: skip
    async with (
        room.serving(token=TOKEN, discord_secret="s" * 32) as client,
        run_loops(client.server.loops),
    ):
        yield ProposalVisit(client.server, run, provider)


@asynccontextmanager
async def run_loops(
    loops: Sequence[Callable[[], Coroutine[Any, Any, None]]],
) -> AsyncIterator[None]:
    """Run what runs while a server serves, until the context is left."""
    tasks = [asyncio.create_task(loop()) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

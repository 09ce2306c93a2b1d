"""The web server with fakes behind it, on a free port of this machine."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp

from bot.adapters.forges.registry import WEBHOOKS
from bot.authority.policy import Act
from bot.domain.anomaly import Anomaly, Rule
from bot.domain.errors import NotAuthorized, WrongStage
from bot.domain.incident import Incident, Severity
from bot.domain.people import Person, Place
from bot.domain.run import Run, Stage, Status, Trigger
from bot.domain.stop import Stop, StopHow
from bot.domain.target import OWN_TARGET
from bot.monitoring.incident_acts import IncidentActs
from bot.monitoring.incident_comments import CommentStore
from bot.monitoring.incident_repository import IncidentRepository
from bot.telemetry import Recorder
from bot.web import BotFacts, ChatConnection, WebRules, WebServer, WebServices
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal
from tests.fakes.fake_key_value_store import FakeKeyValueStore
from tests.fakes.fake_login_provider import FakeLoginProvider
from tests.fakes.fake_record_search import FakeRecordSearch
from tests.fakes.fake_store import FakeStore

TOKEN = "a-token-of-this-test-alone"
SECRET = "a-webhook-secret-of-this-test"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
DELIVERY = "72d3162e-cc78-11e3-81ab-4c9367dc0958"


class FakeEmergency:
    """The stop in memory."""

    def __init__(self, clock: FakeClock) -> None:
        self.given: list[tuple[Person | None, StopHow, str]] = []
        self.standing: Stop | None = None
        self._clock = clock

    async def get_stop(self) -> Stop | None:
        """Return what stands."""
        return self.standing

    async def stop(self, person: Person | None, how: StopHow, why: str = "") -> Stop:
        """Note it."""
        self.given.append((person, how, why))
        self.standing = Stop(how=how, at=self._clock.now(), by=person, why=why)
        return self.standing


class FakeBaseUpdates:
    """Notes who asked for a look."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.stop: Stop | None = None

    async def ask(self, how: str) -> Stop | None:
        """Note it, unless stopped."""
        if self.stop is None:
            self.asked.append(how)
        return self.stop


class FakeAgent:
    """Looks at the store."""

    def __init__(self, store: FakeStore) -> None:
        self._store = store

    async def list_runs(self, *, limit: int = 20) -> tuple[Run, ...]:
        """Return the newest."""
        return await self._store.find(limit=limit)

    async def find(self, *, run_id: str | None = None, thread_id: int | None = None) -> Run:
        """Return one."""
        return await self._store.get(run_id or "")

    async def get_history(self, run_id: str) -> Any:
        """Return what it recorded."""
        return await self._store.get_history(run_id)


class FakeIncidents:
    """A list of incidents, on which nobody may decide anything."""

    def __init__(self, clock: FakeClock) -> None:
        self.known: list[Incident] = []
        self.comments = CommentStore(FakeKeyValueStore())
        self._clock = clock

    def list_incidents(self) -> tuple[Incident, ...]:
        """Return all."""
        return tuple(self.known)

    def find(self, incident_id: str) -> Incident:
        """Return the one of that id."""
        for each in self.known:
            if each.id == incident_id:
                return each
        raise WrongStage(f"There is no incident {incident_id}.")

    def get_acts(self, incident_id: str) -> IncidentActs:
        """Return acts that nobody may do, and the comments."""

        async def refuse(person: Person, act: Act, *, note: str, target: str) -> None:
            raise NotAuthorized(f"Sorry {person.name}.")

        repository = IncidentRepository(FakeKeyValueStore())
        return IncidentActs(
            repository, self.comments, refuse, lambda _: frozenset(), self._clock, OWN_TARGET
        )

    async def close(self, incident_id: str, person: Person) -> Incident:
        """Refuse it."""
        raise NotAuthorized(f"Sorry {person.name}.")


class Room:
    """Everything the web looks at, and a browser without a page."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = FakeStore()
        self.search = FakeRecordSearch(self.store)
        self.key_values = FakeKeyValueStore()
        self.journal = FakeJournal()
        self.emergency = FakeEmergency(self.clock)
        self.base_updates = FakeBaseUpdates()
        self.incidents = FakeIncidents(self.clock)
        self.connection = ChatConnection(ready=True, latency=0.05)
        self.services = WebServices(
            store=self.store,
            search=self.search,
            journal=self.journal,
            key_values=self.key_values,
            clock=self.clock,
            recorder=Recorder(self.journal, self.clock, Path("/"), b"salt", lambda: COMMIT),
            agent=FakeAgent(self.store),
            base_updates=self.base_updates,
            facts=BotFacts(
                commit=lambda: COMMIT,
                connection=lambda: self.connection,
                engine="offline",
                sandbox="bubblewrap",
            ),
            incidents=self.incidents,
            emergency=self.emergency,
            webhooks=WEBHOOKS,
        )

    @asynccontextmanager
    async def serving(self, *, connections: int = 128, **rules: Any) -> AsyncIterator["HttpClient"]:
        """Serve, and lend a client. Without a `token` this user may look."""
        made = WebRules(**{"port": 0, "secret": SECRET, **rules})
        async with (
            WebServer(made, self.services, connections=connections) as server,
            aiohttp.ClientSession(
                cookie_jar=aiohttp.CookieJar(unsafe=True), raise_for_status=False
            ) as http,
        ):
            yield HttpClient(server, http)

    def without(self, **services: Any) -> None:
        """Take doors away or put others in their place."""
        self.services = replace(self.services, **services)

    def add_run(self, run_id: str = "k7m2xq", **about: Any) -> Run:
        """Put a run into the store."""
        now = self.clock.now()
        trigger = Trigger(
            key=f"key:{run_id}",
            goal="fix",
            person=about.pop("person", Person(id=1, name="alice")),
            place=Place(channel_id=10),
            text=about.pop("text", "rolling dice is broken"),
            subject=about.pop("subject", "rolling dice"),
            at=now,
        )
        run = Run(
            id=run_id, goal="fix", trigger=trigger, created_at=now, updated_at=now,
            stage=Stage.EXECUTE, status=Status.RUNNING,
        ).replace(**about)  # fmt: skip
        self.store.runs[run.id] = run
        return run

    def add_incident(self, incident_id: str = "q2w3e4", **about: Any) -> Incident:
        """Let something be noticed."""
        now = self.clock.now()
        anomaly = Anomaly(
            rule=Rule.ERROR_RATE, event="command.roll", at=now, value=0.5, threshold=0.3, volume=20
        )
        incident = Incident(
            id=incident_id, event="command.roll", title="/roll fails", severity=Severity.HIGH,
            anomalies=(anomaly,), opened_at=now, last_at=now, count=10,
        ).replace(**about)  # fmt: skip
        self.incidents.known.append(incident)
        return incident


class HttpClient:
    """Sends requests to a server and keeps its cookies."""

    def __init__(self, server: WebServer, http: aiohttp.ClientSession) -> None:
        self.server = server
        self.http = http

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def own(self) -> dict[str, str]:
        """What a browser says of a form on our own page."""
        return {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}

    async def get(self, path: str, **options: Any) -> "Answer":
        return await self.ask("GET", path, **options)

    async def post(self, path: str, **options: Any) -> "Answer":
        return await self.ask("POST", path, **options)

    async def ask(self, method: str, path: str, **options: Any) -> "Answer":
        options = {"allow_redirects": False, **options}
        async with self.http.request(method, self.url + path, **options) as answer:
            return Answer(answer, await answer.text())

    async def log_in(self, token: str = TOKEN) -> "Answer":
        return await self.post("/login", data={"token": token}, headers=self.own)

    async def log_in_as(self, provider: FakeLoginProvider, person_id: int) -> "Answer":
        """Log in as a person who agrees at the provider; come back as a browser does."""
        begun = await self.get("/login/discord")
        back = provider.build_return_url(begun.headers["Location"], person_id)
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        return await self.get(back.removeprefix(self.url), headers=headers)

    async def form(self) -> str:
        """Return the session's form token, read from the page."""
        page = await self.get("/stop")
        return page.text.split('name="form" value="', 1)[1].split('"', 1)[0]

    async def deliver(self, sent: object, **about: Any) -> "Answer":
        """Send a signed delivery as GitHub does; `about` changes its headers."""
        body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
        event = about.pop("event", "push")
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": about.pop("delivery", DELIVERY),
            "X-Hub-Signature-256": signature(body),
        } | about.pop("headers", {})
        sending = {name: value for name, value in headers.items() if value is not None}
        return await self.post("/webhook/github", data=body, headers=sending)


class Answer:
    """An answer, read to its end."""

    def __init__(self, answer: aiohttp.ClientResponse, text: str) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self.cookies = answer.cookies
        self.text = text

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def signature(body: bytes, secret: str = SECRET) -> str:
    """Sign as GitHub does."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def bearer(token: str = TOKEN) -> dict[str, str]:
    """Return the header that shows the token."""
    return {"Authorization": f"Bearer {token}"}

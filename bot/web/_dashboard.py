"""The dashboard: it shows, and one button stops everything. Nothing else acts from here.

Pages are put together in a thread, one after another: what people wrote may be long, and the chat
goes on meanwhile however many are asked for.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import ParamSpec

from aiohttp import web

from bot.domain.budget import Cap
from bot.domain.errors import WrongStage
from bot.domain.spent import Spent
from bot.web._answers import Refused, see_other
from bot.web._bodies import form
from bot.web._doors import WebDoors
from bot.web._frame import Frame, back
from bot.web._gate import LOGIN, Gate
from bot.web._html import Content, Html, tag
from bot.web._keys import Keys, same
from bot.web._page_incidents import chart_since, incident_page, incidents_page
from bot.web._page_others import (
    AUDITED,
    MOST_CHARGES,
    audit_page,
    budget_page,
    login_page,
    state_page,
    stop_page,
)
from bot.web._page_runs import run_page, runs_page
from bot.web._rules import WebRules
from bot.web._sessions import SECONDS, Sessions
from bot.web._vital import Vital

P = ParamSpec("P")

_RUNS = 50
_ENTRIES = 200
_WHY = 200


class Dashboard:
    """Pages, login and the stop."""

    def __init__(
        self,
        doors: WebDoors,
        rules: WebRules,
        gate: Gate,
        keys: Keys,
        sessions: Sessions,
        frame: Frame,
        vital: Vital,
    ) -> None:
        self._doors = doors
        self._rules = rules
        self._gate = gate
        self._keys = keys
        self._sessions = sessions
        self._frame = frame
        self._vital = vital
        self._turn = asyncio.Lock()

    # Looking

    async def runs(self, request: web.Request) -> web.Response:
        """Show the newest runs."""
        runs = list(await self._doors.agent.runs(limit=_RUNS))
        content = await self._built(runs_page, runs, self._now())
        return await self._page(request, "Runs", content, here="/", live=True)

    async def run(self, request: web.Request) -> web.Response:
        """Show one run."""
        run = await self._doors.agent.find(run_id=request.match_info["id"])
        history = await self._doors.agent.history(run.id)
        content = await self._built(run_page, run, history, self._now())
        title = f"Run {run.id}: {run.trigger.subject or run.goal}"
        return await self._page(request, title, back("/", "Runs"), content, here="/", live=True)

    async def incidents(self, request: web.Request) -> web.Response:
        """Show what was noticed."""
        noticing = self._doors.incidents
        known = noticing.incidents() if noticing is not None else ()
        content = await self._built(incidents_page, known, self._now())
        return await self._page(request, "Incidents", content, here="/incidents", live=True)

    async def incident(self, request: web.Request) -> web.Response:
        """Show one incident."""
        if self._doors.incidents is None:
            raise Refused(404)
        try:
            incident = self._doors.incidents.find(request.match_info["id"])
        except WrongStage as error:
            raise Refused(404, str(error)) from error
        now = self._now()
        since = chart_since(incident, now)
        samples = await self._doors.journal.samples(since=since, until=now, event=incident.event)
        content = await self._built(incident_page, incident, samples, since, now)
        way = back("/incidents", "Incidents")
        return await self._page(request, incident.title, way, content, here="/incidents", live=True)

    async def budget(self, request: web.Request) -> web.Response:
        """Show what was spent."""
        ledger, now = self._doors.ledger, self._now()
        rules = self._doors.budget() if self._doors.budget else None
        if ledger is None:
            content: Content = tag("p", "No model is paid for here.")
        else:
            day, week = _begins(now)
            spans: list[tuple[str, Spent | None, Cap | None]] = [
                ("Today", await ledger.spent(since=day), rules.day if rules else None),
                ("This week", await ledger.spent(since=week), rules.week if rules else None),
                ("A run at most", None, rules.run if rules else None),
                ("A person in a day at most", None, rules.person_day if rules else None),
            ]
            charges = await ledger.charges(since=day, limit=MOST_CHARGES)
            content = budget_page(spans, charges, now)
        return await self._page(request, "Budget", content, here="/budget")

    async def audit(self, request: web.Request) -> web.Response:
        """Show the audit log's newest entries."""
        entries = await self._doors.store.audit_log(limit=_ENTRIES)
        state = await self._doors.store.audit_state(tail=AUDITED)
        content = await self._built(audit_page, entries, state, self._now())
        return await self._page(request, "Audit log", content, here="/audit")

    async def state(self, request: web.Request) -> web.Response:
        """Show how the bot itself is."""
        content = state_page(await self._vital.told(), await self._vital.reasons())
        return await self._page(request, "State", content, here="/state")

    # Coming in

    async def login_form(self, request: web.Request) -> web.Response:
        """Show the form that takes the token."""
        if self._rules.token is None:
            raise Refused(404, "there is no token to log in with (THESEUS_HTTP_TOKEN).")
        return self._frame.page("Log in", login_page())

    async def login(self, request: web.Request) -> web.Response:
        """Begin a session of our own making for who has the token."""
        self._keys.guessing.check(request.remote)
        token = (await form(request)).get("token", "")
        if not self._keys.fits(token, request.remote):
            return self._frame.page("Log in", login_page("That is not the token."), status=403)
        self._sessions.end(request.cookies.get(self._gate.cookie))
        cookie, _ = self._sessions.begin()
        answer = see_other("/")
        answer.set_cookie(
            self._gate.cookie,
            cookie,
            max_age=int(SECONDS),
            path="/",
            httponly=True,
            samesite="Strict",
            secure=request.headers.get("X-Forwarded-Proto", "").lower() == "https",
        )
        return answer

    async def logout(self, request: web.Request) -> web.Response:
        """End the session."""
        await self._own_form(request)
        self._sessions.end(request.cookies.get(self._gate.cookie))
        answer = see_other("/login")
        answer.del_cookie(self._gate.cookie, path="/")
        return answer

    # Acting

    async def stop_form(self, request: web.Request) -> web.Response:
        """Ask whether everything is to be stopped."""
        login = request.get(LOGIN)
        content = stop_page(
            login.form if login is not None else None,
            await self._standing(),
            can_log_in=self._rules.token is not None,
        )
        return await self._page(request, "Stop everything", content, here="/stop")

    async def stop(self, request: web.Request) -> web.Response:
        """Stop everything. Only an approver lifts it, in chat."""
        sent = await self._own_form(request)
        if sent.get("sure") != "yes":
            raise Refused(400, "tick the box to say that you mean it.")
        if self._doors.emergency is None:
            raise Refused(404)
        await self._doors.emergency.stop(None, "page", sent.get("why", "")[:_WHY])
        return see_other("/stop")

    async def _own_form(self, request: web.Request) -> dict[str, str]:
        """Return a form's fields, if it brings its session's own token."""
        sent, login = await form(request), request.get(LOGIN)
        if login is None or not same(sent.get("form", ""), login.form):
            raise Refused(403, "that form is not of this session; load the page again.")
        return sent

    async def _built(self, build: Callable[P, Html], *about: P.args, **more: P.kwargs) -> Html:
        async with self._turn:
            return await asyncio.to_thread(build, *about, **more)

    async def _page(
        self, request: web.Request, title: str, *content: Content, here: str, live: bool = False
    ) -> web.Response:
        login = request.get(LOGIN)
        return self._frame.page(
            title,
            *content,
            here=here,
            form=login.form if login is not None else None,
            stopped=await self._standing() or "",
            live=live,
        )

    async def _standing(self) -> str | None:
        emergency = self._doors.emergency
        stop = await emergency.now() if emergency is not None else None
        return stop.told.replace("**", "").replace("`", "") if stop is not None else None

    def _now(self) -> datetime:
        return self._doors.clock.now()


def _begins(now: datetime) -> tuple[datetime, datetime]:
    """Return when this day and this week began, in UTC."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day, day - timedelta(days=day.weekday())

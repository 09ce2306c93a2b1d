"""The dashboard: it shows, and one button stops everything. Nothing else acts from here."""

from datetime import UTC, datetime, timedelta

from aiohttp import web

from bot.domain.budget import Cap
from bot.domain.errors import WrongStage
from bot.domain.spent import Spent
from bot.ports.ledger import Ledger
from bot.web._auth_middleware import LOGIN, AuthMiddleware
from bot.web._collaborators import WebServices
from bot.web._health import Health
from bot.web._incident_chart import chart_since
from bot.web._pages import Pages
from bot.web._request_bodies import form
from bot.web._responses import Refused, see_other
from bot.web._rules import WebRules
from bot.web._sessions import SECONDS, Sessions
from bot.web._token_auth import TokenAuth, same

AUDITED = 1_000
"""Newest entries of the audit log whose chain is looked at."""
_CHARGES = 50
_RUNS = 50
_ENTRIES = 200
_WHY = 200


class Dashboard:
    """Pages, login and the stop."""

    def __init__(
        self,
        services: WebServices,
        rules: WebRules,
        auth: AuthMiddleware,
        token_auth: TokenAuth,
        sessions: Sessions,
        pages: Pages,
        health_page: Health,
    ) -> None:
        self._services = services
        self._rules = rules
        self._auth = auth
        self._token_auth = token_auth
        self._sessions = sessions
        self._pages = pages
        self._health_page = health_page

    # Looking

    async def runs(self, request: web.Request) -> web.Response:
        """Show the newest runs."""
        runs = await self._services.agent.runs(limit=_RUNS)
        return await self._page(request, "runs.html", "Runs", here="/", live=True, runs=runs)

    async def run(self, request: web.Request) -> web.Response:
        """Show one run."""
        run = await self._services.agent.find(run_id=request.match_info["id"])
        history = await self._services.agent.history(run.id)
        title = f"Run {run.id}: {run.trigger.subject or run.goal}"
        return await self._page(
            request, "run.html", title, here="/", live=True, run=run, history=history
        )

    async def incidents(self, request: web.Request) -> web.Response:
        """Show what goes on, then what was lately."""
        reader = self._services.incidents
        known = sorted(reader.incidents(), key=lambda each: not each.open) if reader else []
        return await self._page(
            request, "incidents.html", "Incidents", here="/incidents", live=True, incidents=known
        )

    async def incident(self, request: web.Request) -> web.Response:
        """Show one incident."""
        if self._services.incidents is None:
            raise Refused(404)
        try:
            incident = self._services.incidents.find(request.match_info["id"])
        except WrongStage as error:
            raise Refused(404, str(error)) from error
        now = self._services.clock.now()
        since = chart_since(incident, now)
        samples = await self._services.journal.samples(since=since, until=now, event=incident.event)
        return await self._page(
            request, "incident.html", incident.title, here="/incidents", live=True,
            incident=incident, samples=samples, since=since,
        )  # fmt: skip

    async def budget(self, request: web.Request) -> web.Response:
        """Show what was spent of what may be, and the newest requests."""
        ledger = self._services.ledger
        day, week = _begins(self._services.clock.now())
        spans = await self._spans(ledger, day, week) if ledger is not None else None
        charges = await ledger.charges(since=day, limit=_CHARGES) if ledger is not None else []
        return await self._page(
            request, "budget.html", "Budget", here="/budget",
            spans=spans, charges=charges[:_CHARGES],
        )  # fmt: skip

    async def _spans(
        self, ledger: Ledger, day: datetime, week: datetime
    ) -> list[tuple[str, Spent | None, Cap | None]]:
        rules = self._services.budget() if self._services.budget else None
        return [
            ("Today", await ledger.spent(since=day), rules.day if rules else None),
            ("This week", await ledger.spent(since=week), rules.week if rules else None),
            ("A run at most", None, rules.run if rules else None),
            ("A person in a day at most", None, rules.person_day if rules else None),
        ]

    async def audit(self, request: web.Request) -> web.Response:
        """Show the audit log's newest entries, and whether the chain holds."""
        entries = await self._services.store.audit_log(limit=_ENTRIES)
        state = await self._services.store.audit_state(tail=AUDITED)
        return await self._page(
            request, "audit.html", "Audit log", here="/audit", entries=entries, state=state
        )

    async def state(self, request: web.Request) -> web.Response:
        """Show how the bot itself is."""
        about, reasons = await self._health_page.told(), await self._health_page.reasons()
        return await self._page(
            request, "state.html", "State", here="/state", about=about, reasons=reasons
        )

    # Coming in

    async def login_form(self, request: web.Request) -> web.Response:
        """Show the form that takes the token."""
        if self._rules.token is None:
            raise Refused(404, "there is no token to log in with (THESEUS_HTTP_TOKEN).")
        return await self._pages.page("login.html", "Log in", {"wrong": ""})

    async def login(self, request: web.Request) -> web.Response:
        """Begin a session of our own making for who has the token."""
        self._token_auth.guesses.check(request.remote)
        token = (await form(request)).get("token", "")
        if not self._token_auth.fits(token, request.remote):
            return await self._pages.page(
                "login.html", "Log in", {"wrong": "That is not the token."}, status=403
            )
        self._sessions.end(request.cookies.get(self._auth.cookie))
        cookie, _ = self._sessions.begin()
        answer = see_other("/")
        answer.set_cookie(
            self._auth.cookie,
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
        self._sessions.end(request.cookies.get(self._auth.cookie))
        answer = see_other("/login")
        answer.del_cookie(self._auth.cookie, path="/")
        return answer

    # Acting

    async def stop_form(self, request: web.Request) -> web.Response:
        """Ask whether everything is to be stopped."""
        can_log_in = self._rules.token is not None
        return await self._page(
            request, "stop.html", "Stop everything", here="/stop", can_log_in=can_log_in
        )

    async def stop(self, request: web.Request) -> web.Response:
        """Stop everything. Only an approver lifts it, in chat."""
        sent = await self._own_form(request)
        if sent.get("sure") != "yes":
            raise Refused(400, "tick the box to say that you mean it.")
        if self._services.emergency is None:
            raise Refused(404)
        await self._services.emergency.stop(None, "page", sent.get("why", "")[:_WHY])
        return see_other("/stop")

    async def _own_form(self, request: web.Request) -> dict[str, str]:
        """Return a form's fields, if it brings its session's own token."""
        sent, login = await form(request), request.get(LOGIN)
        if login is None or not same(sent.get("form", ""), login.form):
            raise Refused(403, "that form is not of this session; load the page again.")
        return sent

    async def _page(
        self, request: web.Request, template: str, title: str, *, here: str, live: bool = False,
        **values: object,
    ) -> web.Response:  # fmt: skip
        login = request.get(LOGIN)
        return await self._pages.page(
            template,
            title,
            {"now": self._services.clock.now(), **values},
            here=here,
            form=login.form if login is not None else None,
            stopped=await self._stop_text() or "",
            live=live,
        )

    async def _stop_text(self) -> str | None:
        emergency = self._services.emergency
        stop = await emergency.now() if emergency is not None else None
        return stop.told.replace("**", "").replace("`", "") if stop is not None else None


def _begins(now: datetime) -> tuple[datetime, datetime]:
    """Return when this day and this week began, in UTC."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day, day - timedelta(days=day.weekday())

"""The pages of the bot's own state and of the emergency stop."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.web._auth_middleware import LOGIN
from bot.web._collaborators import WebServices
from bot.web._health import Health
from bot.web._page_frame import PageFrame
from bot.web._readers import Readers
from bot.web._responses import Refused, see_other
from bot.web._rules import WebRules

_WHY = 200


@dataclass(frozen=True, eq=False)
class Dashboard:
    """The bot's own state, and the emergency stop."""

    services: WebServices
    rules: WebRules
    readers: Readers
    frame: PageFrame
    health_page: Health

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The handlers by the name of their route."""
        return {
            "state": self.show_state,
            "stop_form": self.show_stop_form,
            "stop": self.stop,
        }

    async def show_state(self, request: web.Request) -> web.Response:
        """Show the state of the bot itself."""
        about, reasons = await self.health_page.describe(), await self.health_page.find_problems()
        return await self.frame.show(
            request, "state.html", "State", here="/state", live=True, about=about, reasons=reasons,
            since=self.health_page.since, more=self.services.facts.more,
        )  # fmt: skip

    # The emergency stop
    async def show_stop_form(self, request: web.Request) -> web.Response:
        """Show the form that stops everything."""
        return await self.frame.show(
            request, "stop.html", "Stop everything", here="/stop", has_logins=self.rules.has_logins
        )

    async def stop(self, request: web.Request) -> web.Response:
        """Activate the emergency stop. Only an approver can lift it, in chat."""
        sent = await self.frame.read_own_form(request)
        if sent.get("sure") != "yes":
            raise Refused(400, "tick the box to confirm.")
        if self.services.emergency is None:
            raise Refused(404)
        person = await self.readers.fetch_actor(request[LOGIN])
        await self.services.emergency.stop(person, "page", sent.get("why", "")[:_WHY])
        return see_other("/stop")

"""`POST /webhook/github` and `POST /webhook/reload`: both only make the bot look at the remote."""

from collections import Counter

from aiohttp import web

from bot.web._collaborators import WebServices
from bot.web._github_webhook import MOST_BYTES, check_age, parse_event
from bot.web._request_bodies import FORM_BYTES, read
from bot.web._responses import Refused, as_json
from bot.web._signature import is_signed
from bot.web._webhook_deliveries import Deliveries, is_delivery_id


class Webhooks:
    """Handles deliveries. `counts` counts them by result, for the metrics."""

    def __init__(self, services: WebServices, secret: str | None) -> None:
        self._services = services
        self._secret = secret
        self._deliveries = Deliveries(services.key_values, services.clock)
        self.counts: Counter[str] = Counter()

    async def handle_github(self, request: web.Request) -> web.Response:
        """Check the signature of the raw body, then the event, then whether the delivery is new."""
        try:
            return await self._process_github(request)
        except Refused:
            self.counts["refused"] += 1
            raise

    async def _process_github(self, request: web.Request) -> web.Response:
        if self._secret is None:
            raise Refused(403, "THESEUS_WEBHOOK_SECRET is not set, so no signature can be checked.")
        body = await read(request, MOST_BYTES)
        signatures = request.headers.getall("X-Hub-Signature-256", [])
        if len(signatures) != 1 or not is_signed(self._secret, body, signatures[0]):
            raise Refused(401, "the signature (X-Hub-Signature-256) is wrong.")
        event, delivery = _read_headers(request)
        if event == "ping":
            return self._answer(200, "pong", "The webhook works.")
        looks, sent = parse_event(event, body, self._services.facts.followed)
        look_at_issues = (
            self._services.look_at_issues
        )  # `None` if issues are not a source of requests
        if not looks or (looks == "issues" and look_at_issues is None):
            return self._answer(202, "ignored", "I do not act on this event.")
        check_age(event, sent, self._services.clock.now())
        async with self._deliveries.accept(delivery, body) as new:
            if not new:
                return self._answer(409, "repeated", "I have processed this delivery already.")
            if looks == "issues" and look_at_issues is not None:
                look_at_issues()
                return self._answer(202, "accepted", "I am looking at the issues.")
            return await self._look("webhook")

    async def reload(self, request: web.Request) -> web.Response:
        """Look at the remote; the route has checked the token."""
        await read(request, FORM_BYTES)
        return await self._look("reload")

    async def _look(self, how: str) -> web.Response:
        """Request a look at the remote. Raises `Refused` (503) while the emergency stop is
        active.
        """
        stop = await self._services.base_updates.ask(how)
        if stop is not None:
            raise Refused(503, f"nothing was done: {stop.summary}")
        return self._answer(
            202, "accepted", "I am looking at the remote and will apply new commits."
        )

    def _answer(self, status: int, result: str, message: str) -> web.Response:
        self.counts[result] += 1
        return as_json({"result": result, "message": message}, status)


def _read_headers(request: web.Request) -> tuple[str, str]:
    """Return the event and the id of the delivery. Raises `Refused` (400, 415)."""
    event = request.headers.get("X-GitHub-Event", "")
    delivery = request.headers.get("X-GitHub-Delivery", "")
    if not event or not is_delivery_id(delivery):
        raise Refused(400, "X-GitHub-Event and X-GitHub-Delivery are missing or invalid.")
    if request.content_type != "application/json":
        raise Refused(415, "set the webhook's content type to application/json at the forge.")
    return event, delivery

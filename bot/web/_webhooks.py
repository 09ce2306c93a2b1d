"""Webhooks of forges, and `POST /webhook/reload`: both only make the bot look at the remote."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.domain.forge_webhook import ForgeWebhook
from bot.web._collaborators import WebServices
from bot.web._request_bodies import FORM_BYTES, read
from bot.web._responses import Refused, as_json
from bot.web._signature import is_signed
from bot.web._webhook_deliveries import CLOCK_SKEW, WINDOW, Deliveries, is_delivery_id

MOST_BYTES = 1_000_000


class Webhooks:
    """Handles deliveries. `counts` counts them by result, for the metrics."""

    def __init__(self, services: WebServices, secret: str | None) -> None:
        self._services = services
        self._secret = secret
        self._deliveries = Deliveries(services.key_values, services.clock)
        self.counts: Counter[str] = Counter()

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The handlers by the name of their route."""
        return {
            "webhook": self.handle,
            "reload": self.reload,
        }

    async def handle(self, request: web.Request) -> web.Response:
        """Check the signature of the raw body, then the event, then whether the delivery is new."""
        try:
            return await self._process(request)
        except Refused:
            self.counts["refused"] += 1
            raise

    async def _process(self, request: web.Request) -> web.Response:
        webhook = self._services.webhooks.get(request.match_info["forge"])
        if webhook is None:
            raise Refused(404, "I know no such forge.")
        if self._secret is None:
            raise Refused(403, "THESEUS_WEBHOOK_SECRET is not set, so no signature can be checked.")
        body = await read(request, MOST_BYTES)
        signatures = request.headers.getall(webhook.signature_header, [])
        if len(signatures) != 1 or not is_signed(
            self._secret, body, signatures[0], webhook.signature_prefix
        ):
            raise Refused(401, f"the signature ({webhook.signature_header}) is wrong.")
        event, delivery = _read_headers(webhook, request)
        if event == "ping":
            return self._answer(200, "pong", "The webhook works.")
        sent = _parse_body(body)
        looks = webhook.parse_event(event, sent, self._services.facts.followed)
        look_at_issues = (
            self._services.look_at_issues
        )  # `None` if issues are not a source of requests
        if not looks or (looks == "issues" and look_at_issues is None):
            return self._answer(202, "ignored", "I do not act on this event.")
        _check_age(webhook.find_time(event, sent), self._services.clock.now())
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


def _read_headers(webhook: ForgeWebhook, request: web.Request) -> tuple[str, str]:
    """Return the event and the id of the delivery. Raises `Refused` (400, 415)."""
    event = request.headers.get(webhook.event_header, "")
    delivery = request.headers.get(webhook.delivery_header, "")
    if not event or not is_delivery_id(delivery):
        raise Refused(
            400, f"{webhook.event_header} and {webhook.delivery_header} are missing or invalid."
        )
    if request.content_type != "application/json":
        raise Refused(415, "set the webhook's content type to application/json at the forge.")
    return event, delivery


def _parse_body(body: bytes) -> Mapping[str, Any]:
    """Return the JSON object. Raises `Refused` (400)."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "the body is not JSON.") from error
    if not isinstance(sent, dict):
        raise Refused(400, "the body is not a JSON object.")
    return sent


def _check_age(at: datetime | None, now: datetime) -> None:
    """Raise `Refused` (403) unless the delivery contains a time within the window."""
    if at is None:
        raise Refused(403, "the delivery does not say when it happened.")
    if now - at > WINDOW:
        raise Refused(403, f"the event happened more than {WINDOW.days} days ago.")
    if at - now > CLOCK_SKEW:
        raise Refused(403, "the event's time is in the future; compare our clocks.")

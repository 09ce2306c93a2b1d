"""Sends alerts by HTTP: signed JSON, or the formats of Slack and ntfy."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from pydantic import SecretStr
from theseus_observe.redaction import redact

from bot.domain.alert import Alert
from bot.domain.errors import AlertRejected, AlertUnavailable, ConfigError
from bot.domain.incident import Severity
from bot.ports.clock import Clock

WebhookFormat = Literal["json", "slack", "ntfy"]

_SECONDS = 20.0
_RETRY_STATUSES = frozenset({408, 425, 429})  # temporary, in addition to 5xx
_PRIORITIES = {Severity.LOW: 2, Severity.MEDIUM: 3, Severity.HIGH: 5}
_MARKS = {"firing": "🔴", "resolved": "✅", "test": "🔔"}


class WebhookAlertChannel:
    """Implements `bot.ports.alert_channel.AlertChannel` with one POST request for each alert.

    `url` is configured by the owner; redirects are not followed, so no one else decides where
    alerts are sent. `secret` signs the JSON, and is the access token for ntfy. Raises `ConfigError`
    for an address that is not http or https.
    """

    name = "webhook"

    def __init__(
        self, url: SecretStr, clock: Clock, *, form: WebhookFormat, secret: SecretStr | None
    ) -> None:
        self._url = url.get_secret_value().strip()
        parts = urlsplit(self._url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                "THESEUS_ALERT_WEBHOOK_URL is not an http or https address; use a full address "
                "such as https://alerts.example.org/theseus."
            )
        self._clock = clock
        self._form = form
        self._secret = secret
        self._host, self._scheme = parts.hostname, parts.scheme

    def __repr__(self) -> str:
        return f"WebhookAlertChannel({self._form} to {self._host})"

    async def send(self, alert: Alert) -> None:
        """Send one request; see the port."""
        url, body = self._address(), self._build_body(alert.redact_secrets(redact))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Theseus",
            **self._build_headers(body),
        }
        try:
            async with (
                self._create_client() as web,
                web.post(url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            # Without the error's text, and not chained: both may contain the address, which is
            # secret.
            failure = type(error).__name__
            raise AlertUnavailable(f"{self._host} cannot be reached ({failure})") from None
        if status in _RETRY_STATUSES or status >= 500:
            raise AlertUnavailable(f"{self._host} answered {status}")
        if not 200 <= status < 300:
            hint = "; redirects are not followed" if 300 <= status < 400 else ""
            raise AlertRejected(f"{self._host} answered {status}{hint}")

    def _create_client(self) -> aiohttp.ClientSession:
        bypass = bool(proxy_bypass(self._host or ""))
        return aiohttp.ClientSession(
            proxy=None if bypass else getproxies().get(self._scheme),
            timeout=aiohttp.ClientTimeout(total=_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    def _address(self) -> str:
        """Return the address for the request; for ntfy it is the server's root.

        ntfy's topic is in the JSON.
        """
        if self._form != "ntfy":
            return self._url
        parts = urlsplit(self._url)
        return parts._replace(path=parts.path.rstrip("/").rpartition("/")[0] + "/").geturl()

    def _build_headers(self, body: bytes) -> Mapping[str, str]:
        """Return the headers that authenticate the sender."""
        if self._secret is None or self._form == "slack":
            return {}
        secret = self._secret.get_secret_value()
        if self._form == "ntfy":
            return {"Authorization": f"Bearer {secret}"}
        stamp = str(int(self._clock.now().timestamp()))
        return {"X-Theseus-Timestamp": stamp, "X-Theseus-Signature": sign(secret, stamp, body)}

    def _build_body(self, alert: Alert) -> bytes:
        forms = {"json": _as_json, "slack": _as_slack, "ntfy": self._as_ntfy}
        return json.dumps(forms[self._form](alert), ensure_ascii=False).encode()

    def _as_ntfy(self, alert: Alert) -> dict[str, object]:
        firing = alert.state == "firing"
        message: dict[str, object] = {
            "topic": urlsplit(self._url).path.rstrip("/").rpartition("/")[2],
            "title": alert.headline,
            "message": alert.text or alert.title,
            "priority": _PRIORITIES[alert.severity] if firing else 3,
            "tags": ["rotating_light" if firing else "white_check_mark"],
        }
        return message | ({"click": alert.url} if alert.url else {})


def sign(secret: str, stamp: str, body: bytes) -> str:
    """Return the value of `X-Theseus-Signature`: HMAC-SHA256 over the stamp, a dot and the body."""
    signed = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={signed.hexdigest()}"


def _as_json(alert: Alert) -> dict[str, object]:
    return {"version": 1, **alert.model_dump(mode="json")}


def _as_slack(alert: Alert) -> dict[str, object]:
    """Return a Slack message. Names come from strangers, so mentions are escaped."""
    head = f"{_MARKS[alert.state]} *{_escape_slack(alert.headline)}*"
    link = f"<{alert.url}|Open>" if alert.url else ""
    return {"text": "\n".join(line for line in (head, _escape_slack(alert.text), link) if line)}


def _escape_slack(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub("[*_~`]", "'", escaped)

"""One HTTP connection: its limits, and its answer when a handler fails."""

from typing import Any

import structlog
from aiohttp import web

from bot.domain.audience import Audience
from bot.domain.journal import ActionOutcome, Kind
from bot.telemetry import Recorder
from bot.web._responses import add_security_headers, create_plain_response

IDLE_SECONDS = 15.0
"""A connection is closed if its headers take longer than this, or if it is idle for this long."""
MOST_CONNECTIONS = 128
LINE_BYTES = 4_096
FIELD_BYTES = 8_190
FIELDS = 64
_LINGER_SECONDS = 0.2
_log = structlog.stdlib.get_logger(__name__)


class Connection(web.RequestHandler):
    """aiohttp's connection with limits; its answers reveal no internal error."""

    __slots__ = ("_recorder",)

    def __init__(self, server: Any, recorder: Recorder, **options: Any) -> None:
        super().__init__(
            server,
            keepalive_timeout=IDLE_SECONDS,
            lingering_time=_LINGER_SECONDS,
            max_line_size=LINE_BYTES,
            max_field_size=FIELD_BYTES,
            max_headers=FIELDS,
            auto_decompress=False,
            access_log=None,  # type: ignore[arg-type]  # no access log: the journal serves instead
            debug=False,
            **options,
        )
        self._recorder = recorder

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer with a plain message; details of the error go only to the journal and the log."""
        if exc is not None and status >= 500:
            name = f"http {request.method} {_place(request)}"
            self._recorder.record(
                Kind.LISTENER, name, ActionOutcome.ERROR, error=exc, audience=Audience.TEAM
            )
            _log.error("%s failed", name, exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("a part of the answer has been sent already")
        response = create_plain_response(
            status, "" if status >= 500 else "I do not understand that request."
        )
        add_security_headers(response)
        response.force_close()
        return response


def _place(request: web.BaseRequest) -> str:
    """Return the route instead of the path, so that the journal has few distinct names."""
    found = request.match_info.route.resource if isinstance(request, web.Request) else None
    return found.canonical if found is not None else "?"

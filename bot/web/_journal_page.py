"""The journal as pages: a list with filters and a live tail, one record, and an export."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlencode

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.domain.errors import JournalError
from bot.domain.journal import Action, ActionOutcome, Kind
from bot.web._collaborators import WebServices
from bot.web._journal_search import (
    IncidentIndex,
    JournalFilter,
    RecordCursor,
    RecordFinder,
    parse_cursor,
)
from bot.web._page_frame import PageFrame
from bot.web._record_export import COLUMNS, FORMATS, MEDIA_TYPES, Cell, build_row, format_head
from bot.web._responses import Refused
from bot.web._saved_searches import SavedSearches
from bot.web._search_queries import SINCE, read_fields, read_text

MOST_READ = 50_000
"""The number of records that one export reads."""
MOST_EXPORTS = 2
FIELDS = ("q", "event", "kind", "outcome", "user", "run", "since", "from", "to")
OUTCOMES: Mapping[str, str] = {
    "": "Any outcome",
    "failed": "Failed, of any kind",
    "ok": "Fine",
    "error": "Error",
    "timeout": "Timeout",
    "no_response": "No answer",
    "cancelled": "Cancelled",
}
_TONES = {"ok": "good", "cancelled": "idle"}
_SHOWN = 50
_COMPARED_LIVE = 2_000  # the list is loaded again every few seconds
_WRITE_SECONDS = 10.0
_EXPORT_SECONDS = 300.0
_log = structlog.stdlib.get_logger(__name__)


class ShownRecord(NamedTuple):
    """A record in the list."""

    action: Action
    outcome: str
    tone: str
    incident_id: str | None


class JournalPages:
    """Shows the journal of this bot."""

    def __init__(self, services: WebServices, frame: PageFrame, saved: SavedSearches) -> None:
        self._services = services
        self._frame = frame
        self._saved = saved
        self._search = RecordFinder(services.journal)
        self._exports = 0

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The handlers by the name of their route."""
        return {
            "journal": self.show_journal,
            "journal_record": self.show_record,
            "journal_export": self.export,
        }

    async def show_journal(self, request: web.Request) -> web.Response:
        """Show the records that match the filters, newest first."""
        wanted = read_journal_filter(request, self._services.clock.now())
        asked = read_fields(request, *FIELDS)
        text = read_text(request, "before")
        before = parse_cursor(text)
        live = request.query.get("live") == "1" and before is None
        page = await self._search.find(
            wanted, before, size=_SHOWN, **({"most": _COMPARED_LIVE} if live else {})
        )
        filled = {name: value for name, value in asked.items() if value}
        index = self._build_index()
        return await self._frame.show(
            request, "journal.html", "Journal", here="/journal", live=live,
            records=[show_record(each, index) for each in page.found], page=page, asked=asked,
            kinds=tuple(Kind), outcomes=OUTCOMES, since=SINCE, is_live=live,
            is_narrowed=bool(filled), at_start=before is None,
            links={
                "older": f"/journal?{urlencode({**filled, 'before': page.next})}",
                "newest": _join("/journal", filled),
                "live": _join("/journal", {**filled, "live": "1"}),
                **{name: _join("/journal/export", {**filled, "format": name}) for name in FORMATS},
            },
            saved=await self._saved.build_view(request, "/journal", filled),
        )  # fmt: skip

    async def show_record(self, request: web.Request) -> web.Response:
        """Show one record: what happened, and for a failure where."""
        action = await self._services.journal.get(request.match_info["id"])
        if action is None:
            raise Refused(404, "the journal has no such record.")
        return await self._frame.show(
            request, "journal_record.html", f"Record {action.id}", here="/journal",
            record=show_record(action, self._build_index()), action=action,
        )  # fmt: skip

    async def export(self, request: web.Request) -> web.StreamResponse:
        """Stream the matching records, newest first."""
        form = request.query.get("format", "ndjson")
        if form not in FORMATS:
            raise Refused(400, f"format is one of {', '.join(FORMATS)}.")
        wanted = read_journal_filter(request, self._services.clock.now())
        before = parse_cursor(read_text(request, "before"))
        if self._exports >= MOST_EXPORTS:
            raise Refused(503, "other exports are running already.", {"Retry-After": "30"})
        self._exports += 1
        try:
            return await self._stream(request, form, wanted, before)
        finally:
            self._exports -= 1

    async def _stream(
        self,
        request: web.Request,
        file_type: str,
        wanted: JournalFilter,
        before: RecordCursor | None,
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={
                "Content-Type": f"{MEDIA_TYPES[file_type]}; charset=utf-8",
                "Content-Disposition": f'attachment; filename="journal.{file_type}"',
            }
        )
        response.enable_chunked_encoding()
        await response.prepare(request)
        try:
            async with asyncio.timeout(_EXPORT_SECONDS):
                if file_type == "csv":
                    await _write(response, format_head(COLUMNS))
                index = self._build_index()
                async for rows in iterate_rows(self._search, index, wanted, before):
                    await _write(response, FORMATS[file_type](rows))
        except (ConnectionError, TimeoutError, JournalError) as error:
            # The answer has begun: cut off, it shows the reader that it is not complete.
            _log.warning("an export of the journal ended early: %s", error)
            if request.transport is not None:
                request.transport.abort()
        return response

    def _build_index(self) -> IncidentIndex:
        reader = self._services.incidents
        return IncidentIndex(reader.list_incidents() if reader else ())


async def iterate_rows(
    search: RecordFinder,
    index: IncidentIndex,
    wanted: JournalFilter,
    after: RecordCursor | None,
    most: int = MOST_READ,
) -> AsyncIterator[list[dict[str, Cell]]]:
    """Yield the rows of an export in batches; the last row says how to go on, if there is more.

    At most `most` records are read, whether they match or not.
    """
    left = most
    last: RecordCursor | None = after

    def build(actions: Sequence[Action]) -> list[dict[str, Cell]]:
        return [build_row(each, index.find(each)) for each in actions if wanted.is_match(each)]

    async for actions in search.iterate(wanted, after):
        some = actions[:left]
        if some:
            left, last = left - len(some), RecordCursor(some[-1].ts, some[-1].id)
            yield await asyncio.to_thread(build, some)  # redacting a thousand rows takes a moment
        if len(some) < len(actions):
            note = f"there are more: continue with before={last.text if last else ''}"
            yield [{**dict.fromkeys(COLUMNS), "ts": note}]
            return


def show_record(action: Action, index: IncidentIndex) -> ShownRecord:
    """Return a record as the list shows it."""
    outcome = action.outcome.value
    return ShownRecord(action, OUTCOMES[outcome], _TONES.get(outcome, "bad"), index.find(action))


def read_journal_filter(request: web.Request, now: datetime) -> JournalFilter:
    """Return the filter; unknown choices are ignored. Raises `Refused` (400) for a wrong time."""
    kind, outcome = request.query.get("kind", ""), request.query.get("outcome", "")
    back = SINCE.get(request.query.get("since", ""), SINCE[""])[1]
    starts = [None if back is None else now - back, _read_time(request, "from")]
    return JournalFilter(
        words=read_text(request, "q"),
        event=read_text(request, "event"),
        kind=next((each for each in Kind if each == kind), None),
        outcome=next((each for each in ActionOutcome if each == outcome), None),
        failed=outcome == "failed",
        user=read_text(request, "user"),
        run_id=read_text(request, "run").lower(),
        since=max((start for start in starts if start is not None), default=None),
        until=_read_time(request, "to"),
    )


def _read_time(request: web.Request, name: str) -> datetime | None:
    """Return the time of a field, which is in UTC unless it names its offset."""
    text = read_text(request, name)
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Refused(400, f"{name!r} is a time such as 2026-11-26 14:30 (UTC).") from error


async def _write(response: web.StreamResponse, text: str) -> None:
    async with asyncio.timeout(_WRITE_SECONDS):
        await response.write(text.encode("utf-8"))


def _join(path: str, fields: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(fields)}" if fields else path

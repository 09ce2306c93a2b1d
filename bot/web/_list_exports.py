"""Exports what the lists of runs, incidents, memories and the audit log show, with their filters.

The columns are those of the pages, so who may read a page may have its export, and nobody else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.domain.incident import Incident
from bot.domain.memory import Memory
from bot.domain.record_search import NumberedEntry, ResultPage
from bot.domain.run import Run
from bot.infra.html_templates import format_value
from bot.web._collaborators import WebServices
from bot.web._formats import format_subject
from bot.web._record_export import FORMATS, MEDIA_TYPES, Cell, format_head
from bot.web._responses import Refused
from bot.web._search_queries import read_audit_query, read_recall_query, read_run_query

MOST_ROWS = 5_000
_BATCH = 500
_MEMORIES = 1_000
_MORE = "there are more: narrow the search"
T = TypeVar("T")
Row = Mapping[str, Cell]


class ExportLinks(NamedTuple):
    """The addresses of a list's export, in each format."""

    ndjson: str
    csv: str


@dataclass(frozen=True, eq=False)
class ListExports:
    """Serves `/export/WHAT`."""

    services: WebServices

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The handlers by the name of their route."""
        return {"list_export": self.export}

    async def export(self, request: web.Request) -> web.Response:
        """Return the list as a file, at most `MOST_ROWS` rows of it."""
        file_type = request.query.get("format", "ndjson")
        if file_type not in FORMATS:
            raise Refused(400, f"format is one of {', '.join(FORMATS)}.")
        what = request.match_info["what"]
        collect = {
            "runs": self._list_runs,
            "incidents": self._list_incidents,
            "audit": self._list_entries,
            "memory": self._list_memories,
        }[what]
        rows = await collect(request)
        text = await asyncio.to_thread(_render, rows, file_type)
        return web.Response(
            text=text,
            content_type=MEDIA_TYPES[file_type],
            charset="utf-8",
            headers={"Content-Disposition": f'attachment; filename="{what}.{file_type}"'},
        )

    async def _list_runs(self, request: web.Request) -> Sequence[Row]:
        query = read_run_query(request, _BATCH)
        search = self.services.search.search_runs
        return await _collect(lambda page: search(query.replace(page=page)), _build_run_row)

    async def _list_entries(self, request: web.Request) -> Sequence[Row]:
        query = read_audit_query(request, self.services.clock.now(), _BATCH)
        search = self.services.search.search_audit
        return await _collect(lambda page: search(query.replace(page=page)), _build_entry_row)

    async def _list_incidents(self, request: web.Request) -> Sequence[Row]:
        desk = self.services.incidents
        return [_build_incident_row(each) for each in desk.list_incidents()] if desk else []

    async def _list_memories(self, request: web.Request) -> Sequence[Row]:
        store = self.services.memory
        query = read_recall_query(request, _MEMORIES)
        found = await store.recall(query) if store is not None else ()
        return [_build_memory_row(each.memory) for each in found]


def build_export_links(what: str, asked: Mapping[str, str]) -> ExportLinks:
    """Return the addresses of the export of a list with these filters."""
    filled = {name: value for name, value in asked.items() if value}
    return ExportLinks(
        *(f"/export/{what}?{urlencode({**filled, 'format': each})}" for each in ExportLinks._fields)
    )


async def _collect(
    fetch: Callable[[int], Awaitable[ResultPage[T]]], build: Callable[[T], Row]
) -> Sequence[Row]:
    """Return the rows of all pages; the last one says if there are more than are exported."""
    rows: list[Row] = []
    for number in range(1, MOST_ROWS // _BATCH + 1):
        page = await fetch(number)
        rows += [build(each) for each in page.found]
        if not page.more:
            return rows
    columns = list(rows[0])
    return [*rows, {**dict.fromkeys(columns), columns[0]: _MORE}]


def _render(rows: Sequence[Row], file_type: str) -> str:
    """Return the redacted rows as text."""
    clean = [
        {name: format_value(v) if isinstance(v, str) else v for name, v in row.items()}
        for row in rows
    ]
    head = format_head(clean[0]) if clean and file_type == "csv" else ""
    return head + FORMATS[file_type](clean)


def _build_run_row(run: Run) -> Row:
    return {
        "id": run.id,
        "about": format_subject(run),
        "goal": run.goal,
        "stage": run.stage.value,
        "status": run.status.value,
        "reason": run.reason,
        "target": run.trigger.target,
        "cost_usd": run.cost_usd,
        "created_at": run.created_at.isoformat(),
        "updated_at": run.updated_at.isoformat(),
    }


def _build_incident_row(incident: Incident) -> Row:
    assignee = incident.assignee
    return {
        "id": incident.id,
        "title": incident.full_title,
        "event": incident.event,
        "is_open": str(incident.open).lower(),
        "severity": incident.severity.value,
        "count": incident.count,
        "since": incident.since.isoformat(),
        "last_at": incident.last_at.isoformat(),
        "run_id": incident.run_id,
        "assignee": assignee.person.name if assignee else None,
    }


def _build_entry_row(numbered: NumberedEntry) -> Row:
    entry = numbered.entry
    return {
        "number": numbered.number,
        "at": entry.at.isoformat(),
        "who": entry.person.name if entry.person else "Theseus",
        "what": entry.action,
        "result": "allowed" if entry.allowed else "refused",
        "run_id": entry.run_id,
        "how": entry.how,
        "note": entry.note,
    }


def _build_memory_row(memory: Memory) -> Row:
    return {
        "kind": memory.kind,
        "text": memory.text,
        "approach": memory.approach,
        "event": memory.event,
        "file": memory.file,
        "outcome": memory.outcome,
        "times": memory.times,
        "run_id": memory.run_id,
        "by": memory.by,
        "at": memory.at.isoformat(),
    }

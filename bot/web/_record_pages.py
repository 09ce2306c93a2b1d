"""The read-only pages: figures, runs, incidents, budget, feature requests, memory, audit log."""

from collections.abc import Mapping, Sequence

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.web._attention import MOST_ITEMS
from bot.web._chart_tables import ChartTable
from bot.web._collaborators import WebServices
from bot.web._list_exports import build_export_links
from bot.web._overview import Overview, build_spending_chart, get_period_starts
from bot.web._page_frame import PageFrame
from bot.web._page_links import build_page_links
from bot.web._search_queries import (
    RESULTS,
    RUN_FILTERS,
    SINCE,
    read_audit_query,
    read_fields,
    read_recall_query,
    read_run_query,
)
from bot.web._tiles import build_tiles
from bot.web._time_spans import SPANS, get_span

AUDITED = 1_000
"""The number of newest entries of the audit log whose chain is verified."""
_CHARGES = 50
_RUNS = 50
_ENTRIES = 50
_MEMORIES = 50
_MAX_FEATURE_REQUESTS = 100
_TRANSCRIPT = 200


class RecordPages:
    """Pages that only read."""

    def __init__(self, services: WebServices, frame: PageFrame) -> None:
        self._services = services
        self._frame = frame
        self._overview = Overview(services)

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The handlers by the name of their route."""
        return {
            "overview": self.show_overview,
            "runs": self.show_runs,
            "transcript": self.show_transcript,
            "budget": self.show_budget,
            "wishes": self.show_feature_requests,
            "memory": self.show_memory,
            "audit": self.show_audit,
        }

    async def show_overview(self, request: web.Request) -> web.Response:
        """Show the figures of a time span and the current work."""
        span = get_span(request.query.get("span", ""))
        shown = await self._overview.get_figures(span)
        shown_tiles = (
            build_tiles(shown.figures, shown.going_on, len(self._list_open()), span, shown.before)
            if shown.figures is not None
            else []
        )
        return await self._frame.show(
            request, "overview.html", "Overview", here="/", live=True, span=span, spans=SPANS,
            shown=shown, filled_tiles=[each for each in shown_tiles if not each.is_blank],
            blank_tiles=[each for each in shown_tiles if each.is_blank], most_items=MOST_ITEMS,
        )  # fmt: skip

    async def show_runs(self, request: web.Request) -> web.Response:
        """Show the runs that match the query, newest first."""
        query = read_run_query(request, _RUNS)
        page = await self._services.search.search_runs(query)
        asked = read_fields(request, "q", "show", "goal")
        return await self._frame.show(
            request, "runs.html", "Runs", here="/runs", live=True, runs=page.found, asked=asked,
            choices=RUN_FILTERS, exports=build_export_links("runs", asked),
            turns=build_page_links("/runs", asked, query.page, more=page.more),
        )  # fmt: skip

    async def show_transcript(self, request: web.Request) -> web.Response:
        """Show what the models of a run say and do, as far as this process has seen it."""
        run = await self._services.agent.find(run_id=request.match_info["id"])
        reader = self._services.transcripts
        lines = reader.list_lines(run.id) if reader else ()
        return await self._frame.show(
            request, "transcript.html", f"Transcript of run {run.id}", here="/runs", live=True,
            run=run, lines=lines[-_TRANSCRIPT:], hidden=len(lines[:-_TRANSCRIPT]),
        )  # fmt: skip

    async def show_budget(self, request: web.Request) -> web.Response:
        """Show the spending against the caps, by day, and the newest requests to models."""
        ledger, now = self._services.ledger, self._services.clock.now()
        day, week = get_period_starts(now)
        rules = self._services.budget() if self._services.budget else None
        chart: ChartTable | None = None
        spans, charges = None, []
        if ledger is not None:
            chart = await build_spending_chart(ledger, rules, get_span("30d"), now)
            spans = [
                ("Today", await ledger.sum_costs(since=day), rules.day if rules else None),
                ("This week", await ledger.sum_costs(since=week), rules.week if rules else None),
                ("Per run", None, rules.run if rules else None),
                ("Per person and day", None, rules.person_day if rules else None),
            ]
            charges = list(await ledger.list_charges(since=day, limit=_CHARGES))[:_CHARGES]
        return await self._frame.show(
            request, "budget.html", "Budget", here="/budget", live=True,
            spans=spans, charges=charges, chart=chart,
        )  # fmt: skip

    async def show_feature_requests(self, request: web.Request) -> web.Response:
        """Show the feature requests that have not shipped, those of most people first."""
        reader = self._services.feature_requests
        requests = await reader() if reader else ()
        return await self._frame.show(
            request, "wishes.html", "Wishes", here="/wishes",
            wishes=requests[:_MAX_FEATURE_REQUESTS],
            more=len(requests[_MAX_FEATURE_REQUESTS:]),
        )  # fmt: skip

    async def show_memory(self, request: web.Request) -> web.Response:
        """Show the memories that match the query; without a query, the newest."""
        query, store = read_recall_query(request, _MEMORIES), self._services.memory
        found = await store.recall(query) if store is not None else ()
        if query.is_empty:
            found = sorted(found, key=lambda each: each.memory.at, reverse=True)
        asked = read_fields(request, "q", "kind")
        return await self._frame.show(
            request, "memory.html", "Memory", here="/memory", found=found[:_MEMORIES],
            asked=asked, has_memory=store is not None, exports=build_export_links("memory", asked),
        )  # fmt: skip

    async def show_audit(self, request: web.Request) -> web.Response:
        """Show the entries of the audit log that match the query, and whether the chain is
        intact.
        """
        query = read_audit_query(request, self._services.clock.now(), _ENTRIES)
        page = await self._services.search.search_audit(query)
        asked = read_fields(request, "q", "act", "person", "result", "since")
        return await self._frame.show(
            request, "audit.html", "Audit log", here="/audit", entries=page.found, asked=asked,
            state=await self._services.store.verify_audit_log(tail=AUDITED),
            actions=await self._services.search.list_audit_actions(), results=RESULTS, since=SINCE,
            turns=build_page_links("/audit", asked, query.page, more=page.more),
            exports=build_export_links("audit", asked),
        )  # fmt: skip

    def _list_open(self) -> Sequence[object]:
        reader = self._services.incidents
        return [each for each in reader.list_incidents() if each.open] if reader else []

"""The search over everything: runs, incidents, commits, memory, audit log, journal."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from aiohttp import web

from bot.domain.errors import PortError
from bot.domain.evidence import Commit
from bot.domain.incident import Incident
from bot.domain.memory import Recall
from bot.domain.record_search import AuditQuery, NumberedEntry, RunQuery
from bot.domain.run import Run
from bot.presentation.cards import to_one_line
from bot.presentation.state_labels import MEMORY_KINDS, describe_act, describe_incident
from bot.presentation.times import format_utc
from bot.web._collaborators import WebServices
from bot.web._formats import format_subject
from bot.web._journal_page import OUTCOMES
from bot.web._journal_search import JournalFilter, RecordFinder, has_words
from bot.web._page_frame import PageFrame
from bot.web._run_views import describe_status
from bot.web._saved_searches import SavedSearches
from bot.web._search_queries import read_fields, read_text

SHOWN = 5
"""The number of results that each part shows."""
MOST_COMMITS = 2_000
"""The number of newest commits that are searched."""
_JOURNAL_DAYS = timedelta(days=30)
_COMPARED = 5_000
_CUT = 240


class Result(NamedTuple):
    """One result: where it leads (empty: nowhere), its title, what else is known, and when."""

    href: str
    title: str
    description: str
    at: datetime


class ResultPart(NamedTuple):
    """The results of one kind of record.

    `more` leads to all of them, where there is such a page. `missing` says why the records cannot
    be read; `note` how much was searched.
    """

    name: str
    results: Sequence[Result] = ()
    more: str = ""
    missing: str = ""
    note: str = ""


@dataclass(frozen=True, eq=False)
class SearchPage:
    """Searches all kinds of record at once. A kind that cannot be read does not hide the others."""

    services: WebServices
    frame: PageFrame
    saved: SavedSearches

    async def show_search(self, request: web.Request) -> web.Response:
        """Show the newest results of each kind."""
        text = read_text(request, "q")
        parts = await self._search(text) if text else ()
        asked = read_fields(request, "q")
        return await self.frame.show(
            request, "search.html", "Search", here="/search", asked=asked,
            parts_found=[part for part in parts if part.results or part.missing],
            parts_empty=[part for part in parts if not part.results and not part.missing],
            saved=await self.saved.build_view(request, "/search", asked),
        )  # fmt: skip

    async def _search(self, text: str) -> Sequence[ResultPart]:
        kinds: Sequence[tuple[str, Callable[[str], Awaitable[ResultPart]]]] = (
            ("Runs", self._find_runs),
            ("Incidents", self._find_incidents),
            ("Commits", self._find_commits),
            ("Memory", self._find_memories),
            ("Audit log", self._find_entries),
            ("Journal", self._find_records),
        )
        return await asyncio.gather(*(_try_find(name, find(text)) for name, find in kinds))

    async def _find_runs(self, text: str) -> ResultPart:
        now = self.services.clock.now()
        page = await self.services.search.search_runs(RunQuery(text=text, size=SHOWN))
        results = [_describe_run(run, now) for run in page.found]
        return ResultPart("Runs", results, _link("/runs", text) if page.more else "")

    async def _find_incidents(self, text: str) -> ResultPart:
        reader = self.services.incidents
        known = reader.list_incidents() if reader else ()
        found = [each for each in known if has_words(build_incident_text(each), text)]
        results = [
            Result(f"/incidents/{e.id}", e.full_title, describe_incident(e), e.last_at)
            for e in found[:SHOWN]
        ]
        return ResultPart("Incidents", results, "/incidents" if len(found) > SHOWN else "")

    async def _find_commits(self, text: str) -> ResultPart:
        trees, head = self.services.trees, self.services.facts.commit()
        if trees is None or head is None:
            return ResultPart("Commits")
        commits = await trees.list_commits(head, limit=MOST_COMMITS)
        found = [each for each in reversed(commits) if has_words(_build_commit_text(each), text)]
        fixes = self._list_fixes()
        note = f"the newest {MOST_COMMITS:,} were searched" if len(commits) >= MOST_COMMITS else ""
        results = [_describe_commit(each, fixes.get(each.sha)) for each in found[:SHOWN]]
        return ResultPart("Commits", results, note=note)

    async def _find_memories(self, text: str) -> ResultPart:
        if self.services.memory is None:
            return ResultPart("Memory")
        found = await self.services.memory.recall(Recall(text=text, limit=SHOWN + 1))
        results = [
            Result(
                f"/runs/{each.memory.run_id}" if each.memory.run_id else _link("/memory", text),
                to_one_line(each.memory.text, _CUT), MEMORY_KINDS[each.memory.kind], each.memory.at,
            )
            for each in found[:SHOWN]
        ]  # fmt: skip
        return ResultPart("Memory", results, _link("/memory", text) if len(found) > SHOWN else "")

    async def _find_entries(self, text: str) -> ResultPart:
        page = await self.services.search.search_audit(AuditQuery(text=text, size=SHOWN))
        results = [_describe_entry(each) for each in page.found]
        return ResultPart("Audit log", results, _link("/audit", text) if page.more else "")

    async def _find_records(self, text: str) -> ResultPart:
        journal, now = self.services.journal, self.services.clock.now()
        named = await journal.get(text) if text.isalnum() else None
        wanted = JournalFilter(words=text, since=now - _JOURNAL_DAYS)
        page = await RecordFinder(journal).find(wanted, size=SHOWN, most=_COMPARED)
        found = [named] if named is not None else []
        found += [each for each in page.found if named is None or each.id != named.id]
        results = []
        for each in found[:SHOWN]:
            error = f"{each.error.exception}: {each.error.message}" if each.error else ""
            description = " · ".join(p for p in (OUTCOMES[each.outcome], error) if p)
            about = to_one_line(description, _CUT)
            results.append(Result(f"/journal/{each.id}", each.called, about, each.ts))
        more = _link("/journal", text) if page.next else ""
        note = (
            f"records back to {format_utc(page.compared_to)} were compared"
            if page.compared_to
            else ""
        )
        return ResultPart("Journal", results, more, note=note)

    def _list_fixes(self) -> dict[str, Incident]:
        """Return the incidents by the commit that fixed them."""
        reader = self.services.incidents
        known = reader.list_incidents() if reader else ()
        return {each.fix.merge_commit: each for each in known if each.fix is not None}


async def _try_find(name: str, finding: Awaitable[ResultPart]) -> ResultPart:
    try:
        return await finding
    except PortError as error:
        return ResultPart(name, missing=str(error))


def build_incident_text(incident: Incident) -> str:
    """Return the text of an incident that words are looked for in."""
    fix = incident.fix
    fixed = (fix.merge_commit, fix.run_id, f"#{fix.number}") if fix else ()
    reports = (f"{report.person.name} {report.text}" for report in incident.reports)
    return " ".join(
        (
            incident.id, incident.full_title, incident.error, incident.event, incident.name,
            incident.noticed, incident.run_id or "", incident.fingerprint or "", *incident.files,
            *fixed, *reports,
        )
    )  # fmt: skip


def _build_commit_text(commit: Commit) -> str:
    return f"{commit.sha} {commit.summary} {commit.author}"


def _describe_run(run: Run, now: datetime) -> Result:
    return Result(
        f"/runs/{run.id}", format_subject(run), f"{run.id} · {describe_status(run, now)}",
        run.created_at,
    )  # fmt: skip


def _describe_commit(commit: Commit, incident: Incident | None) -> Result:
    by = f"{commit.sha[:12]} by {commit.author}"
    if incident is None or incident.fix is None:
        return Result(_link("/audit", commit.sha[:12]), commit.summary, by, commit.at)
    description = f"{by} · fixed: {incident.full_title}"
    return Result(f"/runs/{incident.fix.run_id}", commit.summary, description, commit.at)


def _describe_entry(numbered: NumberedEntry) -> Result:
    entry = numbered.entry
    who = entry.person.name if entry.person else "Theseus"
    result = "" if entry.allowed else " · refused"
    href = f"/runs/{entry.run_id}" if entry.run_id else "/audit"
    about = f"No. {numbered.number} · {who}{result} · {to_one_line(entry.note, _CUT)}"
    return Result(href, describe_act(entry.action), about, entry.at)


def _link(path: str, text: str) -> str:
    return f"{path}?{urlencode({'q': text})}"

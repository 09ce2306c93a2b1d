"""Parses the query string of a page into bounded queries; unknown values are ignored."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from aiohttp import web

from bot.domain.memory import MemoryKind, Recall
from bot.domain.record_search import LONGEST_TEXT, MOST_PAGES, AuditQuery, RunQuery
from bot.domain.run import FINAL_STATUSES, Goal, Status
from bot.presentation.state_labels import GOALS, MEMORY_KINDS
from bot.web._numbers import parse_number
from bot.web._responses import Refused

RUN_FILTERS: Mapping[str, tuple[str, frozenset[Status]]] = {
    "": ("All", frozenset()),
    "active": ("At work", frozenset({Status.QUEUED, Status.RUNNING})),
    "waiting": ("Waiting", frozenset({Status.WAITING})),
    "done": ("Done", frozenset({Status.DONE})),
    "failed": ("No result", frozenset({Status.FAILED, Status.QUARANTINED})),
    "ended": ("Ended", FINAL_STATUSES),
}
"""The filters of the list of runs: the label, and the statuses that it selects."""
SINCE: Mapping[str, tuple[str, timedelta | None]] = {
    "": ("Any time", None),
    "24h": ("24 hours", timedelta(hours=24)),
    "7d": ("7 days", timedelta(days=7)),
    "30d": ("30 days", timedelta(days=30)),
    "90d": ("90 days", timedelta(days=90)),
}
RESULTS: Mapping[str, str] = {"": "Any result", "allowed": "Allowed", "refused": "Refused"}


def read_text(request: web.Request, name: str) -> str:
    """Return the text of a field, with lone surrogates replaced. Raises `Refused` (400) if too
    long.
    """
    text = request.query.get(name, "").encode("utf-8", "replace").decode().strip()
    if len(text) > LONGEST_TEXT:
        raise Refused(400, f"search for at most {LONGEST_TEXT} characters.")
    return text


def read_page_number(request: web.Request) -> int:
    """Return the number of the requested page; 1 if the text is not a number."""
    number = parse_number(request.query.get("page", ""), 8) or 1
    if number > MOST_PAGES:
        raise Refused(400, f"there are {MOST_PAGES} pages at most; narrow the search.")
    return number


def read_run_query(request: web.Request, size: int) -> RunQuery:
    """Return the query for runs."""
    shown = request.query.get("show", "")
    return RunQuery(
        text=read_text(request, "q"),
        page=read_page_number(request),
        size=size,
        statuses=RUN_FILTERS.get(shown, RUN_FILTERS[""])[1],
        goal=_parse_goal(request.query.get("goal", "")),
    )


def read_audit_query(request: web.Request, now: datetime, size: int) -> AuditQuery:
    """Return the query for entries of the audit log."""
    back = SINCE.get(request.query.get("since", ""), SINCE[""])[1]
    result = request.query.get("result", "")
    return AuditQuery.model_validate(
        {
            "text": read_text(request, "q"),
            "page": read_page_number(request),
            "size": size,
            "action": read_text(request, "act"),
            "person": read_text(request, "person"),
            "result": result if result in RESULTS else "",
            "since": None if back is None else now - back,
        }
    )


def read_recall_query(request: web.Request, size: int) -> Recall:
    """Return the query for memories."""
    kind = _parse_kind(request.query.get("kind", ""))
    return Recall(text=read_text(request, "q"), kinds=(kind,) if kind else (), limit=size)


def read_fields(request: web.Request, *names: str) -> dict[str, str]:
    """Return the text of each field, to fill the form again and to build links."""
    return {name: read_text(request, name) for name in names}


def _parse_goal(asked: str) -> Goal | None:
    return next((goal for goal in GOALS if goal == asked), None)


def _parse_kind(asked: str) -> MemoryKind | None:
    return next((kind for kind in MEMORY_KINDS if kind == asked), None)

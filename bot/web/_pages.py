"""Renders the dashboard's pages: the templates, their filters, and the layout."""

import asyncio
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path

from aiohttp import web
from theseus_observe.redaction import redact

from bot.domain.journal import format_event_name
from bot.domain.people import ITSELF
from bot.infra.html_templates import Templates, Verbatim
from bot.presentation import state_labels
from bot.presentation.cards import to_one_line
from bot.presentation.page_text import format_relative_time, to_page_text
from bot.presentation.times import format_utc
from bot.web import _formats, _run_views
from bot.web._code_diff import build_code_diff
from bot.web._failure_view import list_inputs
from bot.web._static_files import StaticFiles

_FOLDER = Path(__file__).parent / "templates"
_PAGES = (
    ("/", "Overview"),
    ("/runs", "Runs"),
    ("/incidents", "Incidents"),
    ("/budget", "Budget"),
    ("/versions", "Skills, versions"),
    ("/wishes", "Wishes"),
    ("/memory", "Memory"),
    ("/growth", "Growth"),
    ("/audit", "Audit log"),
    ("/journal", "Journal"),
    ("/state", "State"),
)
_CUT = 400
"""The number of characters of a memory that a list shows."""
_FILTERS: Mapping[str, Callable[..., object]] = {
    "clock_time": lambda at: f"{at:%H:%M:%S}",
    "inputs": list_inputs,
}
_ERRORS = {
    403: "You may not see this page",
    404: "Page not found",
    408: "The request took too long",
    421: "Unknown host name",
    429: "Too many wrong tokens",
    503: "This cannot be read now",
}
_ADVICE = {
    400: "Go back and change your request.",
    403: "If a token is set, log in with it at /login. docs/http.md says who has access.",
    404: "The record may have been removed because it is old, or the address is wrong.",
    421: "Open the dashboard at the address that the bot printed when it started.",
    429: "Wait a few minutes, then log in with the right token.",
    503: "Try again in a moment. If that does not help, run “theseus doctor” on the machine: "
    "it says what is wrong.",
}
_OTHERWISE = "Try again in a moment."
_CODE_FILTERS: Mapping[str, Callable[..., object]] = {
    "code_diff": build_code_diff,
    "commit": _formats.get_full_commit,
    "diff_view": _formats.build_diff_view,
}
_HREF = re.compile(r"/(?!/)[!-~]*|https?://[!-~]+|#[a-z-]+")


def build_templates(static: StaticFiles) -> Templates:
    """Return the templates with all filters, functions and tests that they use."""
    return Templates(
        _FOLDER,
        filters={
            **_FILTERS,
            "act": state_labels.describe_act,
            "age": _run_views.measure_duration,
            "ago": format_relative_time,
            "below": _formats.join_path,
            "author": lambda author: state_labels.AUTHORS.get(author, author),
            "bucket": _formats.format_bucket,
            "called": format_event_name,
            "capitalized": lambda text: f"{text[:1].upper()}{text[1:]}",
            "charge": state_labels.describe_charge,
            "chart_value": _formats.format_chart_value,
            "check": state_labels.describe_check,
            "cut": lambda text: to_one_line(text, _CUT),
            "duration": _formats.format_duration,
            "goal": state_labels.GOALS.__getitem__,
            "incident_state": state_labels.describe_incident,
            "item_path": _formats.get_item_path,
            "item_kind": state_labels.ITEM_KINDS.__getitem__,
            **_formats.JOURNAL_FILTERS,
            "judgement": state_labels.JUDGEMENTS.__getitem__,
            "memory_kind": state_labels.MEMORY_KINDS.__getitem__,
            "origin": state_labels.describe_origin,
            "output_end": _formats.get_output_end,
            "output_start": _formats.get_output_start,
            "page_text": to_page_text,
            "proof": state_labels.describe_proof,
            "purpose": state_labels.describe_purpose,
            "status_text": _run_views.describe_status,
            "steps": _run_views.build_steps,
            "verdict_tone": _formats.get_verdict_tone,
            "way": state_labels.describe_method,
            "cap": _formats.format_cap,
            **_CODE_FILTERS,
            "minute": format_utc,
            "money": _formats.format_money,
            "paid": _formats.format_cost,
            "one_digit": _formats.format_one_digit,
            "owned_files": _formats.list_owned_files,
            "entry_kind": state_labels.ENTRY_KINDS.__getitem__,
            "site": _formats.format_location,
            "subject": _formats.format_subject,
            "thousands": _formats.format_thousands,
            "tokens": _formats.format_tokens,
            "tone": _formats.get_tone,
            "yes_no": _formats.format_yes_no,
        },
        functions={
            "goals": state_labels.GOALS,
            "itself_id": ITSELF.id,
            "memory_kinds": state_labels.MEMORY_KINDS,
            "pages": _PAGES,
            "static": static.get_url,
        },
        tests={"linkable": _is_linkable, "outside": _is_outside},
    )


class Pages:
    """Renders pages in a thread, one after another.

    Texts written by people may be long; the event loop stays free for the chat meanwhile, however
    many pages are requested.
    """

    def __init__(self, static: StaticFiles) -> None:
        self._templates = build_templates(static)
        self._lock = asyncio.Lock()

    async def render(
        self,
        template: str,
        title: str,
        values: Mapping[str, object],
        *,
        here: str = "",
        form: str | None = None,
        reader: str = "",
        can_log_in: bool = False,
        stopped: str = "",
        live: bool = False,
        status: int = 200,
    ) -> web.Response:
        """Return a page: the template, filled with `values`.

        Args:
            here: The path that the navigation marks; without one there is no navigation.
            form: The session's form token, if the reader is logged in.
            reader: The name of the person who is logged in; empty: the operator.
            can_log_in: Offer the login to a reader who is not logged in.
            stopped: The description of the active emergency stop, shown at the top.
            live: Refresh the page when something happens.
        """
        # Only the form token is passed unredacted: it looks like a secret, and forms need it.
        frame = {
            "title": title,
            "here": here,
            "form": None if form is None else Verbatim(form),
            "reader": reader,
            "can_log_in": can_log_in,
            "stopped": stopped,
            "live": live,
        }
        async with self._lock:
            text = await asyncio.to_thread(self._templates.render, template, {**frame, **values})
        return web.Response(text=text, content_type="text/html", status=status)

    async def render_error(self, status: int, message: str, *, known: bool) -> web.Response:
        """Return a page with the error and what to do about it.

        A reader who is not `known` (not let in) sees nothing else of the dashboard.
        """
        sentence = f"{message[:1].upper()}{message[1:]}"
        values = {"message": sentence, "advice": _ADVICE.get(status, _OTHERWISE)}
        title = _ERRORS.get(status, HTTPStatus(status).phrase)
        here = "-" if known else ""
        return await self.render("error.html", title, values, here=here, status=status)


def _is_linkable(href: str) -> bool:
    """Return whether the link is one of our pages or an http address, and holds no secret."""
    return _HREF.fullmatch(href) is not None and redact(href) == href


def _is_outside(href: str) -> bool:
    return not href.startswith(("/", "#"))

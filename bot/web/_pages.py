"""The dashboard's pages: the templates, what they may call, and what stands around every page."""

import asyncio
import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from aiohttp import web

from bot.domain.journal import format_event_name
from bot.domain.people import ITSELF
from bot.infra.html_templates import Templates, Verbatim
from bot.presentation import state_labels
from bot.presentation.cards import to_one_line
from bot.presentation.page_text import format_relative_time, to_page_text
from bot.presentation.times import format_utc
from bot.redaction import redact
from bot.web import _formats, _run_views
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
    ("/audit", "Audit log"),
    ("/state", "State"),
)
_CUT = 400
"""Characters of a remembered text that stand in a list."""
_ERRORS = {
    403: "You may not look here",
    404: "Nothing is here",
    408: "That took too long",
    421: "I do not go by that name",
    429: "Too many wrong tokens",
    503: "That cannot be read now",
}
_ADVICE = {
    400: "Go back and change what you asked for.",
    403: "Log in with the token at /login where one is set; docs/http.md says who may look.",
    404: "It may be old and removed by the rules of retention, or the address is misspelt.",
    421: "Open the dashboard by the address that the bot printed when it started.",
    429: "Wait a few minutes, then log in with the right token.",
    503: "Try again in a moment. If it stays so, “theseus doctor” on the machine says what is "
    "wrong.",
}
_OTHERWISE = "Try again in a moment."
_HREF = re.compile(r"/(?!/)[!-~]*|https?://[!-~]+|#[a-z-]+")


def build_templates(static: StaticFiles) -> Templates:
    """Return the templates with everything they call."""
    return Templates(
        _FOLDER,
        filters={
            "act": state_labels.describe_act,
            "age": _run_views.measure_duration,
            "ago": format_relative_time,
            "below": _formats.join_path,
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
            "judgement": state_labels.JUDGEMENTS.__getitem__,
            "memory_kind": state_labels.MEMORY_KINDS.__getitem__,
            "origin": state_labels.describe_origin,
            "output_end": _formats.get_output_end,
            "output_start": _formats.get_output_start,
            "page_text": to_page_text,
            "proof": state_labels.describe_proof,
            "purpose": state_labels.describe_purpose,
            "standing": _run_views.describe_status,
            "steps": _run_views.build_steps,
            "verdict_tone": _formats.get_verdict_tone,
            "way": state_labels.describe_method,
            "cap": _formats.format_cap,
            "diff_view": _formats.build_diff_view,
            "minute": format_utc,
            "money": _formats.format_money,
            "paid": _formats.format_cost,
            "one_digit": _formats.format_one_digit,
            "owned_files": _formats.list_owned_files,
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

    What people wrote may be long, and the chat goes on meanwhile however many are asked for.
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
        stopped: str = "",
        live: bool = False,
        status: int = 200,
    ) -> web.Response:
        """Return a page, its template filled with `values`.

        `here` is the path that the top marks; without one there is no top. `form` is the session's
        token, where somebody is logged in. `stopped` is said on top. A `live` page shows itself
        anew when something happens.
        """
        frame = {
            "title": title,
            "here": here,
            "form": None if form is None else Verbatim(form),
            "stopped": stopped,
            "live": live,
        }
        async with self._lock:
            text = await asyncio.to_thread(self._templates.render, template, {**frame, **values})
        return web.Response(text=text, content_type="text/html", status=status)

    async def render_error(self, status: int, message: str, *, known: bool) -> web.Response:
        """Return a page that says what went wrong and what to do.

        Who is not `known` sees nothing else of the dashboard.
        """
        told = f"{message[:1].upper()}{message[1:]}"
        values = {"told": told, "advice": _ADVICE.get(status, _OTHERWISE)}
        title = _ERRORS.get(status, HTTPStatus(status).phrase)
        here = "-" if known else ""
        return await self.render("error.html", title, values, here=here, status=status)


def _is_linkable(href: str) -> bool:
    """Whether it is a page of ours, or out of here by http, and holds no secret."""
    return _HREF.fullmatch(href) is not None and redact(href) == href


def _is_outside(href: str) -> bool:
    return not href.startswith(("/", "#"))

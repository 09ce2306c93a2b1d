"""The dashboard's pages: the templates, what they may call, and what stands around every page."""

import asyncio
import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from aiohttp import web

from bot.domain.journal import event_called
from bot.domain.people import ITSELF
from bot.infra.html_templates import Templates, Verbatim
from bot.presentation import state_words
from bot.presentation.cards import one_line
from bot.presentation.page_text import page_text, time_told
from bot.presentation.times import clock_time
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


def page_templates(static: StaticFiles) -> Templates:
    """Return the templates with everything they call."""
    return Templates(
        _FOLDER,
        filters={
            "act": state_words.act_told,
            "age": _run_views.age,
            "ago": time_told,
            "below": _formats.below,
            "bucket": _formats.bucket,
            "called": event_called,
            "capitalized": lambda text: f"{text[:1].upper()}{text[1:]}",
            "charge": state_words.charge_told,
            "chart_value": _formats.chart_value,
            "check": state_words.check_told,
            "cut": lambda text: one_line(text, _CUT),
            "duration": _formats.duration,
            "goal": state_words.GOALS.__getitem__,
            "incident_state": state_words.incident_state,
            "item_path": _formats.item_path,
            "item_kind": state_words.ITEM_KINDS.__getitem__,
            "judgement": state_words.JUDGEMENTS.__getitem__,
            "memory_kind": state_words.MEMORY_KINDS.__getitem__,
            "origin": state_words.origin_told,
            "output_end": _formats.output_end,
            "output_start": _formats.output_start,
            "page_text": page_text,
            "proof": state_words.proof_told,
            "purpose": state_words.purpose_told,
            "standing": _run_views.standing_told,
            "steps": _run_views.steps_of,
            "verdict_tone": _formats.verdict_tone,
            "way": state_words.way_told,
            "cap": _formats.cap,
            "diff_view": _formats.diff_view,
            "minute": clock_time,
            "money": _formats.money,
            "paid": _formats.paid,
            "one_digit": _formats.one_digit,
            "owned_files": _formats.owned_files,
            "site": _formats.site,
            "subject": _formats.subject,
            "thousands": _formats.thousands,
            "tokens": _formats.used_tokens,
            "tone": _formats.tone,
            "yes_no": _formats.yes_no,
        },
        functions={
            "goals": state_words.GOALS,
            "itself_id": ITSELF.id,
            "memory_kinds": state_words.MEMORY_KINDS,
            "pages": _PAGES,
            "static": static.url,
        },
        tests={"linkable": _is_linkable, "outside": _is_outside},
    )


class Pages:
    """Renders pages in a thread, one after another.

    What people wrote may be long, and the chat goes on meanwhile however many are asked for.
    """

    def __init__(self, static: StaticFiles) -> None:
        self._templates = page_templates(static)
        self._lock = asyncio.Lock()

    async def page(
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

    async def error(self, status: int, words: str, *, known: bool) -> web.Response:
        """Return a page that says what went wrong and what to do.

        Who is not `known` sees nothing else of the dashboard.
        """
        told = f"{words[:1].upper()}{words[1:]}"
        values = {"told": told, "advice": _ADVICE.get(status, _OTHERWISE)}
        title = _ERRORS.get(status, HTTPStatus(status).phrase)
        here = "-" if known else ""
        return await self.page("error.html", title, values, here=here, status=status)


def _is_linkable(href: str) -> bool:
    """Whether it is a page of ours, or out of here by http, and holds no secret."""
    return _HREF.fullmatch(href) is not None and redact(href) == href


def _is_outside(href: str) -> bool:
    return not href.startswith(("/", "#"))

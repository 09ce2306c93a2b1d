"""The dashboard's pages: the templates, what they may call, and what stands around every page."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from bot.domain.people import ITSELF
from bot.infra.html_templates import Templates, Verbatim
from bot.presentation.times import ago, clock_time
from bot.redaction import redact
from bot.web import _formats
from bot.web._incident_chart import bar_chart
from bot.web._static_files import StaticFiles

_FOLDER = Path(__file__).parent / "templates"
_PAGES = (
    ("/", "Runs"),
    ("/incidents", "Incidents"),
    ("/budget", "Budget"),
    ("/audit", "Audit log"),
    ("/state", "State"),
)
_HREF = re.compile(r"/(?!/)[!-~]*|https?://[!-~]+|#[a-z-]+")


def page_templates(static: StaticFiles) -> Templates:
    """Return the templates with everything they call."""
    return Templates(
        _FOLDER,
        filters={
            "ago": ago,
            "below": _formats.below,
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
            "bar_chart": bar_chart,
            "itself_id": ITSELF.id,
            "pages": _PAGES,
            "stages": _formats.stages,
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


def _is_linkable(href: str) -> bool:
    """Whether it is a page of ours, or out of here by http, and holds no secret."""
    return _HREF.fullmatch(href) is not None and redact(href) == href


def _is_outside(href: str) -> bool:
    return not href.startswith(("/", "#"))

"""The web pages of the local forge: pull requests with their diffs, and issues.

The pages have no scripts, and all texts of people are escaped. There are no logins here. Comments
and decisions are therefore taken by the dashboard's page of the proposal, to which each pull
request and each of its lines leads: it knows who is there and what they may do.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode

from aiohttp import web

from bot.demo._forge_diff import build_diff_view
from bot.demo._markdown import render_markdown
from bot.domain.errors import ForgeError, ForgeRejected
from bot.domain.evidence import Commit
from bot.domain.issue import ForgeIssue
from bot.domain.proposal import ForgeProposal
from bot.infra.forge_issues import ListedIssue
from bot.infra.html_templates import Templates
from bot.presentation.times import format_utc

_FOLDER = Path(__file__).parent
_STYLE = _FOLDER / "static" / "forge.css"
_NUMBER = r"{number:\d{1,9}}"
_LONGEST_TITLE = 256
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

Page = Callable[[web.Request], Awaitable[web.Response]]


class ForgeReader(Protocol):
    """What the pages read. Raises `ForgeRejected` for an unknown number, `ForgeUnavailable`."""

    async def list_proposals(self, *, limit: int = 100) -> Sequence[ForgeProposal]:
        """Return proposals, newest first."""
        ...

    async def get_proposal(self, number: int) -> ForgeProposal:
        """Return one as it is now."""
        ...

    async def get_body(self, number: int) -> str:
        """Return its description, as it was written."""
        ...

    async def get_run_id(self, number: int) -> str:
        """Return the id of the run that it belongs to."""
        ...

    async def list_commits(self, number: int) -> Sequence[Commit]:
        """Return its commits, oldest first."""
        ...

    async def get_diff(self, number: int) -> str:
        """Return its unified diff."""
        ...

    async def list_all_issues(self, *, limit: int = 100) -> Sequence[ListedIssue]:
        """Return issues with what was said on them, newest first."""
        ...

    async def open_issue(
        self, title: str, body: str, author: str, labels: Sequence[str]
    ) -> ForgeIssue:
        """Open an issue in the name of `author`."""
        ...


def forge_routes(
    reader: ForgeReader, authors: Collection[str] = (), dashboard: str = ""
) -> Sequence[web.RouteDef]:
    """Return `/forge/`, `/forge/pulls/{number}`, its `.diff`, `/forge/issues`, the style sheet.

    Issues are opened in the name of one of the `authors`: who serves this keeps others out.
    `dashboard` is the address of the bot's own pages, where proposals are reviewed.
    """
    pages = _ForgePages(reader, authors, dashboard)
    return [
        web.get("/forge", _to_list),
        web.get("/forge/", pages.wrap_errors(pages.show_pulls)),
        web.get(f"/forge/pulls/{_NUMBER}", pages.wrap_errors(pages.pull)),
        web.get(f"/forge/pulls/{_NUMBER}.diff", pages.wrap_errors(pages.show_plain_diff)),
        web.get("/forge/issues", pages.wrap_errors(pages.show_issues)),
        web.post("/forge/issues", pages.wrap_errors(pages.open_issue)),
        web.get("/forge/style.css", _serve_style),
    ]


class _ForgePages:
    def __init__(self, reader: ForgeReader, authors: Collection[str], dashboard: str) -> None:
        self._reader = reader
        self._authors = authors
        self._dashboard = dashboard
        self._templates = Templates(
            _FOLDER / "templates",
            filters={
                "diff_view": build_diff_view,
                "line_address": _build_line_address,
                "markdown": render_markdown,
                "minute": format_utc,
            },
        )

    async def show_pulls(self, _: web.Request) -> web.Response:
        proposals = await self._reader.list_proposals()
        return await self._render_page("pulls.html", "Pull requests", proposals=proposals)

    async def pull(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        proposal = await self._reader.get_proposal(number)
        return await self._render_page(
            "pull.html",
            f"{proposal.title} · #{number}",
            proposal=proposal,
            body=await self._reader.get_body(number),
            commits=await self._reader.list_commits(number),
            diff=await self._reader.get_diff(number),
            review=await self._get_review_address(number),
        )

    async def _get_review_address(self, number: int) -> str:
        """Return the address where people review the proposal; empty without a dashboard."""
        if not self._dashboard:
            return ""
        return f"{self._dashboard}/runs/{await self._reader.get_run_id(number)}/proposal"

    async def show_plain_diff(self, request: web.Request) -> web.Response:
        diff = await self._reader.get_diff(int(request.match_info["number"]))
        return web.Response(text=diff, content_type="text/plain", headers=_HEADERS)

    async def show_issues(self, _: web.Request) -> web.Response:
        issues = await self._reader.list_all_issues()
        return await self._render_page("issues.html", "Issues", issues=issues)

    async def open_issue(self, request: web.Request) -> web.Response:
        """Open the issue in a JSON body: `author`, `title`, and `body` if there is more to say."""
        try:
            sent = json.loads(await request.text())
            asked = {key: sent.get(key, "") for key in ("author", "title", "body")}
        except (ValueError, AttributeError):
            return _build_refusal('send JSON: {"author": "alice", "title": "..."}')
        if not all(isinstance(value, str) for value in asked.values()):
            return _build_refusal("author, title and body are texts")
        if asked["author"] not in self._authors:
            return _build_refusal(f"author is one of {', '.join(sorted(self._authors))}")
        if not asked["title"].strip() or len(asked["title"]) > _LONGEST_TITLE:
            return _build_refusal(f"title has 1 to {_LONGEST_TITLE} characters")
        opened = await self._reader.open_issue(**asked, labels=("theseus",))
        return web.json_response({"number": opened.number}, status=201)

    def wrap_errors(self, page: Page) -> Page:
        """Return a page that shows the forge's errors as pages."""

        async def render_guarded(request: web.Request) -> web.Response:
            try:
                return await page(request)
            except ForgeError as error:
                status = 404 if isinstance(error, ForgeRejected) else 503
                title = "Not here" if status == 404 else "The forge cannot be read now"
                return await self._render_page("error.html", title, status=status, told=str(error))

        return render_guarded

    async def _render_page(
        self, template: str, title: str, *, status: int = 200, **values: object
    ) -> web.Response:
        text = await asyncio.to_thread(self._templates.render, template, {"title": title, **values})
        return web.Response(text=text, content_type="text/html", status=status, headers=_HEADERS)


def _build_line_address(review: str, path: str, line: int) -> str:
    """Return the address of the form for a comment on a line."""
    return f"{review}?{urlencode({'path': path, 'line': line})}#chosen"


async def _serve_style(_: web.Request) -> web.FileResponse:
    return web.FileResponse(_STYLE, headers={"Cache-Control": "no-cache"})


async def _to_list(_: web.Request) -> web.Response:
    return web.Response(status=308, headers={"Location": "/forge/"})


def _build_refusal(message: str) -> web.Response:
    return web.json_response({"error": message}, status=400)

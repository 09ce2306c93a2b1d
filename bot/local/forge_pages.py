"""Pages of the local forge, for people: the list of pull requests, and one with its diff.

No script, and nothing somebody wrote is taken as HTML.
"""

from collections.abc import Awaitable, Callable, Sequence
from html import escape
from pathlib import Path
from typing import Protocol

from aiohttp import web

from bot.domain.errors import ForgeError, ForgeRejected
from bot.domain.evidence import Commit
from bot.domain.proposal import ForgeProposal
from bot.local._forge_markup import diff_html, markdown, parse_diff

_STYLE = Path(__file__).parent / "static" / "css" / "forge.css"
_NUMBER = r"{number:\d{1,9}}"
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

    async def proposals(self, *, limit: int = 100) -> Sequence[ForgeProposal]:
        """Return proposals, newest first."""
        ...

    async def proposal(self, number: int) -> ForgeProposal:
        """Return one as it is now."""
        ...

    async def body(self, number: int) -> str:
        """Return its description, as it was written."""
        ...

    async def commits(self, number: int) -> Sequence[Commit]:
        """Return its commits, oldest first."""
        ...

    async def diff(self, number: int) -> str:
        """Return its unified diff."""
        ...


def forge_routes(reader: ForgeReader) -> Sequence[web.RouteDef]:
    """Return `/forge/`, `/forge/pulls/{number}`, its `.diff`, and the style sheet."""

    async def listing(_: web.Request) -> web.Response:
        return _page("Pull requests", _list(await reader.proposals()))

    async def one(request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        proposal = await reader.proposal(number)
        body, commits = await reader.body(number), await reader.commits(number)
        shown = _pull(proposal, body, commits, await reader.diff(number))
        return _page(f"{proposal.title} · #{number}", shown)

    async def plain(request: web.Request) -> web.Response:
        diff = await reader.diff(int(request.match_info["number"]))
        return web.Response(text=diff, content_type="text/plain", headers=_HEADERS)

    async def style(_: web.Request) -> web.FileResponse:
        return web.FileResponse(_STYLE, headers={"Cache-Control": "no-cache"})

    async def move(_: web.Request) -> web.Response:
        return web.Response(status=308, headers={"Location": "/forge/"})

    return [
        web.get("/forge", move),
        web.get("/forge/", _telling(listing)),
        web.get(f"/forge/pulls/{_NUMBER}", _telling(one)),
        web.get(f"/forge/pulls/{_NUMBER}.diff", _telling(plain)),
        web.get("/forge/style.css", style),
    ]


def _telling(page: Page) -> Page:
    """Show the forge's errors as pages."""

    async def told(request: web.Request) -> web.Response:
        try:
            return await page(request)
        except ForgeError as error:
            status = 404 if isinstance(error, ForgeRejected) else 503
            heading = "Not here" if status == 404 else "The forge cannot be read now"
            return _page(heading, f"<h1>{heading}</h1><p>{escape(str(error))}</p>", status=status)

    return told


def _page(title: str, content: str, *, status: int = 200) -> web.Response:
    text = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<link rel="stylesheet" href="/forge/style.css">
</head>
<body>
<header><a href="/forge/">Local forge</a><a href="/">Back to the channel</a></header>
<main>
{content}
</main>
</body>
</html>
"""
    return web.Response(text=text, content_type="text/html", status=status, headers=_HEADERS)


def _badge(proposal: ForgeProposal) -> str:
    return f'<span class="state {proposal.state}">{proposal.state.capitalize()}</span>'


def _list(proposals: Sequence[ForgeProposal]) -> str:
    if not proposals:
        return (
            "<h1>Pull requests</h1><p>None yet. Ask in the channel for something to be fixed.</p>"
        )
    rows = "".join(
        f'<li>{_badge(each)}<a href="/forge/pulls/{each.number}">{escape(each.title)}</a>'
        f"<small>#{each.number} · {escape(each.branch)}</small></li>"
        for each in proposals
    )
    return f'<h1>Pull requests</h1><ul class="pulls">{rows}</ul>'


def _pull(proposal: ForgeProposal, body: str, commits: Sequence[Commit], diff: str) -> str:
    files = parse_diff(diff)
    added, removed = sum(file.added for file in files), sum(file.removed for file in files)
    merged = f" · merged as {_sha(proposal.merge_commit)}" if proposal.merge_commit else ""
    return f"""<h1>{escape(proposal.title)} <span class="number">#{proposal.number}</span></h1>
<p class="summary">{_badge(proposal)} <code>{escape(proposal.branch)}</code> into
<code>{escape(proposal.base_branch)}</code> · head {_sha(proposal.head)}{merged}</p>
<article>{markdown(body) or "<p>No description.</p>"}</article>
<h2>{_count(len(commits), "commit")}</h2>
<ol class="commits">{"".join(map(_commit, commits))}</ol>
<h2>{_count(len(files), "file")} <span class="added">+{added}</span>
<span class="removed">-{removed}</span>
<a class="plain" href="/forge/pulls/{proposal.number}.diff">plain diff</a></h2>
{diff_html(files)}"""


def _commit(commit: Commit) -> str:
    at = commit.at.strftime("%Y-%m-%d %H:%M UTC")
    return (
        f"<li>{_sha(commit.sha)} <span>{escape(commit.summary)}</span>"
        f"<small>{escape(commit.author)}, {at}</small></li>"
    )


def _sha(sha: str) -> str:
    return f'<code title="{escape(sha)}">{escape(sha[:7])}</code>'


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"

"""What stands around every page."""

import hashlib
from pathlib import Path

from aiohttp import web

from bot.web._answers import Refused
from bot.web._html import Content, Html, join, link, tag

_FOLDER = Path(__file__).parent / "static"
_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_PAGES = (
    ("/", "Runs"),
    ("/incidents", "Incidents"),
    ("/budget", "Budget"),
    ("/audit", "Audit log"),
    ("/state", "State"),
)


class Static:
    """Our files, read once. A name holds its content's digest, so a browser may keep it for ever.

    Only these names are served: no path is ever made from what was asked for.
    """

    def __init__(self) -> None:
        self._files: dict[str, tuple[bytes, str]] = {}
        self._names: dict[str, str] = {}
        for path in sorted(_FOLDER.iterdir()):
            content = path.read_bytes()
            kind = path.suffix.removeprefix(".")
            name = f"{path.stem}.{hashlib.sha256(content).hexdigest()[:12]}.{kind}"
            self._files[name] = (content, _TYPES[kind])
            self._names[path.name] = f"/static/{name}"

    def url(self, name: str) -> str:
        """Return where one of our files is."""
        return self._names[name]

    async def serve(self, request: web.Request) -> web.Response:
        """Answer with a file."""
        found = self._files.get(request.match_info["name"])
        if found is None:
            raise Refused(404)
        content, kind = found
        return web.Response(
            body=content,
            content_type=kind,
            charset="utf-8",
            headers={"Cache-Control": "public, max-age=31536000, immutable"},
        )


class Frame:
    """Puts pages together. `stopped` is said on top of each of them."""

    def __init__(self, static: Static) -> None:
        self._static = static

    def page(
        self,
        title: str,
        *content: Content,
        here: str = "",
        form: str | None = None,
        stopped: str = "",
        live: bool = False,
        status: int = 200,
    ) -> web.Response:
        """Return a page. `form` is the session's token, where somebody is logged in."""
        head = join(
            tag("meta", charset="utf-8"),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", name="color-scheme", content="light dark"),
            tag("title", f"{title} · Theseus"),
            tag("link", rel="icon", href=self._static.url("ship.svg")),
            tag("link", rel="stylesheet", href=self._static.url("pages.css")),
            tag("script", src=self._static.url("live.js"), defer=True) if live else None,
        )
        body = join(
            tag("a", "Skip to the content", class_="skip", href="#content"),
            self._top(here, form) if here else None,
            tag("p", stopped, class_="stopped", role="alert") if stopped else None,
            tag("main", tag("h1", title), *content, id="content"),
        )
        html = tag("html", tag("head", head), tag("body", body), lang="en")
        return web.Response(
            text=f"<!doctype html>\n{html}\n", content_type="text/html", status=status
        )

    def _top(self, here: str, form: str | None) -> Html:
        links = [
            tag("a", name, href=path, aria_current="page" if path == here else None)
            for path, name in _PAGES
        ]
        out = None
        if form is not None:
            out = tag(
                "form", hidden(form), tag("button", "Log out", class_="quiet"),
                method="post", action="/logout",
            )  # fmt: skip
        stop = tag("a", "Stop everything", class_="stop", href="/stop")
        return tag(
            "header",
            tag("a", "Theseus", class_="name", href="/"),
            tag("nav", *links, aria_label="Pages"),
            tag("div", stop, out, class_="acts"),
        )


def hidden(form: str) -> Html:
    """Return the field that shows that a form is of our own page."""
    return tag("input", type="hidden", name="form", value=form)


def back(path: str, words: str) -> Html:
    """Return a link back to a list."""
    return tag("p", link(path, f"← {words}"), class_="back")

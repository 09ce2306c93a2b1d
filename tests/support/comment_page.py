"""Reads a comment as a browser gets it, and hostile texts to put into one."""

import re
from html.parser import HTMLParser
from typing import Any

from check_pull_request.report import measure
from check_pull_request.settings import Settings
from markdown_it import MarkdownIt

EVIL = (
    "| </code></pre></details><img src=x onerror=y> @everyone ```\n"
    "# big [a](http://evil.example) &#64;"
)
DRAWN = "Dice@everyone\u202e\n|x|`</code><b>.py"


class Page(HTMLParser):
    """The elements of a page, and the text inside and outside of code."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.code: list[str] = []
        self.plain = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)
        assert {name for name, _ in attributes} <= ({"href"} if tag == "a" else set())
        self.links += [value or "" for _, value in attributes]
        if tag in ("code", "pre"):
            self.code.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"code", "pre"} & {*self.open}:
            self.code[-1] += data
        else:
            self.plain += data


SHOWN = {"h3", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "a", "strong"}
FOLDED = {"details", "summary", "pre"}


def read_page(comment: str) -> Page:
    """Return the comment as a browser gets it; what it may contain is checked."""
    assert measure(comment) <= 65_536
    page = Page(MarkdownIt("commonmark", {"html": True}).enable("table").render(comment))
    assert page.open == []
    assert page.tags <= SHOWN | FOLDED
    assert not re.search(r"[@<>`]|evil|everyone", page.plain), page.plain
    return page


def build_settings(**changes: Any) -> Settings:
    """Return settings of an example, with some changed."""
    return Settings(
        **{
            "token": "t", "replays": "", "start": "", "requirements": "",
            "fails_on_blocking": False,
            "repository": "o/r", "server": "https://github.com", "api": "https://api.invalid",
            "graphql": "https://api.invalid/graphql", "number": 1, "base_branch": "main",
            "head": "a" * 40, **changes,
        }
    )  # fmt: skip

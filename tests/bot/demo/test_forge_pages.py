"""The forge's pages: their content, and that other people's texts stay text."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.forges.local import LocalForge
from bot.demo._forge_diff import MAX_LINES, build_diff_view
from bot.demo._markdown import FORGE_MARKDOWN, render_markdown
from bot.demo.forge_pages import ForgeReader, forge_routes
from bot.domain.errors import ForgeRejected, ForgeUnavailable
from bot.domain.evidence import Commit
from bot.domain.issue import ForgeIssue
from bot.domain.proposal import ForgeProposal, ProposalDraft
from bot.infra.forge_issues import ListedIssue
from tests.fakes.fake_clock import FakeClock
from tests.fakes.repositories import commit, make_repository, run_git

DASHBOARD = "http://127.0.0.1:8080"
EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'"
TAGS = {
    "a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "h5", "h6", "li", "ol", "p", "pre",
    "strong", "ul",
}  # fmt: skip

DIFF = """diff --git a/cogs/dice.py b/cogs/dice.py
index 111..222 100644
--- a/cogs/dice.py
+++ b/cogs/dice.py
@@ -1,3 +1,3 @@ def <roll>():
 one
-two <b>
+2 & more
--- a comment that looks like a header
\\ No newline at end of file
diff --git a/old.txt b/old.txt
deleted file mode 100644
--- a/old.txt
+++ /dev/null
@@ -1 +0,0 @@
-gone
diff --git a/logo.png b/logo.png
index 333..444 100644
Binary files a/logo.png and b/logo.png differ
"""

Get = Callable[[str], Awaitable[tuple[int, str]]]


class ScriptedReader:
    """One pull request with hostile words everywhere."""

    def __init__(self) -> None:
        self.down = False
        self.opened: list[ForgeIssue] = []
        self.pulls = [
            ForgeProposal(
                number=1, url="", state="merged", head="a" * 40, branch=f"theseus/{EVIL}",
                base_branch="main", title=f"Mend {EVIL}", merge_commit="b" * 40,
            )
        ]  # fmt: skip

    async def list_proposals(self, *, limit: int = 100) -> Sequence[ForgeProposal]:
        if self.down:
            raise ForgeUnavailable("the forge is down")
        return self.pulls[:limit]

    async def get_proposal(self, number: int) -> ForgeProposal:
        for pull in self.pulls:
            if pull.number == number:
                return pull
        raise ForgeRejected(f"the forge has no pull request #{number} {EVIL}")

    async def get_body(self, number: int) -> str:
        return (
            f"## Cause\n\n- `faces[6]` {EVIL}\n\n[bad](javascript:alert(1)) [ok](https://x.test/)"
        )

    async def get_run_id(self, number: int) -> str:
        return "r1"

    async def list_commits(self, number: int) -> Sequence[Commit]:
        at = datetime(2026, 11, 21, 14, 2, tzinfo=UTC)
        return (Commit(sha="c" * 40, author=EVIL, at=at, summary=EVIL),)

    async def get_diff(self, number: int) -> str:
        return DIFF

    async def list_all_issues(self, *, limit: int = 100) -> Sequence[ListedIssue]:
        said = (f"Done with #1 {EVIL} [bad](javascript:alert(1))",)
        known = [ListedIssue(2, f"Crash {EVIL}", EVIL, "closed", said)]
        opened = [
            ListedIssue(each.number, each.title, each.author, "open", ()) for each in self.opened
        ]
        return [*opened, *known]

    async def open_issue(
        self, title: str, body: str, author: str, labels: Sequence[str]
    ) -> ForgeIssue:
        assert list(labels) == ["theseus"]
        at = datetime(2026, 11, 21, 14, 2, tzinfo=UTC)
        self.opened.append(
            ForgeIssue(number=3, url="", title=title, body=body, author=author, at=at)
        )
        return self.opened[-1]


@pytest.fixture
def reader() -> ScriptedReader:
    """Return a forge with one hostile pull request."""
    return ScriptedReader()


@pytest.fixture
async def get(reader: ScriptedReader) -> AsyncIterator[Get]:
    """Return a browser of sorts."""
    async with browser(reader) as fetch:
        yield fetch


class browser:  # noqa: N801 - reads as a verb where it is used
    """Serve the pages; entering returns what fetches one."""

    def __init__(self, reader: ForgeReader) -> None:
        app = web.Application()
        app.add_routes(forge_routes(reader, ("alice", "bob"), DASHBOARD))
        self._server = TestServer(app)

    async def __aenter__(self) -> Get:
        await self._server.start_server()
        self._client = aiohttp.ClientSession()
        return self._get

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()
        await self._server.close()

    async def post(self, path: str, sent: str) -> tuple[int, str]:
        async with self._client.post(self._server.make_url(path), data=sent) as answer:
            return answer.status, await answer.text()

    async def _get(self, path: str) -> tuple[int, str]:
        async with self._client.get(self._server.make_url(path)) as answer:
            self.headers = answer.headers
            return answer.status, await answer.text()


async def test_the_list_links_every_pull_request(get: Get) -> None:
    status, page = await get("/forge/")
    assert status == 200
    assert '<a href="/forge/pulls/1">Mend &lt;script&gt;' in page
    assert '<span class="state merged">Merged</span>' in page
    assert await get("/forge") == (status, page)


async def test_issues_are_listed_with_what_was_said_on_them(get: Get) -> None:
    status, page = await get("/forge/issues")
    assert status == 200
    assert '<span class="state closed">Closed</span>' in page
    assert "Done with #1" in page


async def test_an_issue_is_opened_in_the_name_of_somebody_there(reader: ScriptedReader) -> None:
    pages = browser(reader)
    async with pages as fetch:
        sent = json.dumps({"author": "alice", "title": "/roll crashes, fix it", "body": "Often."})
        assert await pages.post("/forge/issues", sent) == (201, '{"number": 3}')
        assert "/roll crashes, fix it" in (await fetch("/forge/issues"))[1]
    [issue] = reader.opened
    assert (issue.author, issue.body) == ("alice", "Often.")


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("title=x", "send JSON"),
        ("[]", "send JSON"),
        ('{"author": "mallory", "title": "x"}', "one of alice, bob"),
        ('{"author": ["alice"], "title": "x"}', "are texts"),
        ('{"author": "alice"}', "1 to 256"),
        (json.dumps({"author": "alice", "title": "x" * 257}), "1 to 256"),
    ],
)
async def test_what_is_no_issue_is_refused(reader: ScriptedReader, sent: str, told: str) -> None:
    pages = browser(reader)
    async with pages:
        status, said = await pages.post("/forge/issues", sent)
    assert (status, reader.opened) == (400, [])
    assert told in said


async def test_an_empty_forge_says_so(get: Get, reader: ScriptedReader) -> None:
    reader.pulls = []
    assert "None yet" in (await get("/forge/"))[1]


async def test_a_pull_request_shows_head_commits_and_diff(get: Get) -> None:
    status, page = await get("/forge/pulls/1")
    assert status == 200
    assert f'<code title="{"a" * 40}">aaaaaaa</code>' in page
    assert "merged as" in page
    assert "<h3>Cause</h3>" in page
    assert "<code>faces[6]</code>" in page
    assert '<a href="https://x.test/" rel="noopener noreferrer nofollow">ok</a>' in page
    assert "1 commit<" in page
    assert "2026-11-21 14:02 UTC" in page
    assert "3 files" in page
    assert '<span class="name">cogs/dice.py</span><span class="added">+1</span>' in page
    assert '<td class="text">+2 &amp; more</td>' in page
    assert '<td class="text">-two &lt;b&gt;</td>' in page


async def test_an_open_one_leads_to_its_review_and_each_line_to_its_comment(
    get: Get, reader: ScriptedReader
) -> None:
    review = f"{DASHBOARD}/runs/r1/proposal"
    assert review not in (await get("/forge/pulls/1"))[1], "a merged one cannot be reviewed"
    reader.pulls = [reader.pulls[0].replace(state="open")]
    page = (await get("/forge/pulls/1"))[1]
    assert f'<a href="{review}">' in page
    assert f'href="{review}?path=cogs%2Fdice.py&amp;line=2#chosen"' in page


async def test_nobody_can_comment_or_decide_on_the_forges_own_pages(
    reader: ScriptedReader,
) -> None:
    reader.pulls = [reader.pulls[0].replace(state="open")]
    pages = browser(reader)
    async with pages:
        for path in ("/forge/pulls/1", "/forge/pulls/1.diff", "/forge/"):
            sent = json.dumps({"author": "alice", "act": "approve", "text": "ship it"})
            assert (await pages.post(path, sent))[0] == 405


async def test_nothing_anybody_wrote_is_taken_as_html(get: Get) -> None:
    for path in ("/forge/", "/forge/pulls/1", "/forge/pulls/7", "/forge/issues"):
        page = (await get(path))[1]
        assert "<script" not in page
        assert "<img" not in page
        assert 'href="javascript' not in page
        assert "style=" not in page


async def test_pages_allow_no_script_at_all(reader: ScriptedReader) -> None:
    pages = browser(reader)
    async with pages as fetch:
        await fetch("/forge/pulls/1")
        policy = pages.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy


async def test_the_plain_diff_is_text(reader: ScriptedReader) -> None:
    pages = browser(reader)
    async with pages as fetch:
        assert await fetch("/forge/pulls/1.diff") == (200, DIFF)
        assert pages.headers["Content-Type"].startswith("text/plain")


async def test_unknown_numbers_are_not_found(get: Get) -> None:
    for path in ("/forge/pulls/7", "/forge/pulls/x", "/forge/pulls/99999999999999999999"):
        assert (await get(path))[0] == 404


async def test_a_forge_that_is_down_says_so(get: Get, reader: ScriptedReader) -> None:
    reader.down = True
    status, page = await get("/forge/")
    assert status == 503
    assert "the forge is down" in page


async def test_the_style_sheet_is_served(get: Get) -> None:
    status, text = await get("/forge/style.css")
    assert status == 200
    assert ".state.merged" in text


HOST = "http://theseus.example.org"


async def test_the_local_forge_can_be_read(tmp_path: Path) -> None:
    make_repository(tmp_path / "source")
    await LocalForge.create_repository(tmp_path / "forge.git", tmp_path / "source")
    run_git(tmp_path / "source", "checkout", "-q", "-b", "theseus/k7m2xq-mend")
    head = commit(tmp_path / "source", {"dice.py": "one\n2\nthree\n"}, "Mend")
    draft = ProposalDraft(
        run_id="k7m2xq", repository=str(tmp_path / "source"), branch="theseus/k7m2xq-mend",
        head=head, base_branch="main", title="Mend the dice", body="Because.",
    )  # fmt: skip
    async with (
        LocalForge(tmp_path / "forge.git", tmp_path / "f.sqlite", FakeClock(), HOST) as forge,
        browser(forge) as fetch,
    ):
        opened = await forge.open_proposal(draft)
        for state in ("Open", "Merged"):
            status, page = await fetch(opened.url.removeprefix(HOST))
            assert status == 200
            assert f">{state}</span>" in page
            assert '<td class="text">-two</td>' in page
            await forge.merge(opened.number, head)


def test_a_diff_is_read_by_its_counts() -> None:
    dice, old, logo = build_diff_view(DIFF).files
    assert (dice.name, dice.added, dice.removed) == ("cogs/dice.py", 1, 2)
    assert dice.lines[4].kind == "removed"
    assert dice.lines[4].text == "--- a comment that looks like a header"
    assert dice.lines[5].text == "No newline at end of file"
    assert (old.name, old.removed) == ("old.txt", 1)
    assert (logo.name, logo.lines[-1].kind) == ("logo.png", "note")


@given(st.text(alphabet=st.sampled_from("ab`*_#-> \n[](){}<>\"'&:/htps."), max_size=120))
def test_whatever_is_written_only_known_tags_come_out(text: str) -> None:
    shown = render_markdown(text)
    assert {tag.lower() for tag in re.findall(r"</?([^\s>/]+)", shown)} <= TAGS
    for attribute in re.findall(r"<\w+ ([^>]*)>", shown):
        assert re.fullmatch(
            r'href="https?://[^"<>\s]+" rel="[a-z ]+"|start="[0-9]{1,9}"', attribute
        )


@given(st.text(max_size=200))
def test_no_letter_of_a_line_is_lost(text: str) -> None:
    shown = FORGE_MARKDOWN.renderInline(text.lower())
    words = re.sub(r"[^a-z0-9]", "", re.sub(r"<[^>]*>|&[#\w]+;", "", shown))
    kept = re.sub(r"[^a-z0-9]", "", text.lower())
    assert words == kept or "http" in kept


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# One", "<h2>One</h2>"),
        ("a\nb", "<p>a<br>\nb</p>"),
        (
            "- [x] done\n- [ ] open `it`",
            "<ul>\n<li>☑ done</li>\n<li>☐ open <code>it</code></li>\n</ul>",
        ),
        ("3. third", '<ol start="3">\n<li>third</li>\n</ol>'),
        ("```python\n<b> & 1\n```", "<pre><code>&lt;b&gt; &amp; 1\n</code></pre>"),
        (
            "see https://x.test/a?b=1.",
            '<p>see <a href="https://x.test/a?b=1" rel="R">https://x.test/a?b=1</a>.</p>',
        ),
        ("[a](HTTPS://x.test 'said')", "<p>[a](HTTPS://x.test 'said')</p>"),
        ("[a](https://x.test 'said')", '<p><a href="https://x.test" rel="R">a</a></p>'),
        (
            "[a](javascript:alert(1)) [b]() [c](//x.test)",
            "<p>[a](javascript:alert(1)) b [c](//x.test)</p>",
        ),
        ("![a](https://x.test/y.png)", '<p>!<a href="https://x.test/y.png" rel="R">a</a></p>'),
        ("&lt;b&gt; \\*x\\*", "<p>&amp;lt;b&amp;gt; *x*</p>"),
        ("a\r\nb", "<p>a<br>\nb</p>"),
        ("key ghp_" + "a1B2" * 9, "<p>key [redacted:github_token]</p>"),
    ],
)
def test_what_is_made_of_markdown(text: str, html: str) -> None:
    assert render_markdown(text).strip().replace("noopener noreferrer nofollow", "R") == html


def test_a_long_diff_is_cut_and_a_secret_over_lines_is_taken_out() -> None:
    key = "-----BEGIN PRIVATE KEY-----\n+" + "\n+".join(["QUJD" * 16] * 9)
    lines = f"+{key}\n+-----END PRIVATE KEY-----\n" + "+x\n" * MAX_LINES
    head = "diff --git a/x b/x\n--- a/x\n+++ b/x\n"
    (file,) = build_diff_view(f"{head}@@ -0,0 +1,{lines.count(chr(10))} @@\n{lines}").files
    assert (len(file.lines), file.cut, file.added) == (MAX_LINES, 12, MAX_LINES + 11)
    assert "QUJD" not in "".join(row.text for row in file.lines)

"""Pages show texts of others, which never become markup or reveal a secret."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from theseus_guard.record import Record
from theseus_guard.records import FileChange, Finding
from theseus_rehearsal.behaviour import AnswerChange, BehaviourDiff
from theseus_rehearsal.records import CommandStep, PlayDifference, Script

from bot.domain.account import Account, Charge
from bot.domain.audit import AuditBreak, AuditEntry
from bot.domain.brief import Acceptance, Brief, Wanted
from bot.domain.budget import BudgetRules
from bot.domain.change import Attempt, ChangeSet, CheckResult, Verdict
from bot.domain.evidence import Commit, Diagnosis, Evidence, Suspect
from bot.domain.feature_request import FeatureRequest, Requester
from bot.domain.gates import GateResult
from bot.domain.incident import Incident, Report, Severity
from bot.domain.journal import Action, ActionOutcome, Capsule, FailureGroup, Kind
from bot.domain.memory import Memory
from bot.domain.people import Person
from bot.domain.plan import Plan, Step
from bot.domain.proof import Proof
from bot.domain.proposal import Approval, Outcome, Proposal, Shipment
from bot.domain.restart import RestartReport
from bot.domain.stop import Stop
from bot.domain.trials import RevertTrial
from bot.presentation.times import format_age
from bot.web._formats import MOST_DIFF
from bot.web._pages import build_templates
from bot.web._static_files import StaticFiles
from tests.bot.web.web_server import TOKEN, Room
from tests.fakes.fake_clock import START
from tests.fakes.fake_ledger import FakeLedger
from tests.fakes.fake_live_registry import FakeLiveRegistry
from tests.fakes.fake_memory import FakeMemory

PACKAGE = Path(__file__).resolve().parents[3] / "bot/web"
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg/onload=alert(1)>",
    "' autofocus onfocus=alert(1) x='",
    "</title></textarea></style><script>alert(1)</script>",
    "</pre></code><iframe srcdoc='<script>alert(1)</script>'>",
    "<!--><script>alert(1)//-->",
    "javascript:alert(1)",
    "{{7*7}} ${7*7} <%= 7*7 %>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<a href='//evil.example'>ship it</a>",
    "<form action=//evil.example><button>Log in</button>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<base href=//evil.example>",
    "\x00<\x00script>\x1b[31m",
    "\u202egnp.exe\u2066 \u200b\ufeff",
)  # fmt: skip
# What pages are made of. Anything else on one of them came from somebody's words.
ELEMENTS = re.compile(
    "html|head|meta|textarea|title|link|script|body|header|nav|div|a|form|input|button|main|h1|h2|h3|h4|p"
    "|span|strong|small|time|code|pre|details|summary|table|caption|thead|tbody|tr|th|td|dl|dt|dd"
    "|ul|ol|li|section|figure|figcaption|data|progress|select|option|label|svg|g|line|rect|text"
    "|aside|textarea"
)
SECRET = "ghp_" + "a1B2" * 9
TEMPLATES = build_templates(StaticFiles())
PARTS = '{% import "parts.html" as parts %}'


class Elements(HTMLParser):
    """Every element with its attributes, and all that a person reads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.read = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.read += data


def checked(page: str) -> Elements:
    """Return a page's elements, all of which are ours."""
    elements = Elements(page)
    for name, attributes in elements.found:
        assert ELEMENTS.fullmatch(name), name
        assert "style" not in attributes
        assert not any(key.startswith("on") for key in attributes)
        for key in ("href", "src", "action"):
            where = attributes.get(key) or "/"
            assert re.fullmatch(r"/(?!/).*|#[a-z-]+|https://forge\.example/7", where), where
        if name == "script":
            assert attributes["src"]
    return elements


def made(source: str, **values: object) -> str:
    """Return what becomes of a piece of a template."""
    return TEMPLATES.from_text(PARTS + source).render(values)


def fill(room: Room, words: str) -> None:
    """Put these words wherever somebody's words are shown."""
    now, who = room.clock.now(), Person(id=5, name=words)
    run = room.add_run(
        person=who, text=words, subject=words, reason=words, activity=words,
        cost_usd=0.5, tokens_in=10,
    )  # fmt: skip
    room.store.records[run.id] = [*understood(room, words), *written(room, words)]
    room.add_incident(
        title=words, name=words, error=words, level=words, run_id=words,
        reports=(Report(person=who, text=words, at=now),),
    )  # fmt: skip
    room.store.audits.append(
        AuditEntry(
            at=now, action=words, allowed=False, person=who, run_id=words, how=words, note=words
        )
    )
    room.emergency.standing = Stop(how="text", at=now, by=who, why=words)


def understood(room: Room, words: str) -> list[Record]:
    """Return what a run records before it writes anything, in these words."""
    now = room.clock.now()
    failed = Action(
        ts=now, id=words, event=words, kind=Kind.COMMAND, name=words, outcome=ActionOutcome.ERROR,
        error=Capsule(exception=words, message=words, fingerprint=words),
    )  # fmt: skip
    group = FailureGroup(
        fingerprint=words, event=words, count=3, first_seen=now, last_seen=now, newest=failed,
        action_ids=(words,),
    )  # fmt: skip
    commit = Commit(sha=words, author=words, at=now, summary=words)
    suspect = Suspect(commit=commit, reason=words, diff=words, score=0.5)
    example = Acceptance(
        asked=words, expected=words, script=Script(steps=(CommandStep(command=words),)),
        wanted=(Wanted(step=0, shows=(words,)),), missing="no such command",
    )  # fmt: skip
    return [
        Evidence(base=words, groups=(group,), suspects=(suspect,), searched=words),
        Brief(request=words, understood=words, acceptances=(example,)),
        Diagnosis(
            found=True, headline=words, cause=words, file=words, line=3, function=words,
            seen_before=words,
        ),
        Plan(problem=words, solution=words, steps=(Step(summary=words, owned_files=(words,)),)),
    ]  # fmt: skip


def written(room: Room, words: str) -> list[Record]:
    """Return what a run records of its change, in these words."""
    run_id, now, who = "k7m2xq", room.clock.now(), Person(id=5, name=words)
    file = FileChange(path=words, added=1, removed=1)
    check = CheckResult(name=words, status="failed", seconds=1, summary=words, output=words)
    proposal = Proposal(
        run_id=run_id, number=7, url=words, head=words, base=words, branch=words, at=now
    )
    answer = AnswerChange(
        script=0, asked=words, is_fixed=True,
        difference=PlayDifference(step=0, before=(words,), after=(words, words)),
    )  # fmt: skip
    return [
        ChangeSet(
            base=words, head=words, branch=words, engine=words, summary=words, files=(file,),
            diff=f"--- a\n+++ b\n-{words}\n+{words}",
            attempts=(Attempt(summary=words, result=words),),
        ),
        Verdict(
            head=words, round=1, checks=(check,), sandbox=words, failing_on_base=check,
            passing_on_head=check.replace(status="passed", command=words),
            proofs=(Proof(kind="behaviour", holds=False, summary=words, details=(words,)),),
            behaviour=BehaviourDiff(answers=2, changed=2, changes=(answer,)),
            revert_trial=RevertTrial(script_count=1, files=(words,), failure=words),
            gates=(GateResult(gate="coverage", status="failed", summary=words, details=(words,)),),
            findings=(Finding(rule="size", path=words, message=f"guard: {words}", blocking=True),),
        ),
        proposal,
        Approval(run_id=run_id, proposal=7, head=words, person=who, at=now, how="text"),
        Shipment(
            run_id=run_id, approved_head=words, merge_commit=words, live_commit=words, at=now
        ),
        Outcome(run_id=run_id, verdict="fixed", reasons=(words,), at=now),
    ]  # fmt: skip


async def pages(room: Room, words: str) -> Iterator[str]:
    """Return every page there is, filled with these words."""
    fill(room, words)
    ledger = FakeLedger()
    account = Account(purpose="chat", person_id=1, run_id=words)
    charge = {"id": words, "model": words, "note": words, "status": 200, "outcome": "error"}
    await ledger.charge(Charge(at=room.clock.now(), account=account, **charge))
    memory = FakeMemory()
    short = words[:300]
    note = {"event": short, "file": short, "approach": words, "by": words[:90]}
    await memory.remember(Memory(key="n", kind="note", text=words, at=room.clock.now(), **note))
    wish = FeatureRequest(
        id=words[:6], text=words[:300], requesters=(Requester(id=5, name=words),),
        first_at=room.clock.now(), last_at=room.clock.now(), run_id=words,
    )  # fmt: skip

    async def wishes() -> tuple[FeatureRequest, ...]:
        return (wish,)

    registry = FakeLiveRegistry(room.clock)
    for text in (words, f"{words} again", f"{FakeLiveRegistry.BROKEN}{words}"):
        registry.files["skill", "writing-a-cog"] = text
        await registry.reload()
    room.without(
        ledger=ledger,
        budget=BudgetRules,
        memory=memory,
        feature_requests=wishes,
        live_registry=registry,
    )
    async with room.serving(token=TOKEN) as client:
        await client.log_in()
        paths = (
            "/", "/?span=90d", "/runs", "/runs/k7m2xq", "/incidents", "/incidents/q2w3e4",
            "/budget", "/versions", "/versions/skill/writing-a-cog?version=1", "/wishes", "/memory",
            "/growth?file=dice", "/audit", "/journal", "/search?q=a", "/sessions", "/state",
            "/stop", "/login",
        )  # fmt: skip
        answers = [await client.get(path) for path in paths]
    assert {answer.status for answer in answers} == {200}
    return iter([answer.text for answer in answers])


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_are_text_in_an_element_and_in_an_attribute(words: str) -> None:
    link = "{% call parts.link(words) %}{{ words }}{% endcall %}"
    found = checked(
        made(f'<p title="{{{{ words }}}}">{{{{ words }}}}{link}</p>', words=words)
    ).found
    assert [name for name, _ in found] == ["p"]


@pytest.mark.parametrize("words", ["\n".join(HOSTILE), "".join(reversed(HOSTILE))])
async def test_nothing_somebody_wrote_becomes_a_part_of_a_page(words: str) -> None:
    for page in await pages(Room(), words):
        checked(page)
        assert "\x00" not in page
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\ufeff]", page)


async def test_what_somebody_wrote_is_read_as_it_was_written() -> None:
    shown = [checked(page).read for page in await pages(Room(), "<b>R&D</b> 'n\" `x`")]
    assert sum("<b>R&D</b> 'n\" `x`" in each for each in shown) >= 6


async def test_a_secret_that_its_name_gives_away_is_found_across_backticks() -> None:
    room = Room()
    fill(room, "the password: `correct-horse-battery` was used")
    async with room.serving() as client:
        page = (await client.get("/runs/k7m2xq")).text
    assert "correct-horse-battery" not in page


async def test_a_broken_audit_log_is_shown_and_counted() -> None:
    room = Room()
    fill(room, "words")
    room.store.audit_broken = AuditBreak(
        number=1, kind="changed", summary="changed <b>behind</b> us"
    )
    async with room.serving() as client:
        shown = checked((await client.get("/audit")).text).read
        shown = " ".join(shown.split())
        assert "The chain broken at entry 1: changed <b>behind</b> us" in shown
        assert "theseus_audit_breaks 1.0\n" in (await client.get("/metrics")).text


async def test_no_page_tells_a_secret() -> None:
    for page in await pages(Room(), f"key {SECRET} here"):
        assert SECRET not in page
        assert TOKEN not in page


async def test_a_page_shows_what_it_is_about() -> None:
    room = Room()
    fill(room, "https://forge.example/7")
    room.emergency.standing = None
    async with room.serving() as client:
        one = checked((await client.get("/runs/k7m2xq")).text)
        assert ("a", {"href": "https://forge.example/7", "rel": "noreferrer noopener"}) in one.found
        for said in (
            "Evidence",
            "Diagnosis",
            "Request",
            "Plan",
            "Change",
            "Proof",
            "before the change",
            "What changes for people",
            "2 of 2 answers change",
            "Proposal",
            "$0.50",
            "10 tokens",
            "Fix, asked by",
            "Writing the change",
            "Does not hold",
            "Fixed",
        ):
            assert said in one.read, said
        assert "guard: https://forge.example/7" in one.read
        incident = checked((await client.get("/incidents/q2w3e4")).text)
        assert "10 times since " in incident.read
        assert "No paid model is in use" in (await client.get("/budget")).text
        assert "Everything was stopped" not in (await client.get("/")).text


async def test_code_that_was_taken_back_has_a_page_of_its_own() -> None:
    room, at = Room(), START
    report = RestartReport(
        commit="b" * 40,
        previous="a" * 40,
        why="it hung",
        tail="the last <line>",
        at="then",
        not_back="data has a migration",
    )
    room.incidents.known.append(
        Incident(
            id="q2w3e4", severity=Severity.HIGH, event="reload.restart", count=1,
            title="The code of bbbbbbb was taken back", noticed="it hung", opened_at=at,
            last_at=at, status="resolved", resolved_at=at, rollback=report,
            closed_for="`ccccccc` runs in its place",
        )
    )  # fmt: skip
    async with room.serving() as client:
        page = checked((await client.get("/incidents/q2w3e4")).text)
        listed = checked((await client.get("/incidents")).text)
    for said in ("It failed because", "bbbbbbbbbbbb", "Ran before", "the last <line>", "Closed",
                 "`ccccccc` runs in its place", "data has a migration"):  # fmt: skip
        assert said in page.read, said
    assert "The code of bbbbbbb was taken back" in listed.read


async def test_empty_pages_say_what_to_do() -> None:
    async with Room().serving() as client:
        for path, said in (
            ("/", "Mention the bot in the dev channel"),
            ("/runs", "Ask for a fix in the dev channel"),
            ("/runs?q=nothing", "show all runs"), ("/incidents", "No recent incidents"),
            ("/budget", "The offline engine costs nothing"), ("/wishes", "/change becomes a wish"),
            ("/versions", "prompts/skills"),
            ("/growth", "No run has ended yet"), ("/memory", "started without a memory"),
            ("/audit", "From now on"),
            ("/audit?act=ship", "show all entries"),
        ):  # fmt: skip
            assert said in (await client.get(path)).text, path


async def test_pages_can_be_read_by_everybody() -> None:
    """A language, one main heading, captions, column heads, labels, a way past the top."""
    for page in await pages(Room(), "words"):
        found = Elements(page).found
        names = [name for name, _ in found]
        assert ("html", {"lang": "en"}) in found
        assert (names.count("h1"), names.count("main")) == (1, 1)
        assert names.count("table") == names.count("caption")
        assert all(each.get("scope") in ("col", "row") for name, each in found if name == "th")
        labels = {each.get("for") for name, each in found if name == "label"}
        typed = ("password", "text", "search")
        inputs = {each["id"] for name, each in found if each.get("type") in typed}
        assert inputs <= labels
        assert {each["id"] for name, each in found if name == "select"} <= labels
        assert ("a", {"class": "skip", "href": "#content"}) in found
        assert any(each.get("name") == "viewport" for _, each in found)


# ------------------------------------------------------------------------------------- the one door


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_whatever_is_said_it_is_text_and_nothing_else(words: str) -> None:
    elements = Elements(made('<p title="{{ words }}">{{ words }}</p>', words=words))
    assert [name for name, _ in elements.found] == ["p"]
    assert set(elements.found[0][1]) == {"title"}
    assert not re.search("[<>\"'\x00]", made("{{ words }}", words=words))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60) | st.sampled_from([*HOSTILE, "//evil.example", "/\\evil", "data:,x"]))
def test_a_link_leads_to_a_page_of_ours_or_out_by_http_or_nowhere(href: str) -> None:
    elements = Elements(made("{% call parts.link(href) %}go{% endcall %}", href=href))
    for name, attributes in elements.found:
        where = attributes["href"] or ""
        assert name == "a"
        assert where.startswith(("/", "#", "http://", "https://"))
        assert not where.startswith("//")
    assert elements.read.strip() == "go"


@pytest.mark.parametrize("path", sorted((PACKAGE / "templates").iterdir()), ids=lambda it: it.name)
def test_a_value_stands_in_text_or_in_a_quoted_attribute_that_runs_nothing(path: Path) -> None:
    """By structure: what a template says itself, with its values taken for one word."""
    plain = re.sub(r"{#.*?#}|{%.*?%}", "", path.read_text("utf-8"), flags=re.DOTALL)
    page = re.sub(r"{{.*?}}", "VALUE", plain)
    assert not re.search(r"=\s*[^\s\"]*VALUE", re.sub(r'"[^"<>]*"', '""', page))
    assert not re.search(r"<(script|style)[^>]*>[^<]", page)
    for name, attributes in Elements(page).found:
        assert ELEMENTS.fullmatch(name), name
        assert not any(key.startswith("on") or key == "style" for key in attributes)
        assert not any("value" in key and key != "value" for key in attributes)


def test_pieces_of_pages_are_made_in_templates_alone() -> None:
    """By structure: no module makes markup, three say that something needs no redaction."""
    silent = ("_code_diff.py", "_formats.py", "_pages.py")
    for path in sorted(PACKAGE.glob("*.py")):
        source = path.read_text()
        assert "Markup" not in source, path.name
        assert "Verbatim" not in source or path.name in silent, path.name
        assert not re.search(r'f?"[^"\n]*<[a-z/!][^"\n]*"', source), path.name


def test_a_diff_is_cut_where_it_is_long_and_secrets_over_lines_are_taken_out() -> None:
    key = "-----BEGIN PRIVATE KEY-----\n+" + "\n+".join(["QUJD" * 16] * 9)
    shown = shown_diff(f"+{key}\n+-----END PRIVATE KEY-----\n+after")
    assert "QUJD" not in shown
    assert "after" in shown
    assert "are shown" not in shown
    long = shown_diff("+line\n" * MOST_DIFF)
    assert f"Only the first {MOST_DIFF:,}" in long
    assert len(long) < 12 * MOST_DIFF


def test_a_line_of_a_diff_is_coloured_by_what_it_is_and_not_by_how_it_looks() -> None:
    head = "diff --git a/x.sql b/x.sql\n--- a/x.sql\n+++ b/x.sql\n"
    shown = shown_diff(f"{head}@@ -1,2 +1,2 @@\n--- gone\n+++ <new>\n same\n")
    coloured = [each for name, each in Elements(shown).found if name == "span"]
    assert coloured == [{"class": "removed"}, {"class": "added"}]
    assert '<span class="removed">--- gone</span>' in shown
    assert '<span class="added">+++ &lt;new&gt;</span>\n same\n' in shown


def shown_diff(diff: str) -> str:
    return made('{% include "diff.html" %}', change={"diff": diff})


def test_times_are_told_as_people_do() -> None:
    told = [format_age(START, START + timedelta(**each)) for each in (
        {"seconds": 5}, {"minutes": 3}, {"hours": 5}, {"days": 3},
    )]  # fmt: skip
    assert told == ["just now", "3 min ago", "5 h ago", "3 days ago"]


# ---------------------------------------------------------------------------------------- our files


async def test_our_files_are_named_by_what_is_in_them_and_kept(tmp_path: Path) -> None:
    async with Room().serving() as client:
        page = (await client.get("/")).text
        named = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
        assert len(named) == 9
        for name in named:
            answer = await client.get(name)
            assert answer.status == 200
            assert "immutable" in answer.headers["Cache-Control"]
            assert re.fullmatch(r"(text/(css|javascript)|image/svg\+xml).*",
                                answer.headers["Content-Type"])  # fmt: skip


def test_our_files_load_nothing_from_elsewhere() -> None:
    for path in (each for each in (PACKAGE / "static").iterdir() if each.is_file()):
        outside = re.findall(r"(?:https?:)?//[a-z]", path.read_text())
        assert [each for each in outside if path.suffix != ".svg"] == [], path.name
        assert "innerHTML" not in path.read_text()
        assert "eval" not in path.read_text()

"""A secret that was configured is planted at every source; no exit lets it out, in any form."""

import ast
import base64
import importlib
import io
import json
import logging
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from theseus_guard.record import Record
from theseus_observe.redaction import redact
from typer.testing import CliRunner

import bot.adapters
from bot.adapters.discord_chat._render import render
from bot.adapters.file_kill_switch import FileKillSwitch
from bot.adapters.forges.local import LocalForge
from bot.adapters.forges.shared.marks import format_title, render_body, render_comment
from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.matplotlib_charts._charts import _convert_chart
from bot.adapters.model_gateway._model_request import BodyRedactor
from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_ledger import SqliteLedger
from bot.adapters.sqlite_memory import SqliteMemory
from bot.adapters.sqlite_store import SqliteStore
from bot.cli.main import build_command_line
from bot.domain.account import Account, Charge
from bot.domain.audit import AuditEntry
from bot.domain.change import ChangeSet, CheckResult, FullTier, Verdict
from bot.domain.charts import Bar, BarChart
from bot.domain.evidence import Diagnosis
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.memory import Memory
from bot.domain.people import Person, Place
from bot.domain.posts import Attachment, Button, Card, CardField, Post
from bot.domain.proposal import ProposalDraft
from bot.domain.run import Run, Trigger
from bot.domain.stop import Stop
from bot.infra.standard_logs import use_standard_logging
from bot.settings import Settings, guard_secrets, load
from bot.telemetry import Recorder, configure_logging
from bot.web._pages import build_templates
from bot.web._static_files import StaticFiles
from tests.fakes.fake_clock import START, FakeClock
from tests.fakes.repositories import make_repository, run_git, write

CANARY = "C4n4ry/in+the" + "=mine~of%words"
FORMS = (
    CANARY,
    json.dumps(CANARY).replace("/", "\\/"),
    base64.b64encode(f"x{CANARY}".encode()).decode(),
    CANARY.encode().hex(),
    "\u200b".join(CANARY),
)
SAID = "the roll failed: " + " and ".join(FORMS)
PIECES = (CANARY[2:10], CANARY[-8:], FORMS[2][6:18], FORMS[3][4:20], CANARY[::-1][2:10])
CONFIG = "checks:\n  quick:\n    - {name: lint, command: [ruff, check]}\n"


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Return settings with the canary as the bot's token, guarded as the bot does it."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/config.yaml").write_text(CONFIG)
    settings = load(tmp_path, {"DISCORD_TOKEN": CANARY})
    forget = guard_secrets(settings)
    yield settings
    forget()


def told(text: str) -> list[str]:
    """Return the pieces of the secret that a text tells."""
    return [piece for piece in PIECES if piece in text.replace("\u200b", "")]


def leaking(folder: Path) -> list[str]:
    """Return the files under a folder that tell it, as they lie on the disk."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if told(path.read_bytes().decode("utf-8", "replace"))]


def test_the_measure_sees_each_form() -> None:
    assert all(told(form) for form in FORMS)


async def test_nothing_that_is_kept_tells_it(settings: Settings) -> None:
    state, clock = settings.state, FakeClock()
    person = Person(id=1, name=f"ann {CANARY}")
    account = Account(purpose="execute", person_id=1, run_id="r1")
    async with (
        NdjsonJournal(state, redact=redact) as journal,
        SqliteMemory(state / "memory.sqlite3", redact=redact) as memory,
        SqliteStore(state / "theseus.sqlite3") as store,
        SqliteLedger(state / "ledger.sqlite3") as ledger,
    ):
        recorder = Recorder(journal, clock, settings.root, b"salt", lambda: None)
        error = ValueError(SAID)
        recorder.record(
            Kind.COMMAND, "roll", ActionOutcome.ERROR, error=error, inputs={"word": SAID}
        )
        await memory.remember(Memory(key="note:1", kind="note", text=SAID, by=SAID, at=START))
        entry = AuditEntry(at=START, action="ship", allowed=True, person=person, note=SAID)
        await store.append_audit_entry(entry)
        await ledger.charge(
            Charge(id="c1", at=START, account=account, model="m", status=500, outcome="error",
                   note=SAID)
        )  # fmt: skip
        await FileKillSwitch(state / "STOP").pull(Stop(how="text", at=START, why=SAID))
        run = await store.create(a_run())
        await store.save(run, *records_saying(SAID))
        seen = leaking(state)

    assert seen == []
    assert leaking(state) == []
    assert len(list(state.rglob("*"))) > 5


async def test_code_in_a_record_stays_what_it_is(settings: Settings) -> None:
    """Else the diff guard, which reads the record, would not see the secret in a change."""
    async with SqliteStore(settings.state / "theseus.sqlite3") as store:
        run = await store.create(a_run())
        change = ChangeSet(base="b" * 40, head="h" * 40, branch="x", engine="e", summary="s",
                           diff=f"+key = {CANARY}")  # fmt: skip
        await store.save(run, change)
        assert (await store.get_history(run.id)).change_set == change


def a_run() -> Run:
    trigger = Trigger(
        key="message:1", goal="fix", person=Person(id=1, name="ann"), place=Place(channel_id=1),
        at=START, text="fix it",
    )  # fmt: skip
    return Run(id="k7m2xq", goal="fix", trigger=trigger, created_at=START, updated_at=START)


def records_saying(words: str) -> tuple[Record, ...]:
    check = CheckResult(name="tests", status="failed", seconds=1.0, output=f"E  {words}\n" * 3)
    return (
        Diagnosis(found=True, headline=words, cause=words, confidence="low"),
        ChangeSet(base="b" * 40, head="h" * 40, branch="x", engine="e", summary=words),
        Verdict(head="h" * 40, round=1, checks=(check,), failing_on_base=check),
        FullTier(head="h" * 40, checks=(check,)),
    )


async def test_no_forge_and_no_commit_tells_it(settings: Settings, tmp_path: Path) -> None:
    clone, bare = tmp_path / "clone", tmp_path / "forge.git"
    base = make_repository(clone)
    await LocalForge.create_repository(bare, clone)
    run_git(clone, "remote", "add", "origin", str(bare))
    workspaces = GitWorkspaces(clone, tmp_path / "worktrees")
    async with (
        LocalForge(bare, tmp_path / "forge.sqlite3", FakeClock()) as forge,
        workspaces.open("r1", base=base, slug="mend") as lent,
    ):
        write(lent.path, {"dice.py": "one\ntwo\nfour\n"})
        head = await lent.commit(SAID)
        draft = ProposalDraft(
            run_id="r1", repository=str(clone), branch=lent.branch, head=head,
            base_branch="main", title=SAID, body=SAID,
        )  # fmt: skip
        opened = await forge.open_proposal(draft)
        body, commit = await forge.get_body(opened.number), run_git(clone, "log", "-1", head)
        shown = f"{opened.title} {body} {commit}"
        await forge.close(opened.number, SAID)

    assert told(shown) == []
    assert leaking(tmp_path / "forge.sqlite3") == []
    assert told(format_title(draft) + render_body(draft) + render_comment(SAID)) == []


def test_no_post_no_picture_and_no_page_tells_it(settings: Settings) -> None:
    card = Card(title=SAID, body=SAID, footer=SAID, fields=(CardField(name=CANARY, value=SAID),))
    post = Post(
        text=SAID,
        card=card,
        buttons=(Button(label=CANARY, action="x"),),
        attachments=(Attachment(name=f"{CANARY}.diff", text=SAID),),
    )
    parts = [part for part in render(post, redact)]
    embeds = [json.dumps(part.embed.to_dict()) for part in parts if part.embed]
    files = [f"{each.name} {each.text}" for part in parts for each in part.attachments]
    labels = [str(part.view.to_components()) for part in parts if part.view]
    chart = BarChart(title=SAID, unit="ms", bars=(Bar(name=SAID, value=1.0),))

    assert told(" ".join([*(part.content or "" for part in parts), *embeds, *files, *labels])) == []
    assert told(json.dumps(_convert_chart(chart))) == []
    assert told(build_templates(StaticFiles()).from_text("{{ words }}").render(words=SAID)) == []


def test_no_request_to_a_model_tells_it(settings: Settings) -> None:
    body = {
        "system": SAID,
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": SAID}]},
            {"role": "assistant", "content": [{"type": "tool_use", "name": "x", "id": "1",
                                               "input": {"command": SAID}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1",
                                          "content": SAID}]},
        ],
    }  # fmt: skip

    assert told(json.dumps(BodyRedactor(redact).clean(body).body)) == []


def test_no_line_of_the_log_tells_it(settings: Settings) -> None:
    root, stream = logging.getLogger(), io.StringIO()
    before = root.handlers[:], root.level
    configure_logging(stream=stream)
    try:
        logging.getLogger("discord.state").warning("told %s", SAID)
        try:
            int(SAID)
        except ValueError:
            structlog.get_logger("x").exception("it failed", given={"deep": [SAID]})
    finally:
        root.handlers[:], root.level = before
        use_standard_logging()

    assert "it failed" in stream.getvalue()
    assert told(stream.getvalue()) == []


def test_the_command_line_tells_it_neither(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(settings.root)  # the folder a person stands in, not our code

    said = CliRunner().invoke(build_command_line(), ["intent", f"remember that {SAID}"]).output

    assert "[redacted:discord_token]" in said
    assert told(said) == []


# -------------------------------------------------------------- what is added tomorrow is seen here

SAYS_NOTHING = {
    "agreed_queue": "compares results of workers; whoever shows them redacts",
    "folder_artefacts": "stores files by their hash for workers; nobody reads them otherwise",
    "s3_artefacts": "stores the same in a bucket, which only those read who have its keys",
    "fenced_forge": "passes on what the forge behind it redacts",
    "postgres_leadership": "writes who leads, and no words of anybody's",
    "local_pool": "returns results of replays and checks; whoever shows them redacts",
    "endpoint_transcriber": "returns what was spoken; it is redacted like text where it is read",
    "unavailable_transcriber": "transcribes nothing, and says what to install",
    "whisper_transcriber": "returns what was spoken; it is redacted like text where it is read",
    "file_snapshots": "copies files as they are, for plays on this machine; its tests hold that",
    "state_backups": "copies the state as it is; nobody but its owner may read that",
    "advisory_file": "copies published advisories; the gates redact what they say of them",
    "git_checkout": "moves the running checkout; writes no words of anybody's",
    "git_trees": "lays the files of a commit out in folders that it removes when it is closed",
    "git_workspace": "its worktrees commit in `_git_worktree`, which redacts",
    "rehearsal": "returns what was seen of a play; the card and the command that show it redact",
    "research": "returns passages; `bot.research` redacts the question and what was found",
    "sandbox": "runs commands; their output is redacted by whoever shows it",
    "sentence_encoder": "returns numbers",
    "sandboxed_verifier": "returns verdicts, shown through chat and forge",
    "supervised_restarter": "tells the supervisor a commit, a run's id and a reason of our own",
    "system_clock": "tells the time",
    "unsupervised_restarter": "restarts nothing, and says so in fixed words",
}


@pytest.mark.parametrize(
    "name", sorted(each.name for each in pkgutil.iter_modules(bot.adapters.__path__))
)
def test_every_way_out_uses_the_redactor_or_says_why_not(name: str) -> None:
    """A new adapter talks to somebody: it redacts, or is named above with a reason."""
    if name.startswith("_"):
        return
    file = Path(importlib.import_module(f"bot.adapters.{name}").__file__ or "")
    sources = file.parent.rglob("*.py") if file.name == "__init__.py" else [file]
    names = {
        node.id if isinstance(node, ast.Name) else node.arg
        for source in sources
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name | ast.arg)
    }

    assert ("redact" in names) != (name in SAYS_NOTHING), name

"""A dashboard over real files, with some weeks of a small bot's life in them, always the same."""

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from theseus_observe.redaction import redact

from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_ledger import SqliteLedger
from bot.adapters.sqlite_memory import SqliteMemory
from bot.adapters.sqlite_store import SqliteRecordSearch, SqliteStore
from bot.domain.account import Account, Charge
from bot.domain.anomaly import Anomaly, Rule
from bot.domain.audience import Audience
from bot.domain.audit import AuditEntry
from bot.domain.budget import BudgetRules
from bot.domain.evidence import Commit, Suspect
from bot.domain.feature_request import FeatureRequest, Requester
from bot.domain.ids import create_sortable_id
from bot.domain.incident import Assignee, Incident, Report, Severity
from bot.domain.incident_comments import IncidentComment
from bot.domain.journal import Action, ActionOutcome, Capsule, Frame, Kind
from bot.domain.memory import Memory
from bot.domain.people import Person, Place
from bot.domain.proposal import Approval, Outcome, Shipment
from bot.domain.run import Run, Stage, Status, Trigger, Waiting
from bot.domain.shipped_fix import ShippedFix
from bot.domain.target import OWN_TARGET
from bot.domain.triage import Origin, Triage
from bot.domain.watch import Judgement, Watch
from bot.web import TargetSources
from tests.bot.web.web_server import Room
from tests.fakes.fake_checkout import FakeCheckout
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_live_registry import FakeLiveRegistry
from tests.support.dashboard_records import work

DAYS = 30
PEOPLE = tuple(
    Person(id=number, name=name) for number, name in enumerate(("Ada", "Ben", "Cleo"), 1)
)
ABOUT = (
    "/roll crashes on 0d6", "/poll results counts a vote twice", "reminders come a day late",
    "/quote search is slow", "add a /coinflip command", "/remind list shows the wrong zone",
    "the poll embed is hard to read", "/roll 2d20 keeps the lower one",
)  # fmt: skip

SOURCE = """\
class Dice(commands.Cog):
    def face(self, sides: int) -> int:
        \"\"\"Return a face, the first of which is 1.\"\"\"
        faces = list(range(1, sides + 1))
        return faces[secrets.randbelow(len(faces))]

    @app_commands.command()
    async def roll(self, interaction: discord.Interaction, dice: str) -> None:
        \"\"\"Roll dice.\"\"\"
        count, sides = parse(dice)
        await interaction.response.send_message(self.face(sides))
"""
FAILURE = Capsule(
    exception="IndexError", message="list index out of range", fingerprint="f1",
    audience=Audience.TEAM,
    frames=(
        Frame(file="cogs/dice.py", line=11, function="roll", arguments={"dice": "'4d0'"}),
        Frame(file="cogs/dice.py", line=5, function="face", arguments={"sides": "0"}),
    ),
)  # fmt: skip


class DashboardHarness(NamedTuple):
    """The room whose server shows it, and the newest run that waits for “ship it”."""

    room: Room
    proposed: Run


@asynccontextmanager
async def open_dashboard(folder: Path) -> AsyncIterator[DashboardHarness]:
    """Fill the files in this folder and yield a room that serves them."""
    room, luck = Room(), random.Random(7)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(SqliteStore(folder / "theseus.sqlite3"))
        search = await stack.enter_async_context(SqliteRecordSearch(folder / "theseus.sqlite3"))
        journal = await stack.enter_async_context(NdjsonJournal(folder, redact=redact))
        ledger = await stack.enter_async_context(SqliteLedger(folder / "ledger.sqlite3"))
        memory = await stack.enter_async_context(
            SqliteMemory(folder / "memory.sqlite3", redact=redact)
        )
        journal_commands(journal, room.clock, luck)
        runs = [
            await make_run(store, ledger, room.clock, luck, number)
            for number in reversed(range(56))
        ]
        await add_memories(memory, room.clock)
        await add_incidents(room)
        wish = FeatureRequest(
            id="a1b2c3", text="a /weather command that knows my town",
            requesters=tuple(Requester(id=each.id, name=each.name) for each in PEOPLE),
            first_at=room.clock.now() - timedelta(days=9), last_at=room.clock.now(),
        )  # fmt: skip

        async def list_wishes() -> tuple[FeatureRequest, ...]:
            return (wish,)

        room.store = store  # type: ignore[assignment]
        registry = await make_live_registry(room.clock)
        room.without(
            live_registry=registry,
            store=store, search=search, journal=journal, ledger=ledger, memory=memory,
            budget=lambda: BudgetRules.model_validate({"day": {"usd": 4}, "week": {"usd": 20}}),
            feature_requests=list_wishes, agent=StoredRuns(store),
            sources={OWN_TARGET: TargetSources(journal, make_checkout(room.clock))},
        )  # fmt: skip
        yield DashboardHarness(room, runs[-1])


async def make_live_registry(clock: FakeClock) -> FakeLiveRegistry:
    """Return a registry with a skill of two versions, a persona, and a prompt that is refused."""
    registry = FakeLiveRegistry(clock)
    registry.files["persona", "persona"] = "You are Theseus.\n"
    for text in ("# Writing a cog\n\nOne file.\n", "# Writing a cog\n\nOne file, one test.\n"):
        registry.files["skill", "writing-a-cog"] = text
        registry.files["prompt", "planner"] = f"Plan: {text}"
        await registry.reload()
    registry.files["prompt", "planner"] = f"{registry.BROKEN}line 3: $nowhere is not filled in"
    await registry.reload()
    return registry


class StoredRuns:
    """The agent's look at its runs."""

    def __init__(self, store: SqliteStore) -> None:
        self.list_runs, self.get_history = store.find, store.get_history
        self._store = store

    async def find(self, *, run_id: str | None = None, thread_id: int | None = None) -> Run:
        """Return one."""
        return await self._store.get(run_id or "")


def journal_commands(journal: NdjsonJournal, clock: FakeClock, luck: random.Random) -> None:
    """Journal commands of people, some of which fail; on two days more fail than usual."""
    for hour in range(DAYS * 24, 0, -2):
        at = clock.now() - timedelta(hours=hour, minutes=luck.randrange(60))
        bad = 0.25 if 200 < hour < 236 or hour < 10 else 0.03
        for _ in range(luck.randrange(2, 9)):
            failed = luck.random() < bad
            name = luck.choice(("roll", "poll", "remind", "quote search"))
            error = FAILURE.replace(inputs={"dice": f"'{luck.randrange(9)}d0'"})
            at += timedelta(seconds=luck.randrange(1, 200))
            journal.append(
                Action(
                    ts=at, id=create_sortable_id(at), event=f"command.{name}", kind=Kind.COMMAND,
                    name=name, duration_ms=luck.uniform(20, 300), user=f"u-{luck.randrange(1, 5)}",
                    commit=("b" if hour < 40 else "a") * 40,
                    outcome=ActionOutcome.ERROR if failed else ActionOutcome.OK,
                    error=error if failed else None,
                )
            )  # fmt: skip


async def make_run(
    store: SqliteStore, ledger: SqliteLedger, clock: FakeClock, luck: random.Random, number: int
) -> Run:
    """Make the run of that number, the newest being 0, with all it left behind."""
    now = clock.now()
    at = now - timedelta(hours=number * 12.7 + (0.6 if number else 0.2))
    person, about = PEOPLE[number % 3], ABOUT[number % len(ABOUT)]
    trigger = Trigger(
        key=f"message:{number}", goal="fix", person=person, place=Place(channel_id=1, guild_id=2),
        text=f"@Theseus {about}, please look into it", subject=about, at=at,
        origin="incident" if number % 4 == 1 else "person",
    )  # fmt: skip
    run = await store.create(
        Run(
            id=f"r{number:05}", goal="fix", trigger=trigger, created_at=at, updated_at=at,
            stage=Stage.OBSERVE, status=Status.QUEUED, thread_id=100 + number,
            cost_usd=round(luck.uniform(0.05, 0.9), 2), tokens_in=luck.randrange(90_000),
        )
    )  # fmt: skip
    await ledger.charge(
        *(
            Charge(
                id=f"c{number}-{purpose}", at=at, model="claude-sonnet-4", status=200, outcome="ok",
                cost_usd=run.cost_usd * share, tokens_in=9_000, tokens_out=700,
                account=Account(purpose=purpose, person_id=person.id, run_id=run.id),
            )
            for purpose, share in (("plan", 0.3), ("execute", 0.6), ("chat", 0.1))
        )
    )  # fmt: skip
    ask = AuditEntry(at=at, action="ask", allowed=True, person=person, run_id=run.id, how="text")
    await store.append_audit_entry(ask.replace(note=about))
    fate = luck.random() if number else 0.0
    if number and fate < 0.2:
        status = Status.FAILED if fate < 0.12 else Status.CANCELLED
        later = at + timedelta(minutes=9)
        reason = "No change made the reproduction pass." if fate < 0.12 else "Cancelled by Ada."
        return await store.save(
            run.replace(stage=Stage.EXECUTE, status=status, updated_at=later, reason=reason)
        )
    proposed_at = at + timedelta(minutes=luck.uniform(3, 25))
    run = await store.save(
        run.replace(
            stage=Stage.SHIP, status=Status.WAITING, waiting=Waiting.APPROVAL,
            updated_at=min(proposed_at, now),
        ),
        *work(run, number),
    )  # fmt: skip
    if not number:
        return run
    return await ship_run(store, run, luck, person, proposed_at)


async def ship_run(
    store: SqliteStore, run: Run, luck: random.Random, who: Person, at: datetime
) -> Run:
    """Ship the run, and record whether the fix held."""
    live = at + timedelta(minutes=luck.uniform(2, 180))
    approval = Approval(
        run_id=run.id, proposal=7, head="f00dfeed01", person=who, at=live, how="text"
    )
    await store.approve(approval)
    await store.append_audit_entry(
        AuditEntry(at=live, action="ship", allowed=True, person=who, run_id=run.id, how="button")
    )
    shipment = Shipment(
        run_id=run.id, approved_head="f00dfeed01", merge_commit="beefcafe02",
        live_commit="beefcafe02", at=live, reloaded=("cogs.dice",),
    )  # fmt: skip
    watch = Watch(
        run_id=run.id, event="command.roll", fingerprint="f1", number=7, merge_commit="beefcafe02",
        began_at=live, before_since=run.created_at, until=live + timedelta(days=1),
    )  # fmt: skip
    verdict: Judgement = luck.choices(
        ("fixed", "inconclusive", "not_fixed", "regressed"), (10, 2, 1, 1)
    )[0]  # fmt: skip
    outcome = Outcome(run_id=run.id, verdict=verdict, reasons=("Seen 0 times since.",), at=live)
    judged = (outcome,) if luck.random() < 0.85 else ()
    done = run.replace(status=Status.DONE, waiting=None, updated_at=live)
    return await store.save(done, approval, shipment, watch, *judged)


async def add_memories(memory: SqliteMemory, clock: FakeClock) -> None:
    """Add some memories."""
    now = clock.now()
    fix = Memory(
        key="fix:1", kind="fix", text="/roll 0d6 raised IndexError in face()", file="cogs/dice.py",
        approach="Refuse dice without sides", run_id="r00003", outcome="fixed", at=now,
    )  # fmt: skip
    await memory.remember(fix)
    await memory.remember(
        Memory(key="note:1", kind="note", text="Polls close at midnight UTC", by="Ada", at=now)
    )


def make_checkout(clock: FakeClock) -> FakeCheckout:
    """Return a checkout whose newest commit broke the dice."""
    checkout = FakeCheckout({"cogs/dice.py": SOURCE})
    checkout.history = ["a" * 40, "b" * 40]
    checkout.snapshots *= 2
    at = clock.now() - timedelta(hours=40)
    commit = Commit(sha="b" * 40, author="Ben", at=at, summary="Allow dice of any size")
    reason = "last changed cogs/dice.py:5"
    checkout.found = (Suspect(commit=commit, reason=reason, diff="", score=0.9),)
    return checkout


async def add_incidents(room: Room) -> None:
    """Add two open incidents and a closed one, and what people wrote about the first."""
    now = room.clock.now()
    for number, (person, text) in enumerate(
        ((PEOPLE[0], "`0` sides since yesterday's change."), (PEOPLE[1], "I refuse them."))
    ):
        said = IncidentComment(
            id=str(number), person=person, text=text, at=now - timedelta(hours=2 - number)
        )
        await room.incidents.comments.put("i00000", said)
    rule = Anomaly(
        rule=Rule.ERROR_RATE, event="command.roll", at=now, value=0.4, threshold=0.3, volume=20
    )
    triage = Triage(origin=Origin.CODE, confidence="high", reasons=("a frame of ours",))
    for number, (title, severity, hours) in enumerate(
        (
            ("/roll fails more often than it should", Severity.HIGH, 9),
            ("/quote search is slow", Severity.MEDIUM, 30),
            ("reminders: KeyError in deliver()", Severity.LOW, 200),
        )
    ):
        opened = now - timedelta(hours=hours)
        incident = Incident(
            id=f"i{number:05}", event="command.roll", title=title, severity=severity,
            anomalies=(rule,), opened_at=opened, last_at=now - timedelta(minutes=4), triage=triage,
            count=17 + number, affected=("u-1", "u-2"), error="IndexError in face()",
            level="I propose a fix, and a person decides.", noticed="9 of 20 failed in 10 min",
            reports=(Report(person=PEOPLE[1], text="dice are broken", at=opened),),
            assignee=None if number else Assignee(
                person=PEOPLE[1], by=PEOPLE[0], at=opened, is_informed=True
            ),
        )  # fmt: skip
        ended = now - timedelta(hours=100)
        fix = ShippedFix(
            run_id="r00004", number=96, fingerprint="f1", event="command.roll", verdict="fixed",
            merge_commit="5d1f0c9e" * 5, merged_at=ended, live_at=ended,
        )  # fmt: skip
        over = {"status": "resolved", "resolved_at": ended, "fix": fix, "fingerprint": "f1"}
        room.incidents.known.append(incident.replace(**over) if number == 2 else incident)

"""Notices over fakes: runs are stored by the test, and no agent works on them."""

from datetime import datetime, timedelta

from theseus_guard.records import FileChange

from bot.app.notices import assemble_notices
from bot.authority.announcements import DevChannelAnnouncer
from bot.authority.approval_policy import ApprovalPolicy
from bot.authority.authorizer import AuditWriter, Authorizer
from bot.authority.quiet_state import QuietState
from bot.domain.account import Account, Charge
from bot.domain.approval import ApprovalRules
from bot.domain.change import ChangeSet
from bot.domain.evidence import Diagnosis
from bot.domain.guilds import AllowLists
from bot.domain.people import Place
from bot.domain.posts import Post
from bot.domain.proposal import Outcome, Proposal, Shipment
from bot.domain.run import Goal, Run, Stage, Status, Trigger, Waiting
from bot.domain.target import OWN_TARGET
from bot.domain.watch import Judgement
from bot.infra.injector import Injector
from bot.notices.digest_schedules import DigestPosts, DigestSchedules
from bot.notices.ignored import IgnoredNotices
from bot.notices.personal_notices import PersonalNotices
from bot.notices.preferences import NoticePreferences
from bot.notices.proposal_groups import ProposalGroups
from bot.notices.quiet import QuietMode
from bot.notices.records import NoticeRecords
from bot.notices.reminders import NoticeReminders
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.ports.ledger import Ledger
from bot.ports.member_directory import MemberDirectory
from bot.ports.store import Store
from tests.fakes.fake_chat import FakeChat
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_key_value_store import FakeKeyValueStore
from tests.fakes.fake_ledger import FakeLedger
from tests.fakes.fake_member_directory import FakeMemberDirectory
from tests.fakes.fake_store import FakeStore
from tests.support.agent_harness import ALICE, BOB, DEV, DORA, MALLORY, PEOPLE

SHA = "b" * 40
THREAD = 500


class NoticeHarness:
    """Everything in bot/notices, with `members` who may be changed at any time."""

    def __init__(self, *, other: "NoticeHarness | None" = None) -> None:
        self.clock: FakeClock = other.clock if other else FakeClock()
        self.store: FakeStore = other.store if other else FakeStore()
        self.key_values: FakeKeyValueStore = other.key_values if other else FakeKeyValueStore()
        self.chat: FakeChat = other.chat if other else FakeChat()
        self.ledger: FakeLedger = other.ledger if other else FakeLedger()
        self.members = FakeMemberDirectory((ALICE, BOB, DORA, MALLORY))
        injector = Injector()
        for port, kind in (
            (self.clock, Clock), (self.store, Store), (self.key_values, KeyValueStore),
            (self.chat, Chat), (self.ledger, Ledger), (self.members, MemberDirectory),
        ):  # fmt: skip
            injector.add(port, kind)
        injector.add(
            ApprovalPolicy(
                self.store, self.clock, None, self.members,  # type: ignore[arg-type]
                people=AllowLists(PEOPLE), rules=ApprovalRules(),
            )
        )  # fmt: skip
        injector.build(AuditWriter)
        injector.build(Authorizer)
        self.state = injector.build(QuietState)
        self.preferences = injector.build(NoticePreferences)
        injector.build(DevChannelAnnouncer, dev_channel_id=DEV)
        assemble_notices(
            injector, {OWN_TARGET: DEV}, tuple, dev_channel_id=DEV, address="https://d"
        )
        self.quiet = injector.get(QuietMode)
        self.schedules = injector.get(DigestSchedules)
        self.digests = injector.get(DigestPosts)
        self.personal = injector.get(PersonalNotices)
        self.groups = injector.get(ProposalGroups)
        self.reminders = injector.get(NoticeReminders)
        self.ignored = injector.get(IgnoredNotices)
        self.records = injector.get(NoticeRecords)

    def add_run(
        self,
        run_id: str,
        *,
        goal: Goal = "fix",
        waiting: Waiting | None = None,
        files: tuple[str, ...] = ("cogs/dice.py",),
        event: str = "command.roll",
        shipped: datetime | None = None,
        verdict: Judgement | None = None,
        usd: float = 0.0,
    ) -> Run:
        """Store a run of dora: one that waits, or one that is done."""
        now, number = self.clock.now(), len(self.store.runs) + 1
        trigger = Trigger(
            key=run_id, goal=goal, person=DORA, place=Place(channel_id=DEV), text="", at=now,
            subject=f"[{run_id}](https://evil.example) @everyone",
        )  # fmt: skip
        run = Run(
            id=run_id, goal=goal, trigger=trigger, stage=Stage.SHIP, thread_id=THREAD + number,
            status=Status.WAITING if waiting else Status.DONE, waiting=waiting,
            created_at=now, updated_at=now,
        )  # fmt: skip
        self.store.runs[run_id] = run
        changes = tuple(FileChange(path=each, added=1, removed=1) for each in files)
        self.store.records[run_id] = [
            Diagnosis(found=True, headline="", cause="", event=event),
            ChangeSet(base=SHA, head=SHA, branch="b", engine="e", summary="", files=changes),
            Proposal(
                run_id=run_id, number=number, url="", head=SHA, base=SHA, branch="b", at=now,
                card_id=9,
            ),
        ]  # fmt: skip
        if shipped is not None:
            self.store.records[run_id].append(
                Shipment(
                    run_id=run_id, approved_head=SHA, merge_commit=SHA, live_commit=SHA, at=shipped
                )
            )
        if verdict is not None:
            self.store.records[run_id].append(Outcome(run_id=run_id, verdict=verdict, at=now))
        return run

    def end_run(self, run_id: str, status: Status = Status.DONE) -> None:
        """Store that a run has ended now."""
        run = self.store.runs[run_id]
        self.store.runs[run_id] = run.replace(
            status=status, waiting=None, updated_at=self.clock.now()
        )

    async def charge(self, usd: float, run_id: str | None) -> None:
        """Store what a model has cost."""
        account = Account(purpose="chat", person_id=DORA.id, run_id=run_id)
        await self.ledger.charge(
            Charge(
                id=f"{run_id}-{usd}", at=self.clock.now(), account=account, model="m", status=200,
                outcome="ok", cost_usd=usd,
            )
        )  # fmt: skip

    def skip(self, **duration: float) -> None:
        """Let time pass."""
        self.clock.tick(timedelta(**duration).total_seconds())

    def list_posts(self, channel_id: int) -> list[Post]:
        """Return the current posts of a channel, oldest first."""
        return [each.post for each in self.chat.messages if each.ref.channel_id == channel_id]

"""Names that are written to disk, to journals or to Discord: what is renamed here breaks others."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import discord
import pytest
from discord import app_commands

from bot.authority.policy import Act
from bot.client import Identity, TheseusClient
from bot.domain import errors
from bot.domain.errors import TheseusError
from bot.domain.guilds import AllowLists
from bot.domain.history import RECORDS
from bot.domain.journal import Action, ActionOutcome, Kind
from bot.domain.people import AllowList
from bot.domain.run import Run, Stage, Status, Waiting
from bot.grammar import Intent
from bot.infra.cog_files import find_extensions
from bot.infra.injector import Injector
from bot.ports.key_value_store import KeyValueStore
from bot.telemetry import Recorder
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal
from tests.fakes.fake_key_value_store import FakeKeyValueStore

ROOT = Path(__file__).resolve().parents[1]

CODES = {
    "AgentError": "agent",
    "AgentForbidden": "agent.forbidden",
    "AgentLimited": "agent.limited",
    "AgentMissing": "agent.missing",
    "AgentOutputInvalid": "agent.output_invalid",
    "AgentOverloaded": "agent.overloaded",
    "AgentRefused": "agent.refused",
    "AgentSilent": "agent.silent",
    "AgentStuck": "agent.stuck",
    "AgentTimeout": "agent.timeout",
    "AgentUnauthorized": "agent.unauthorized",
    "AgentUnavailable": "agent.unavailable",
    "AlertRejected": "alert_rejected",
    "AlertUnavailable": "alert_unavailable",
    "BaseMoved": "forge.base_moved",
    "BudgetSpent": "policy.budget_spent",
    "ChatError": "chat",
    "ChatRejected": "chat.rejected",
    "ChatUnavailable": "chat.unavailable",
    "CheckoutDirty": "workspace.checkout_dirty",
    "ConfigError": "config",
    "ForgeConflict": "forge.conflict",
    "ForgeError": "forge",
    "ForgePending": "forge.pending",
    "ForgeRejected": "forge.rejected",
    "ForgeUnavailable": "forge.unavailable",
    "InvalidTransition": "transition",
    "JournalError": "journal",
    "MergeConflict": "workspace.merge_conflict",
    "NotAuthorized": "policy.not_authorized",
    "NotRolledBack": "not_rolled_back",
    "OutOfBounds": "policy.out_of_bounds",
    "OtherVersionLive": "other_version_live",
    "PartMissing": "part_missing",
    "Paused": "policy.paused",
    "PolicyError": "policy",
    "PortError": "port",
    "RehearsalError": "rehearsal",
    "RunError": "run",
    "SandboxUnavailable": "verifier.sandbox_unavailable",
    "StaleApproval": "policy.stale_approval",
    "Stopped": "policy.stopped",
    "StoreConflict": "store.conflict",
    "StoreError": "store",
    "TheseusError": "theseus",
    "TooMany": "policy.too_many",
    "UnknownItem": "unknown_item",
    "UnknownRun": "run.unknown",
    "VerifierError": "verifier",
    "WorkspaceBusy": "workspace.busy",
    "WorkspaceError": "workspace",
    "WrongStage": "run.wrong_stage",
}
COMMANDS = {
    "Fix this", "Investigate this", "Make this happen",
    "ask", "audit now", "budget", "capabilities", "change", "fix", "flags list", "flags remove",
    "flags set", "health", "help", "investigate", "ship",
    "memory export", "memory forget", "memory search",
    "incidents list", "incidents show",
    "poll close", "poll create", "poll results",
    "quote", "remind", "reminders cancel", "reminders list",
    "revert", "roll", "stop-everything",
    "runs cancel", "runs list", "runs retry", "runs show",
}  # fmt: skip


def tree(root: type[TheseusError]) -> Iterator[type[TheseusError]]:
    yield root
    for branch in root.__subclasses__():
        yield from tree(branch)


def ours() -> list[type[TheseusError]]:
    """Return the errors of the tree; an adapter may have finer ones, which it keeps to itself."""
    return [kind for kind in tree(TheseusError) if kind.__module__ == errors.__name__]


def test_error_codes_are_stable_and_no_two_are_the_same() -> None:
    assert {kind.__name__: kind.code for kind in ours()} == CODES
    assert len(set(CODES.values())) == len(CODES)


def test_a_code_says_where_in_the_tree_an_error_hangs() -> None:
    for kind in ours():
        room, _, leaf = kind.code.partition(".")
        if leaf and kind.__base__ is not None:
            assert getattr(kind.__base__, "code", None) == room


def test_the_drawing_of_the_error_tree_shows_every_error() -> None:
    assert [name for name in CODES if name not in (errors.__doc__ or "")] == []


def test_stages_and_statuses_are_what_stored_runs_say() -> None:
    assert [str(stage) for stage in Stage] == (
        ["observe", "diagnose", "brief", "plan", "execute", "verify", "propose", "ship", "watch"]
    )
    assert {str(status) for status in Status} == {
        "queued", "running", "waiting", "done", "failed", "cancelled", "rejected", "quarantined",
    }  # fmt: skip
    assert {str(waiting) for waiting in Waiting} == {
        "question", "agreement", "approval", "unshipped", "unrevised", "usage_limit", "budget",
        "forge", "turn", "paused", "stopped", "thread", "judgement",
    }  # fmt: skip


def test_stage_records_are_what_stored_runs_say() -> None:
    assert list(RECORDS) == [
        "Evidence", "Diagnosis", "Brief", "Agreement", "Plan", "ChangeSet", "Verdict", "FullTier",
        "Proposal", "Words", "Approval", "Shipment", "Outcome", "Watch", "Question",
        "Answer", "Instructions", "Revision", "Shapers", "WrongAnswer", "UseWatch", "UseReport",
        "Candidates", "Endorsement", "EarlierAttempt", "ResearchReport", "CheckReruns",
    ]  # fmt: skip


def test_kinds_and_outcomes_are_what_journals_say() -> None:
    assert {str(kind) for kind in Kind} == {
        "command", "context_menu", "component", "listener", "task", "chat", "model", "forge",
        "check", "reload", "gateway", "run", "skill", "tool",
    }  # fmt: skip
    assert {str(outcome) for outcome in ActionOutcome} == {
        "ok", "error", "timeout", "cancelled", "no_response",
    }  # fmt: skip


def test_a_journal_record_has_these_fields() -> None:
    assert list(Action.model_fields) == [
        "ts", "id", "event", "kind", "name", "outcome", "duration_ms", "cost_usd", "tokens_in",
        "tokens_out", "agent", "run_id", "guild_id", "channel_id", "user", "shard", "commit",
        "error", "request", "flags",
    ]  # fmt: skip


def test_a_stored_run_has_these_fields() -> None:
    assert set(Run.model_fields) == {
        "id", "goal", "stage", "status", "trigger", "attempt", "round", "interruptions", "version",
        "created_at", "updated_at", "lease_owner", "lease_until", "thread_id", "card_id",
        "activity", "reason", "cost_usd", "tokens_in", "tokens_out", "first_round", "parked_until",
        "estimated",
        "parks", "reopened", "waiting", "waits", "fallback",
    }  # fmt: skip


def test_intents_and_acts_are_what_the_command_line_and_the_audit_log_say() -> None:
    assert {str(intent) for intent in Intent} == {
        "investigate", "fix", "change", "status", "cancel", "revise", "ship", "reject", "revert",
        "pause", "resume", "remember", "forget", "stop", "audit", "budget", "ask", "research",
        "set_goal", "remove_goal", "goals", "quiet", "digest",
        "roll_back", "unclear", "chat", "retry",
    }  # fmt: skip
    assert {str(act) for act in Act} == {
        "ask", "read", "cancel", "revise", "answer", "steer", "switch", "reject", "ship", "stop",
        "lift", "reload", "roll back", "endorse", "trust", "set goals",
    }  # fmt: skip


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[TheseusClient]:
    """Return the real client with every cog, never connected."""
    clock, services = FakeClock(), Injector()
    services.add(FakeKeyValueStore(), KeyValueStore)
    client = TheseusClient(
        root=ROOT,
        state=tmp_path,
        clock=clock,
        recorder=Recorder(FakeJournal(), clock, ROOT, b"salt", lambda: None),
        identity=Identity(guild_id=None, dev_channel_id=1, people=AllowLists(AllowList())),
        services=services,
    )
    async with client:
        for extension in find_extensions(ROOT / "cogs"):
            await client.load_extension(extension)
        yield client


async def test_every_cog_loads_and_their_commands_have_these_names(client: TheseusClient) -> None:
    slash = [each for each in client.tree.walk_commands() if isinstance(each, app_commands.Command)]
    menus = client.tree.get_commands(type=discord.AppCommandType.message)
    assert {each.qualified_name for each in slash} | {each.name for each in menus} >= COMMANDS


async def test_every_cog_unloads_again(client: TheseusClient) -> None:
    for extension in list(client.extensions):
        await client.unload_extension(extension)
    assert client.cogs == {}
    assert client.tree.get_commands() == []

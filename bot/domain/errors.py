"""Every error Theseus raises on purpose, in one tree.

TheseusError
├── ConfigError            a file, key or option is wrong; the message says how to fix it
├── PolicyError            a person or a run may not do this
│   ├── NotAuthorized      not on the allow-list
│   ├── OutOfBounds        a path, size or tool outside what was granted
│   ├── StaleApproval      the approval was for another commit or an old card
│   ├── BudgetSpent        a limit on money, tokens or rate was reached
│   ├── TooMany            the person has the maximum number of active runs
│   ├── Paused             autonomous work is off, or the autonomy level does not allow this
│   └── Stopped            the emergency stop is active
├── RunError               the run cannot do this now
│   ├── UnknownRun         no such run
│   └── WrongStage         the run is at another stage
├── PartMissing            a cog runs without a part of the bot that it needs
├── UnknownItem            no such prompt, skill or cog, or no such version of it
├── NotRolledBack          an older version cannot go live; OtherVersionLive: another one is
├── InvalidTransition      no such edge in the state machine: a bug
└── PortError              something behind a port failed
    ├── AgentError
    │   ├── AgentUnavailable   cannot be started or reached, or was interrupted
    │   ├── AgentMissing       the engine's program is not installed
    │   ├── AgentOverloaded    the provider is overloaded, failing or out of reach
    │   ├── AgentSilent        no output for too long
    │   ├── AgentUnauthorized  the provider does not accept the key
    │   ├── AgentForbidden     the key may not do this
    │   ├── AgentLimited       a usage limit; `until` is when it ends, if known
    │   ├── AgentRefused       the model declined to do this
    │   ├── AgentStuck         it repeated itself without progress
    │   ├── AgentTimeout       its time limit was reached
    │   └── AgentOutputInvalid its answer is not valid
    ├── WorkspaceError     WorkspaceBusy, CheckoutDirty, MergeConflict
    ├── VerifierError      SandboxUnavailable
    ├── RehearsalError     nothing can be replayed here, or the script is not valid
    ├── ForgeError         ForgeUnavailable, ForgePending, ForgeConflict, BaseMoved, ForgeRejected
    ├── StoreError         StoreConflict
    ├── ChatError          ChatUnavailable, ChatRejected
    ├── AlertUnavailable, AlertRejected; TranscriptionError (bot/domain/recording.py); WorkError
    └── JournalError

`str(error)` is safe to show in chat; `detail` may hold more and goes to the journal, redacted.
Adapters map the errors of vendors to these errors.
"""

from datetime import datetime
from typing import ClassVar


class TheseusError(Exception):
    """The base of the tree. `code` is stable; `retryable` is true if another attempt may help."""

    code: ClassVar[str] = "theseus"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class ConfigError(TheseusError):
    """A setting, file or option is wrong. The message names it and says how to fix it."""

    code = "config"


class PolicyError(TheseusError):
    """A person or a run may not do this."""

    code = "policy"


class NotAuthorized(PolicyError):
    """The person is not on the list this needs. `able` names some people on that list.

    `member` is true for a member of our server, who may be told the reason.
    """

    code = "policy.not_authorized"

    def __init__(
        self, message: str, *, detail: str = "", member: bool = False, able: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, detail=detail)
        self.member = member
        self.able = able


class OutOfBounds(PolicyError):
    """A path, size or action outside what was granted."""

    code = "policy.out_of_bounds"


class StaleApproval(PolicyError):
    """The approval names a commit or card that is no longer the newest."""

    code = "policy.stale_approval"


class BudgetSpent(PolicyError):
    """A limit on money, tokens or changes an hour was reached; `until` is when it resets."""

    code = "policy.budget_spent"

    def __init__(self, message: str, *, until: datetime | None = None, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.until = until


class TooMany(PolicyError):
    """The person has the maximum number of active runs."""

    code = "policy.too_many"


class Paused(PolicyError):
    """The bot may not start this on its own now; people may still ask for it."""

    code = "policy.paused"


class Stopped(PolicyError):
    """The emergency stop is active: no work is begun until a person lifts it."""

    code = "policy.stopped"


class RunError(TheseusError):
    """The run cannot do what was asked."""

    code = "run"


class UnknownRun(RunError):
    """There is no such run."""

    code = "run.unknown"


class WrongStage(RunError):
    """The run is not at a stage where the request makes sense."""

    code = "run.wrong_stage"


class PartMissing(TheseusError, AttributeError):
    """A cog asks for a part of the bot that is missing, as in a replay of the cog alone."""

    code = "part_missing"


class UnknownItem(TheseusError):
    """No live item has that name, or that version of it is not stored."""

    code = "unknown_item"


class NotRolledBack(TheseusError):
    """An older version cannot go live: it is not valid now, or it must be reverted in git."""

    code = "not_rolled_back"


class OtherVersionLive(TheseusError):
    """The live version changed after a person chose another one; they are asked again."""

    code = "other_version_live"


class InvalidTransition(TheseusError):
    """The state machine has no edge for this transition: a bug. The run is not saved."""

    code = "transition"


class PortError(TheseusError):
    """Something behind a port failed."""

    code = "port"


class AgentError(PortError):
    """The code agent failed."""

    code = "agent"


class AgentUnavailable(AgentError):
    """The engine cannot be started or reached."""

    code = "agent.unavailable"
    retryable = True


class AgentMissing(AgentError):
    """The engine's program or package is not installed."""

    code = "agent.missing"


class AgentOverloaded(AgentError):
    """The model's provider is overloaded, failing or out of reach."""

    code = "agent.overloaded"
    retryable = True


class AgentSilent(AgentError):
    """The engine gave no output for too long."""

    code = "agent.silent"
    retryable = True


class AgentUnauthorized(AgentError):
    """The model's provider does not accept the key."""

    code = "agent.unauthorized"


class AgentForbidden(AgentError):
    """The key is valid but has no permission for this."""

    code = "agent.forbidden"


class AgentLimited(AgentError):
    """A usage limit was reached; `until` is when it ends, or `None` if that is not known."""

    code = "agent.limited"
    retryable = True

    def __init__(self, message: str, *, until: datetime | None = None, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.until = until


class AgentRefused(AgentError):
    """The model declined the task."""

    code = "agent.refused"


class AgentStuck(AgentError):
    """The engine repeated itself without progress and was stopped."""

    code = "agent.stuck"


class AgentTimeout(AgentError):
    """The engine reached its time limit."""

    code = "agent.timeout"


class AgentOutputInvalid(AgentError):
    """The engine's answer is not valid."""

    code = "agent.output_invalid"


class WorkspaceError(PortError):
    """A worktree could not be made, read or removed."""

    code = "workspace"


class WorkspaceBusy(WorkspaceError):
    """The run's worktree is already in use."""

    code = "workspace.busy"
    retryable = True


class CheckoutDirty(WorkspaceError):
    """The running checkout has local changes or has diverged; it is left unchanged."""

    code = "workspace.checkout_dirty"


class MergeConflict(WorkspaceError):
    """Git cannot merge two commits: in `files`, where `sides` is what both have, as text."""

    code = "workspace.merge_conflict"

    def __init__(self, message: str, *, sides: dict[str, str], detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.files, self.sides = tuple(sides), "\n".join(filter(None, sides.values()))


class VerifierError(PortError):
    """Checks could not be run at all (a failing check is a verdict, not an error)."""

    code = "verifier"


class SandboxUnavailable(VerifierError):
    """This machine has no sandbox, and the configuration does not allow running without one."""

    code = "verifier.sandbox_unavailable"


class RehearsalError(PortError):
    """Nothing can be replayed on this machine, or a script is not valid."""

    code = "rehearsal"


class ForgeError(PortError):
    """The forge failed."""

    code = "forge"


class ForgeUnavailable(ForgeError):
    """The forge cannot be reached now; `until` is when it can, if known (a rate limit)."""

    code = "forge.unavailable"
    retryable = True

    def __init__(self, message: str, *, until: datetime | None = None, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.until = until


class ForgePending(ForgeError):
    """The forge's own required checks or reviews are not done yet."""

    code = "forge.pending"
    retryable = True


class ForgeConflict(ForgeError):
    """The head moved, or the change no longer merges cleanly."""

    code = "forge.conflict"


class BaseMoved(ForgeError):
    """The base branch has new commits, so a merge would differ from the tree that was checked."""

    code = "forge.base_moved"


class ForgeRejected(ForgeError):
    """The forge refused: missing permissions, required checks, or a closed proposal."""

    code = "forge.rejected"


class StoreError(PortError):
    """State could not be read or written."""

    code = "store"


class StoreConflict(StoreError):
    """Another writer changed this row first; read it again and decide again."""

    code = "store.conflict"
    retryable = True


class ChatError(PortError):
    """A message could not be sent to the chat."""

    code = "chat"


class ChatUnavailable(ChatError):
    """The chat cannot be reached now; the outbox keeps the message."""

    code = "chat.unavailable"
    retryable = True


class ChatRejected(ChatError):
    """The chat refuses this message for good: missing permission, deleted channel."""

    code = "chat.rejected"


class AlertUnavailable(PortError):
    """An alert channel cannot be reached or is busy; another attempt may help."""

    code = "alert_unavailable"
    retryable = True


class AlertRejected(PortError):
    """An alert channel refuses the alert for good: a wrong address, password or signature."""

    code = "alert_rejected"


class JournalError(PortError):
    """The journal could not be written or read."""

    code = "journal"

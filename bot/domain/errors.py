"""Every error Theseus raises on purpose, in one tree.

TheseusError
├── ConfigError            a file, key or option is wrong; names it and the way out
├── PolicyError            a person or a run may not do this
│   ├── NotAuthorized      not on the allow-list
│   ├── OutOfBounds        a path, size or tool outside what was granted
│   ├── StaleApproval      the approval was for another commit or an old card
│   ├── BudgetSpent        money, tokens or rate used up
│   ├── TooMany            the person has as much under way as one may
│   ├── Paused             autonomous work is off, or this is beyond the level set for it
│   └── Stopped            the emergency stop stands
├── RunError               the run cannot do this now
│   ├── UnknownRun         no such run
│   └── WrongStage         the run is not where this makes sense
├── PartMissing            a cog is played without the bot that it needs
├── UnknownItem            no such prompt, skill or cog, or no such version of it
├── NotRolledBack          an older version cannot be live; OtherVersionLive: not as it was seen
├── InvalidTransition      no such edge in the state machine: a mistake of ours
└── PortError              something behind a port failed
    ├── AgentError
    │   ├── AgentUnavailable   cannot be started or reached, or broke off
    │   ├── AgentMissing       the engine's program is not installed
    │   ├── AgentOverloaded    the provider is overloaded or failing
    │   ├── AgentSilent        no sign of life for too long
    │   ├── AgentUnauthorized  the provider does not accept the key
    │   ├── AgentForbidden     the key may not do this
    │   ├── AgentLimited       a usage limit; `until` says until when, where that is known
    │   ├── AgentRefused       the model declined to do this
    │   ├── AgentStuck         it went in circles
    │   ├── AgentTimeout       its time is used up
    │   └── AgentOutputInvalid its answer does not validate
    ├── WorkspaceError     WorkspaceBusy, CheckoutDirty, MergeConflict
    ├── VerifierError      SandboxUnavailable
    ├── RehearsalError     nothing can be played here, or not what is written
    ├── ForgeError         ForgeUnavailable, ForgePending, ForgeConflict, BaseMoved, ForgeRejected
    ├── StoreError         StoreConflict
    ├── ChatError          ChatUnavailable, ChatRejected
    ├── AlertUnavailable, AlertRejected
    └── JournalError

`str(error)` is safe to show in chat; `detail` may hold more and goes to the journal, redacted.
Vendor errors are mapped to these once, at the adapter.
"""

from datetime import datetime
from typing import ClassVar


class TheseusError(Exception):
    """Base of the tree. `code` is stable and journalled; `retryable` says if again helps."""

    code: ClassVar[str] = "theseus"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class ConfigError(TheseusError):
    """A setting, file or option is wrong. The message names it and the way out."""

    code = "config"


class PolicyError(TheseusError):
    """Somebody or something may not do this."""

    code = "policy"


class NotAuthorized(PolicyError):
    """The person is not on the list this needs.

    `member`: it is a person of our server, who may be told so; `able` names some on that list.
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
    """A cap on money, tokens or changes an hour was reached. `until`: free again, if ever."""

    code = "policy.budget_spent"

    def __init__(self, message: str, *, until: datetime | None = None, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.until = until


class TooMany(PolicyError):
    """The person has as many runs under way as one may have."""

    code = "policy.too_many"


class Paused(PolicyError):
    """The bot may not start this by itself now; people may still ask for it."""

    code = "policy.paused"


class Stopped(PolicyError):
    """The emergency stop stands: nothing is begun until a person lifts it."""

    code = "policy.stopped"


class RunError(TheseusError):
    """The run cannot do what was asked of it."""

    code = "run"


class UnknownRun(RunError):
    """There is no such run."""

    code = "run.unknown"


class WrongStage(RunError):
    """The run is not at a stage where this makes sense."""

    code = "run.wrong_stage"


class PartMissing(TheseusError, AttributeError):
    """A cog asks for a part of the bot that is not there, as where the cog is played alone."""

    code = "part_missing"


class UnknownItem(TheseusError):
    """Nothing of that name can change while the program runs, or that version is not kept."""

    code = "unknown_item"


class NotRolledBack(TheseusError):
    """An older version cannot be live: it is not valid now, or is taken back elsewhere."""

    code = "not_rolled_back"


class OtherVersionLive(TheseusError):
    """What is live is not what it was when somebody chose another version: they are asked again."""

    code = "other_version_live"


class InvalidTransition(TheseusError):
    """A run was to go where no edge of the state machine leads: a mistake of ours, never saved."""

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
    """The model's provider is overloaded or failing."""

    code = "agent.overloaded"
    retryable = True


class AgentSilent(AgentError):
    """The engine gave no sign of life for too long."""

    code = "agent.silent"
    retryable = True


class AgentUnauthorized(AgentError):
    """The model's provider does not accept the key."""

    code = "agent.unauthorized"


class AgentForbidden(AgentError):
    """The key is known, and may not do this."""

    code = "agent.forbidden"


class AgentLimited(AgentError):
    """A usage limit was reached; `until` is when it ends, `None` where nobody said."""

    code = "agent.limited"
    retryable = True

    def __init__(self, message: str, *, until: datetime | None = None, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.until = until


class AgentRefused(AgentError):
    """The model declined to do what it was asked."""

    code = "agent.refused"


class AgentStuck(AgentError):
    """The engine went in circles and was stopped."""

    code = "agent.stuck"


class AgentTimeout(AgentError):
    """The engine used up its time."""

    code = "agent.timeout"


class AgentOutputInvalid(AgentError):
    """The engine's answer does not validate."""

    code = "agent.output_invalid"


class WorkspaceError(PortError):
    """A worktree could not be made, read or removed."""

    code = "workspace"


class WorkspaceBusy(WorkspaceError):
    """The run's worktree is lent already."""

    code = "workspace.busy"
    retryable = True


class CheckoutDirty(WorkspaceError):
    """The running checkout has changes of its own or has diverged; it is left alone."""

    code = "workspace.checkout_dirty"


class MergeConflict(WorkspaceError):
    """Git cannot put two commits together by itself; `files` are those it stumbled over."""

    code = "workspace.merge_conflict"

    def __init__(self, message: str, *, files: tuple[str, ...] = (), detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.files = files


class VerifierError(PortError):
    """Checks could not be run at all (a failing check is a verdict, not an error)."""

    code = "verifier"


class SandboxUnavailable(VerifierError):
    """No sandbox on this machine, and running without one is not allowed by the configuration."""

    code = "verifier.sandbox_unavailable"


class RehearsalError(PortError):
    """Nothing can be played on this machine, or a script cannot be played as it is written."""

    code = "rehearsal"


class ForgeError(PortError):
    """The forge failed."""

    code = "forge"


class ForgeUnavailable(ForgeError):
    """The forge cannot be reached now; `until` is when it can, where it said so (a rate limit)."""

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
    """Merging would no longer come to what was checked: the base branch has new commits."""

    code = "forge.base_moved"


class ForgeRejected(ForgeError):
    """The forge refused: permissions, required checks, or a closed proposal."""

    code = "forge.rejected"


class StoreError(PortError):
    """State could not be read or written."""

    code = "store"


class StoreConflict(StoreError):
    """Somebody else wrote this row first; read again and decide anew."""

    code = "store.conflict"
    retryable = True


class ChatError(PortError):
    """Something could not be said in chat."""

    code = "chat"


class ChatUnavailable(ChatError):
    """The chat cannot be reached now; the outbox keeps the message."""

    code = "chat.unavailable"
    retryable = True


class ChatRejected(ChatError):
    """The chat refuses this message for good: missing permission, deleted channel."""

    code = "chat.rejected"


class AlertUnavailable(PortError):
    """A way to alert people cannot be reached, or is busy; another attempt may help."""

    code = "alert_unavailable"
    retryable = True


class AlertRejected(PortError):
    """A way to alert people refuses it for good: a wrong address, password or signature."""

    code = "alert_rejected"


class JournalError(PortError):
    """The journal could not be written or read."""

    code = "journal"

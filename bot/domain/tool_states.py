"""The state of each tool that the configuration names, as people and models see it."""

from dataclasses import dataclass
from typing import Literal

from bot.domain.tools import (
    McpAnswer,
    McpServer,
    ToolDescription,
    ToolMode,
    ToolPin,
    ToolRole,
    compute_digest,
    compute_fingerprint,
)

ToolStatus = Literal["on", "new", "changed", "missing", "refused", "unreachable"]


@dataclass(frozen=True)
class ToolState:
    """One tool: its server's entry, what the server says of it, and whether it may be used.

    `reason` says why it may not; `trial` is how its example was answered, if it has one.
    """

    server: McpServer
    tool: str
    mode: ToolMode
    status: ToolStatus
    reason: str = ""
    description: ToolDescription | None = None
    fingerprint: str = ""
    trial: McpAnswer | None = None

    @property
    def name(self) -> str:
        """`server/tool`."""
        return f"{self.server.name}/{self.tool}"

    def is_for(self, role: ToolRole) -> bool:
        """Return whether the tool is on, and for that role."""
        return self.status == "on" and role in self.server.roles

    @property
    def can_be_approved(self) -> bool:
        """True if a person may approve exactly this description."""
        return self.status in ("new", "changed")


@dataclass(frozen=True)
class SkillServer:
    """A server that a skill brings. It is not even started before an approver has agreed to it."""

    skill: str
    server: McpServer

    @property
    def fingerprint(self) -> str:
        """The digest of what an approver agrees to: everything in the skill's file."""
        return compute_digest("server of a skill", self.skill, self.server.model_dump(mode="json"))


def judge_tool(
    server: McpServer,
    tool: str,
    description: ToolDescription | None,
    pin: ToolPin | None,
    trial: McpAnswer | None,
) -> ToolState:
    """Return the state of a tool of a server that was listed."""
    rule = server.find_rule(tool)
    mode: ToolMode = rule.mode if rule is not None else "act"
    if description is None:
        reason = "the server has no such tool"
        return ToolState(server, tool, mode, "missing", reason)
    fingerprint = compute_fingerprint(server, description)
    status: ToolStatus = "on"
    reason = description.objection
    if reason:
        status = "refused"
    elif pin is None:
        status, reason = "new", "it waits for an approver"
    elif pin.fingerprint != fingerprint:
        status, reason = "changed", f"it has changed since {pin.by} approved it"
    return ToolState(server, tool, mode, status, reason, description, fingerprint, trial)

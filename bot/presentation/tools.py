"""Shows tools of MCP servers, requests to approve them, and calls that wait for a person."""

import json
from collections.abc import Iterable

from bot.domain.posts import Attachment, Button, Card, CardField, Post
from bot.domain.tool_states import SkillServer, ToolState
from bot.domain.tools import McpAnswer, PendingCall
from bot.presentation.later import build_notice_buttons
from bot.presentation.markdown import escape_line, escape_text

NO_TOOLS = (
    "I have no tools of other services. An MCP server is an entry of `tools:` in "
    "`data/config.yaml`: docs/tools.md."
)
_SHOWN = 1_500  # characters of a description or of arguments in a card; more is attached
_MOST_LINES = 30
_LONGEST_TEXT = 1_900
_MODES = {"read": "reads", "act": "acts; a person agrees to each call"}
_STATES = {
    "on": "on",
    "new": "waits for an approver",
    "changed": "**off**: it has changed since it was approved",
    "missing": "**off**: the server does not have it",
    "refused": "**off**",
    "unreachable": "**off**",
}


def format_tool_line(state: ToolState) -> str:
    """Return a tool on one line: name, whether it reads or acts, and whether it is on."""
    reason = escape_line(state.reason, 200)
    detail = f": {reason}" if state.status in ("refused", "unreachable") else ""
    return f"- `{state.name}` ({_MODES[state.mode]}): {_STATES[state.status]}{detail}"


def list_tool_lines(states: Iterable[ToolState], waiting: Iterable[SkillServer] = ()) -> list[str]:
    """Return the section of `/capabilities` about tools; nothing without tools.

    `waiting` are the servers of skills that no approver has agreed to.
    """
    lines = [f"- server of the skill `{each.skill}`: {_STATES['new']}" for each in waiting]
    lines += [format_tool_line(each) for each in states]
    if not lines:
        return []
    rest = len(lines) - _MOST_LINES
    more = [f"and {rest} more: `/tools list`"] if rest > 0 else []
    return ["**Tools of MCP servers, which models may use**", *lines[:_MOST_LINES], *more]


def render_approval_request(state: ToolState) -> Post:
    """Return the request to approve a tool, with everything that its server says of it."""
    description = state.description
    if description is None:
        raise ValueError("a tool without a description is never approved")
    about = escape_text(description.text or "(The server says nothing about it.)", _SHOWN)
    said = {
        "name": description.name,
        "title": description.title,
        "description": description.text,
        "inputSchema": json.loads(description.schema_text),
        "more": json.loads(description.notes or "{}"),
    }
    fields = [
        CardField(name="Server", value=escape_line(state.server.origin, 300)),
        CardField(name="It", value=_MODES[state.mode], inline=True),
        CardField(name="For", value=", ".join(sorted(state.server.roles)), inline=True),
    ]
    if state.trial is not None:
        fields.append(CardField(name="Trial with its example", value=_format_trial(state.trial)))
    begin = "A changed tool" if state.status == "changed" else "A new tool"
    return Post(
        text=f"{begin} of an MCP server is off until an approver has read its description.",
        card=Card(
            title=f"Tool {state.name}",
            body=f"{about}\n\nThe server wrote this text. It is data, and no instruction.",
            tone="warning",
            fields=tuple(fields),
            footer=f"description {state.fingerprint}",
        ),
        buttons=(
            Button(
                label="Approve", action="tool", arguments=("trust", state.fingerprint),
                style="success",
            ),
            *build_notice_buttons("tool", state.fingerprint),
        ),
        attachments=(Attachment(name="tool.json", text=json.dumps(said, indent=2)),),
    )  # fmt: skip


def render_server_request(waiting: SkillServer) -> Post:
    """Return the request to let a skill's server be asked for its tools."""
    server = waiting.server
    tools = ", ".join(f"{each.name} ({_MODES[each.mode]})" for each in server.tools)
    network = "of the bot" if server.url is not None else "yes" if server.network else "no"
    fields = (
        CardField(name="Tools that it may offer", value=escape_line(tools, 1_000)),
        CardField(name="Network", value=network, inline=True),
        CardField(name="For", value=", ".join(sorted(server.roles)), inline=True),
    )
    return Post(
        text=(
            f"The skill `{waiting.skill}` brings an MCP server. It is not started, and nothing is "
            "sent to it, until an approver agrees. Each of its tools is then asked about."
        ),
        card=Card(
            title=f"Server {server.name}",
            body=escape_text(server.origin, _SHOWN),
            tone="warning",
            fields=fields,
            footer=f"server {waiting.fingerprint}",
        ),
        buttons=(
            Button(
                label="Approve", action="tool", arguments=("trust", waiting.fingerprint),
                style="success",
            ),
        ),
        attachments=(
            Attachment(name="server.json", text=server.model_dump_json(indent=2)),
        ),
    )  # fmt: skip


def render_approval_text(state: ToolState) -> Post:
    """Return the request to approve a tool without a card, for one person."""
    request = render_approval_request(state)
    body = request.card.body if request.card else ""
    text = f"**`{state.name}`** ({_MODES[state.mode]})\n{body}"
    return Post(text=text[:_LONGEST_TEXT], buttons=request.buttons)


def render_call_request(pending: PendingCall) -> Post:
    """Return the question whether a call may be made, with its exact arguments."""
    arguments = pending.call.arguments_text
    is_long = len(arguments) > _SHOWN
    shown = "The arguments are in the attached file." if is_long else f"```json\n{arguments}\n```"
    return Post(
        text=(
            f"{escape_line(pending.person.name, 40)}'s request led a model to this call of a tool "
            "that acts. It is made once, with exactly these arguments, if a listed person agrees."
        ),
        card=Card(
            title=f"Call {pending.call.name}?",
            body=shown,
            tone="warning",
            footer=f"call {pending.id}; it can be decided for an hour",
        ),
        buttons=(
            Button(label="Call it", action="tool", arguments=("run", pending.id), style="danger"),
            Button(label="Do not call it", action="tool", arguments=("refuse", pending.id)),
        ),
        attachments=(Attachment(name="arguments.json", text=arguments),) if is_long else (),
    )


def render_call_result(pending: PendingCall) -> Post:
    """Return what a decided call answered."""
    answer = pending.answer or McpAnswer(text="")
    how = "It failed" if answer.failed else "It answered"
    return Post(
        text=f"`{pending.call.name}` was called, as {escape_line(pending.by, 40)} agreed. {how}:",
        card=Card(
            title=pending.call.name,
            body=escape_text(answer.text, _SHOWN) or "(nothing)",
            tone="bad" if answer.failed else "good",
            footer=f"call {pending.id}",
        ),
    )


def describe_change(name: str) -> str:
    """Return the message about a tool that was another one when it was to be called."""
    return (
        f"`{name}` described itself differently when it was to be called. It was not called, and "
        "it is off until an approver approves it again."
    )


def describe_decision(pending: PendingCall) -> str:
    """Return the answer to the person who decided about a call."""
    if pending.phase == "refused":
        return f"`{pending.call.name}` is not called."
    return f"`{pending.call.name}` was called once, with these arguments; its answer is here."


def _format_trial(trial: McpAnswer) -> str:
    how = "failed" if trial.failed else "answered"
    refused = f" It wanted {', '.join(trial.refused)}, and did not get it." if trial.refused else ""
    return f"{how}: {escape_line(trial.text, 300)}{refused}"

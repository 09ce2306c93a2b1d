"""Calls tools for models: reading ones at once, acting ones after a person agreed to the call."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError
from theseus_observe.redaction import redact

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.domain.errors import OutOfBounds, PortError, StaleApproval, UnknownItem
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.people import Person
from bot.domain.tool_errors import ToolChanged
from bot.domain.tool_states import ToolState
from bot.domain.tools import (
    LONGEST_ARGUMENTS,
    Arguments,
    CallPhase,
    McpAnswer,
    McpCall,
    PendingCall,
    ToolRole,
    compute_digest,
)
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.recorder import ActionRecorder
from bot.ports.tools import ToolServers
from bot.presentation.tools import render_call_request, render_call_result
from bot.tools.catalogue import ToolCatalogue, refuse_stranger
from bot.tools.stored_calls import StoredCalls, is_late

_MOST_WAITING = 5  # of one person: nobody reads more
_ASKED = (
    "This tool acts, so a listed person decides about this call with exactly these arguments; they "
    "were asked in the chat. Go on with other work. If you call it again later with the same "
    "arguments, you get the answer."
)
_JSON = TypeAdapter(Arguments)


@dataclass(frozen=True)
class ToolUser:
    """For whom a model uses tools: the person who asked, its role, and where people follow it."""

    person: Person
    role: ToolRole
    channel_id: int
    run_id: str | None = None


class ToolCalls:
    """Makes the calls of tools, each with the rights of the person who caused it."""

    def __init__(
        self,
        catalogue: ToolCatalogue,
        port: ToolServers,
        stored: StoredCalls,
        clock: Clock,
        authorizer: Authorizer,
        chat: Chat,
        recorder: ActionRecorder,
    ) -> None:
        self._catalogue = catalogue
        self._port = port
        self._stored = stored
        self._clock = clock
        self._authorizer = authorizer
        self._chat = chat
        self._recorder = recorder
        self._deciding = asyncio.Lock()

    @property
    def has_servers(self) -> bool:
        """True if the configuration names a server."""
        return self._catalogue.has_servers

    def list_tools(self, role: ToolRole) -> tuple[ToolState, ...]:
        """Return the tools that a model in that role may call."""
        return self._catalogue.list_usable(role)

    async def use(self, user: ToolUser, name: str, arguments: Mapping[str, object]) -> McpAnswer:
        """Call a tool, or ask people to let it be called; return the answer for the model.

        Raises `NotAuthorized` if the person who caused it may not, `UnknownItem` for a tool that is
        not on, `OutOfBounds` for arguments that may not be sent, and errors of the server.
        """
        state = self._catalogue.find(name)
        if state is None or not state.is_for(user.role):
            raise UnknownItem(f"There is no tool `{redact(name)[:80]}` here.")
        call = _build_call(state, arguments)
        refuse_stranger(state.server, user.person)
        note = f"tool {call.name}, arguments {compute_digest(call.arguments)}"
        await self._authorizer.ask(user.person, Act.ASK, user.run_id, note)
        if state.mode == "read":
            return await self._make(state, call, user)
        return await self._request(call, user)

    async def decide(self, person: Person, call_id: str, *, agreed: bool) -> PendingCall:
        """Make a call that waits, once, or drop it.

        Raises `NotAuthorized` for anyone who is not listed, `StaleApproval` if it does not wait any
        more or its tool has changed.
        """
        async with self._deciding:
            pending = await self._stored.get(call_id)
            name = pending.call.name if pending else "unknown"
            run_id = pending.run_id if pending else None
            verb = "agreed" if agreed else "refused"
            await self._authorizer.ask(person, Act.STEER, run_id, f"{verb}: {name} {call_id}")
            if pending is None:
                raise StaleApproval("That call is not stored any more. Nothing was called.")
            if pending.phase != "waiting" or is_late(pending, self._clock):
                raise StaleApproval("That call was already decided, or it is too old to decide.")
            state = self._catalogue.find(pending.call.name)
            if state is None or state.status != "on":
                raise StaleApproval(f"`{name}` is off now. Nothing was called.")
            if state.fingerprint != pending.call.fingerprint:
                raise StaleApproval(f"`{name}` has changed since it was asked. Nothing was called.")
            # Stored before the call: after a crash it is not made a second time.
            phase: CallPhase = "running" if agreed else "refused"
            pending = pending.replace(phase=phase, by=person.name)
            await self._stored.put(pending)
        if not agreed:
            return pending
        user = ToolUser(pending.person, pending.role, pending.channel_id, pending.run_id)
        try:
            answer = await self._make(state, pending.call, user)
        except PortError as error:
            answer = McpAnswer(text=str(error), failed=True)
        pending = pending.replace(phase="done", answer=answer)
        await self._stored.put(pending)
        post = render_call_result(pending)
        await self._chat.post(pending.channel_id, post, key=f"tool-result:{call_id}")
        return pending

    async def _request(self, call: McpCall, user: ToolUser) -> McpAnswer:
        """Return the answer of a decided call, or ask people about it."""
        async with self._deciding:
            stored = await self._stored.list_current()
            own = [each for each in stored if _is_same(each, call, user)]
            for each in own:
                if each.phase == "done" and not each.delivered and each.answer is not None:
                    await self._stored.put(each.replace(delivered=True))
                    return each.answer
                if each.phase == "refused":
                    return McpAnswer(text=f"{each.by} refused this call.", failed=True)
                if each.phase in ("waiting", "running"):
                    return McpAnswer(text=_ASKED)
            waiting = [
                each
                for each in stored
                if each.phase == "waiting" and each.person.id == user.person.id
            ]
            if len(waiting) >= _MOST_WAITING:
                text = f"{_MOST_WAITING} calls wait for a person already: nothing was asked."
                return McpAnswer(text=text, failed=True)
            pending = self._build_pending(call, user)
            await self._stored.put(pending)
        post = render_call_request(pending)
        await self._chat.post(user.channel_id, post, key=f"tool-call:{pending.id}")
        return McpAnswer(text=_ASKED)

    def _build_pending(self, call: McpCall, user: ToolUser) -> PendingCall:
        now = self._clock.now()
        exact = call.model_dump(mode="json")
        return PendingCall(
            id=compute_digest(
                exact, user.person.id, user.channel_id, user.run_id or "", now.isoformat()
            ),
            call=call,
            person=user.person,
            role=user.role,
            run_id=user.run_id,
            channel_id=user.channel_id,
            at=now,
        )

    async def _make(self, state: ToolState, call: McpCall, user: ToolUser) -> McpAnswer:
        """Make the call, and record it in the journal without its arguments and its answer."""
        started = self._clock.monotonic()
        outcome = ActionOutcome.ERROR
        try:
            answer = await self._port.call(state.server, call)
            outcome = ActionOutcome.ERROR if answer.failed else ActionOutcome.OK
        except ToolChanged:
            await self._catalogue.mark_changed(call.name)
            raise
        finally:
            self._recorder.record(
                Kind.TOOL,
                call.name,
                outcome,
                duration_ms=(self._clock.monotonic() - started) * 1_000,
                user_id=user.person.id,
                run_id=user.run_id,
                agent=user.role,
            )
        return answer.replace(text=redact(answer.text))


FindToolCalls = Callable[[], ToolCalls | None]
"""Returns what calls tools, which is built after the engines; `None` if nothing may be called."""


def find_no_tools() -> ToolCalls | None:
    """Return `None`: no tool of an MCP server may be called."""
    return None


def _build_call(state: ToolState, arguments: Mapping[str, object]) -> McpCall:
    """Return the call. Raises `OutOfBounds` for arguments that may not leave this machine."""
    try:
        text = json.dumps(arguments, ensure_ascii=False)
        exact = _JSON.validate_json(text)
    except (TypeError, ValueError, ValidationError, RecursionError) as error:
        raise OutOfBounds("`arguments` has to be a JSON object.") from error
    if len(text) > LONGEST_ARGUMENTS:
        raise OutOfBounds(f"`arguments` is longer than {LONGEST_ARGUMENTS:,} characters.")
    if redact(text) != text:
        raise OutOfBounds("`arguments` has something that looks like a secret: leave it out.")
    return McpCall(
        server=state.server.name, tool=state.tool, arguments=exact, fingerprint=state.fingerprint
    )


def _is_same(pending: PendingCall, call: McpCall, user: ToolUser) -> bool:
    """Return whether it is the same call for the same work."""
    return (
        pending.call == call
        and pending.person.id == user.person.id
        and pending.run_id == user.run_id
        and pending.channel_id == user.channel_id
    )

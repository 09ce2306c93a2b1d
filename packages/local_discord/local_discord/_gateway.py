"""The gateway: one WebSocket endpoint, sessions that survive a dropped socket."""

import asyncio
import json
import math
import secrets
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from local_discord._faults import Faults
from local_discord._session import CloseConnection, Session, Socket
from local_discord.world import PRIVILEGED, World, parse_intents

# Opcodes and close codes: https://discord.com/developers/docs/topics/opcodes-and-status-codes
HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME = 1, 2, 3, 4, 6
RECONNECT, MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 7, 8, 9, 10, 11
BAD_OPCODE, BAD_PAYLOAD, NOT_IDENTIFIED, BAD_TOKEN = 4001, 4002, 4003, 4004
TWICE, TIMED_OUT, BAD_SHARD, DISALLOWED = 4005, 4009, 4010, 4014

# discord.py notes the time of a heartbeat after sending it. A server on loopback may answer before
# that; the client then measures the latency as one full heartbeat interval. So we wait a little.
ACK_SECONDS = 0.02
MAX_SESSIONS = 8
_CLOSED_FOR_GOOD = (1000, 1001)  # a client that closes with one of these codes ends its session


class Gateway:
    """Sends events to every session; a session stores them for RESUME while its socket is closed.

    `privileged_intents` are those that bots asked for. `heartbeat_interval` is in seconds.
    `ack_seconds` is the delay before a heartbeat is acknowledged. `on_presence` is called when
    the bot connects or disconnects. A bot may identify once in `identify_seconds`, all its shards
    together (`max_concurrency` is 1); Discord takes 5 s, here it is 0.
    """

    def __init__(self, world: World, token: str, faults: Faults) -> None:
        self.url = ""
        self.heartbeat_interval = 41.25
        self.ack_seconds = ACK_SECONDS
        self.identify_seconds = 0.0
        self._identified = -math.inf
        self._gone = 0
        self.privileged_intents: set[str] = set()
        self.on_presence: Callable[[bool], None] = lambda _online: None
        self._world = world
        self._token = token
        self._faults = faults
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._sockets: set[Socket] = set()
        world.backend.gateway.append(self._publish)

    @property
    def online(self) -> bool:
        """True if a bot is connected and identified."""
        return any(session.socket is not None for session in self._sessions.values())

    @property
    def frame_count(self) -> int:
        """The number of frames sent to bots, plus one for each closed connection."""
        return self._gone + sum(socket.sent for socket in self._sockets)

    @property
    def reachable(self) -> bool:
        """True if a bot is connected or can still resume."""
        return bool(self._sessions)

    def _publish(self, event: str, payload: dict[str, Any]) -> None:
        for session in self._sessions.values():
            session.publish(event, payload, self._world.backend)

    # ------------------------------------------------------------------- faults

    def drop(self, code: int | None = None) -> None:
        """Cut every connection, or close it with `code`; sessions stay resumable."""
        for socket in list(self._sockets):
            socket.hang_up(code)

    def invalidate(self) -> None:
        """End every session, so that RESUME is refused."""
        sockets = [each.socket for each in self._sessions.values() if each.socket is not None]
        self._sessions.clear()
        for socket in sockets:
            socket.send(INVALID_SESSION, False)

    def forget_disconnected(self) -> None:
        """End every session without a connection, so that it cannot resume."""
        for session in list(self._sessions.values()):
            if session.socket is None or session.socket.ws.closed:
                del self._sessions[session.id]

    def announce_guilds(self) -> None:
        """Send every session the current guild, as Discord does after an outage."""
        for guild in self._world.list_guilds():
            self._publish("GUILD_CREATE", guild)

    def ask_reconnect(self) -> None:
        """Send op 7 (reconnect) to every connection."""
        for socket in self._sockets:
            socket.send(RECONNECT, None)

    def dispatch(self, event: str, data: Any) -> None:
        """Send every session this event with any data, valid or not."""
        for session in self._sessions.values():
            session.send(event, data)

    # --------------------------------------------------------------- connections

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until either side ends it."""
        if self._faults.take_gateway("gateway_refuse"):
            raise web.HTTPServiceUnavailable(text="the gateway refuses connections (a fault)")
        ws = web.WebSocketResponse(max_msg_size=1_000_000)
        await ws.prepare(request)
        socket = Socket(ws, request.transport)
        self._sockets.add(socket)
        socket.send(HELLO, {"heartbeat_interval": int(self.heartbeat_interval * 1000)})
        try:
            async with asyncio.TaskGroup() as both:
                writing = both.create_task(socket.write())
                await self._read(socket)
                writing.cancel()
        finally:
            self._sockets.discard(socket)
            self._gone += socket.sent + 1
            self._handle_disconnect(socket)
        return ws

    async def _read(self, socket: Socket) -> None:
        while not socket.is_closed:
            try:
                message = await socket.ws.receive(timeout=self.heartbeat_interval * 1.5)
            except TimeoutError:
                await socket.flush_and_close(TIMED_OUT)
                return
            if message.type is not WSMsgType.TEXT:
                return
            try:
                frame = json.loads(message.data)
                self._handle_frame(socket, int(frame["op"]), frame.get("d"))
            except (ValueError, KeyError, TypeError, AttributeError):
                await socket.flush_and_close(BAD_PAYLOAD)
            except CloseConnection as hang:
                await socket.flush_and_close(hang.code)

    def _handle_disconnect(self, socket: Socket) -> None:
        session = socket.session
        if session is None or session.socket is not socket:
            return
        session.socket = None
        if socket.ws.close_code in _CLOSED_FOR_GOOD and not socket.is_closed:
            self._sessions.pop(session.id, None)
        if not self.online:
            self.on_presence(False)

    # -------------------------------------------------------------------- opcodes

    def _handle_frame(self, socket: Socket, op: int, data: Any) -> None:
        if op == HEARTBEAT:
            if not self._faults.take_gateway("gateway_silence"):
                later = asyncio.get_running_loop().call_later
                later(self.ack_seconds, socket.send, HEARTBEAT_ACK, None)
        elif op == IDENTIFY:
            self._identify(socket, data)
        elif op == RESUME:
            self._resume(socket, data)
        elif op in (PRESENCE, VOICE, MEMBERS):
            if socket.session is None:
                raise CloseConnection(NOT_IDENTIFIED)
            if op == MEMBERS:
                self._send_members(socket.session, data)
        else:
            raise CloseConnection(BAD_OPCODE)

    def _check_token(self, data: dict[str, Any]) -> None:
        token = str(data["token"]).removeprefix("Bot ")
        if not secrets.compare_digest(token.encode(), self._token.encode()):
            raise CloseConnection(BAD_TOKEN)

    def _identify(self, socket: Socket, data: dict[str, Any]) -> None:
        self._check_token(data)
        if socket.session is not None:
            raise CloseConnection(TWICE)
        intents = parse_intents(int(data["intents"]))
        self.privileged_intents |= {name for name in PRIVILEGED if getattr(intents, name)}
        disallowed = self._world.rest.disallowed
        if any(getattr(intents, name) for name in PRIVILEGED if name in disallowed):
            raise CloseConnection(DISALLOWED)
        shard, count = _read_shard(data)
        now = asyncio.get_running_loop().time()
        if now - self._identified < self.identify_seconds:
            socket.send(INVALID_SESSION, False)
            return
        self._identified = now
        session = Session(secrets.token_hex(16), intents, shard, count)
        self._forget_oldest()
        self._sessions[session.id] = session
        session.attach(socket)
        session.publish("READY", self._build_ready(session, data), self._world.backend)
        for guild in self._world.list_guilds():
            session.publish("GUILD_CREATE", guild, self._world.backend)
        self.on_presence(True)

    def _forget_oldest(self) -> None:
        disconnected = [each.id for each in self._sessions.values() if each.socket is None]
        for session_id in disconnected[: max(0, len(self._sessions) - MAX_SESSIONS + 1)]:
            del self._sessions[session_id]

    def _build_ready(self, session: Session, data: dict[str, Any]) -> dict[str, Any]:
        ready: dict[str, Any] = {
            "v": 10,
            "user": self._world.show_user(self._world.bot),
            "guilds": [
                {"id": each["id"], "unavailable": True}
                for each in self._world.list_guilds()
                if session.has_guild(int(each["id"]))
            ],
            "private_channels": [],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.url,
            "application": {"id": str(self._world.backend.application_id), "flags": 0},
        }
        if "shard" in data:
            ready["shard"] = data["shard"]
        return ready

    def _resume(self, socket: Socket, data: dict[str, Any]) -> None:
        self._check_token(data)
        if socket.session is not None:
            raise CloseConnection(TWICE)
        session = self._sessions.get(str(data["session_id"]))
        if session is None or not session.can_replay(int(data["seq"])):
            socket.send(INVALID_SESSION, False)
            return
        if session.socket is not None:
            session.socket.hang_up(None)
        session.attach(socket)
        session.replay(int(data["seq"]))
        session.publish("RESUMED", {}, self._world.backend)
        self.on_presence(True)

    def _send_members(self, session: Session, data: dict[str, Any]) -> None:
        chunk = self._world.find_members(
            int(data["guild_id"]),
            data.get("user_ids"),
            str(data.get("query") or ""),
            int(data.get("limit") or 0),
        )
        chunk |= {"guild_id": str(data["guild_id"]), "chunk_index": 0, "chunk_count": 1}
        if data.get("nonce"):
            chunk["nonce"] = data["nonce"]
        session.publish("GUILD_MEMBERS_CHUNK", chunk, self._world.backend)


def _read_shard(data: dict[str, Any]) -> tuple[int, int]:
    """Return the shard of an IDENTIFY and how many there are."""
    shard, count = (int(each) for each in data.get("shard") or (0, 1))
    if not 0 <= shard < count:
        raise CloseConnection(BAD_SHARD)
    return shard, count

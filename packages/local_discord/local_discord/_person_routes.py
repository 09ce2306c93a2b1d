"""The person side's routes: the world, messages, reactions, threads, faults."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from local_discord._events import EventLog, EventStream
from local_discord._faults import Faults
from local_discord._gateway import Gateway
from local_discord.world import LocalPerson, Refused, World, as_id

Answer = Callable[[web.Request], Awaitable[Any]]


async def read_body(request: web.Request) -> dict[str, Any]:
    """Return the request's JSON object, whatever its content type. Raises `Refused` (400)."""
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError as error:
        raise Refused(400, f"the body is not JSON: {error}; send an object") from error
    if not isinstance(body, dict):
        raise Refused(400, 'the body must be a JSON object, such as {"user": "alice", ...}')
    return body


def require(body: Mapping[str, Any], key: str, why: str) -> Any:
    """Return the value of a required key. Raises `Refused` (400) if it is missing."""
    if body.get(key) is None:
        raise Refused(400, f"{key}: missing; {why}")
    return body[key]


class PersonRoutes:
    """Serves every route under `/local` except interactions."""

    def __init__(
        self,
        world: World,
        gateway: Gateway,
        log: EventLog,
        stream: EventStream,
        faults: Faults,
    ) -> None:
        self._world = world
        self._gateway = gateway
        self._log = log
        self._stream = stream
        self._faults = faults

    def list_routes(self) -> list[web.RouteDef]:
        """Return the routes to add to an application."""
        return [
            web.get("/local/world", self.get_world),
            web.get("/local/channels/{channel}/messages", self.list_messages),
            web.get("/local/channels/{channel}/messages/{message}", self.get_message),
            web.get("/local/channels/{channel}/threads", self.list_threads),
            web.post("/local/members", self.join),
            web.post("/local/messages", self.say),
            web.patch("/local/messages", self.edit),
            web.delete("/local/messages", self.delete),
            web.post("/local/reactions", self.react),
            web.post("/local/threads", self.open_thread),
            web.post("/local/typing", self.start_typing),
            web.get("/local/events", self._stream.serve),
            web.post("/local/faults", self.plant),
            web.get("/local/faults", self.list_faults),
            web.delete("/local/faults", self.clear),
            web.delete("/local/faults/{fault}", self.clear),
        ]

    # ------------------------------------------------------------------ reading

    async def get_world(self, _request: web.Request) -> web.Response:
        """Serve `GET /local/world`."""
        shown = self._world.show()
        shown["bot"]["online"] = self._gateway.online
        return web.json_response({**shown, "last_event_id": self._log.last_id})

    async def list_messages(self, request: web.Request) -> web.Response:
        """Serve `GET /local/channels/{channel}/messages`."""
        channel = self._world.lookup.find_channel(request.match_info["channel"])
        query = request.query
        viewer = None
        if query.get("user"):
            user = self._world.lookup.find_person(query["user"])
            self._world.lookup.require_access(user, channel)
            viewer = user.id
        messages = self._world.backend.messages[channel.id].values()
        after, before = _parse_number(query, "after"), _parse_number(query, "before")
        shown = [
            message
            for message in sorted(messages, key=lambda each: each.id)
            if message.visible_to(viewer)
            and (after is None or message.id > after)
            and (before is None or message.id < before)
        ]
        limit = _parse_number(query, "limit")
        if limit is not None:
            shown = shown[max(0, len(shown) - limit) :]
        return web.json_response([self._world.show_message(each, viewer) for each in shown])

    async def get_message(self, request: web.Request) -> web.Response:
        """Serve `GET /local/channels/{channel}/messages/{message}`."""
        channel = self._world.lookup.find_channel(request.match_info["channel"])
        message = self._world.lookup.find_message(channel, request.match_info["message"])
        viewer = None
        if request.query.get("user"):
            viewer = self._world.lookup.find_person(request.query["user"]).id
        if not message.visible_to(viewer):
            raise Refused(
                404, "message: it is ephemeral; add ?user= with the person who may see it"
            )
        return web.json_response(self._world.show_message(message, viewer))

    async def list_threads(self, request: web.Request) -> web.Response:
        """Serve `GET /local/channels/{channel}/threads`."""
        channel = self._world.lookup.find_channel(request.match_info["channel"])
        everywhere = self._world.show()["threads"]
        return web.json_response([t for t in everywhere if t["parent_id"] == str(channel.id)])

    # ------------------------------------------------------------------- acting

    async def join(self, request: web.Request) -> web.Response:
        """Serve `POST /local/members`."""
        body = await read_body(request)
        name = str(require(body, "name", "the name of the new member"))
        roles = body.get("roles") or ()
        if not isinstance(roles, list | tuple) or not all(isinstance(each, str) for each in roles):
            raise Refused(400, "roles: give a list of role names, or omit it")
        user = self._world.join(LocalPerson(name, listed=False, roles=tuple(roles)))
        return web.json_response(self._world.show_member(user), status=201)

    async def _read_context(self, request: web.Request) -> tuple[dict[str, Any], Any, Any]:
        body = await read_body(request)
        user = self._world.lookup.find_person(
            require(body, "user", "a name or an id from /local/world")
        )
        channel = self._world.lookup.find_channel(
            require(body, "channel", "a name such as dev, or an id")
        )
        return body, user, channel

    async def say(self, request: web.Request) -> web.Response:
        """Serve `POST /local/messages`."""
        body, user, channel = await self._read_context(request)
        nonce = body.get("nonce")
        message = self._world.actions.say(
            user,
            channel,
            body.get("content") or "",
            reply_to=body.get("reply_to"),
            forward=body.get("forward"),
            files=body.get("attachments") or (),
            nonce=None if nonce is None else str(nonce),
        )
        return web.json_response(self._world.show_message(message, user.id))

    async def edit(self, request: web.Request) -> web.Response:
        """Serve `PATCH /local/messages`."""
        body, user, channel = await self._read_context(request)
        ref = require(body, "message", "the id of the person's own message")
        message = self._world.actions.edit(user, channel, ref, body.get("content") or "")
        return web.json_response(self._world.show_message(message, user.id))

    async def delete(self, request: web.Request) -> web.Response:
        """Serve `DELETE /local/messages`."""
        body, user, channel = await self._read_context(request)
        ref = require(body, "message", "the id of the person's own message")
        message = self._world.actions.delete(user, channel, ref)
        return web.json_response({"deleted": str(message.id)})

    async def react(self, request: web.Request) -> web.Response:
        """Serve `POST /local/reactions`."""
        body, user, channel = await self._read_context(request)
        ref = require(body, "message", "the id of the message to react to")
        remove = bool(body.get("remove", False))
        emoji = require(body, "emoji", "the emoji itself, such as ✅")
        message = self._world.actions.react(user, channel, ref, emoji, remove=remove)
        return web.json_response(self._world.show_message(message, user.id))

    async def open_thread(self, request: web.Request) -> web.Response:
        """Serve `POST /local/threads`."""
        body, user, channel = await self._read_context(request)
        name = str(require(body, "name", "the name of the thread"))
        thread = self._world.actions.open_thread(user, channel, name, body.get("message"))
        return web.json_response(self._world.show_channel(thread))

    async def start_typing(self, request: web.Request) -> web.Response:
        """Serve `POST /local/typing`."""
        _, user, channel = await self._read_context(request)
        self._world.actions.start_typing(user, channel)
        return web.json_response({})

    # ------------------------------------------------------------------- faults

    async def plant(self, request: web.Request) -> web.Response:
        """Serve `POST /local/faults`."""
        fault = self._faults.plant(await read_body(request))
        self._apply_portal_faults()
        if fault.kind == "gateway_drop":
            self._gateway.drop(fault.code)
        elif fault.kind == "gateway_invalidate":
            self._gateway.invalidate()
        elif fault.kind == "gateway_reconnect":
            self._gateway.ask_reconnect()
        elif fault.kind == "gateway_dispatch":
            self._gateway.dispatch(fault.event, fault.data)
        return web.json_response(fault.to_json(), status=201)

    def _apply_portal_faults(self) -> None:
        self._world.rest.disallowed = self._faults.get_disallowed_intents()
        self._world.rest.uninvited = self._faults.is_uninvited()

    async def list_faults(self, _request: web.Request) -> web.Response:
        """Serve `GET /local/faults`."""
        return web.json_response({"faults": self._faults.to_json()})

    async def clear(self, request: web.Request) -> web.Response:
        """Serve `DELETE /local/faults`, for all faults or one."""
        one = request.match_info.get("fault")
        if not self._faults.clear(None if one is None else as_id(one, "fault")):
            raise Refused(404, f"fault: there is no {one!r}; see GET /local/faults")
        self._apply_portal_faults()
        return web.json_response({"faults": self._faults.to_json()})


def _parse_number(query: Mapping[str, str], key: str) -> int | None:
    text = query.get(key)
    if not text:
        return None
    if not text.isascii() or not text.isdecimal():
        raise Refused(400, f"{key}: give a number, not {text!r}")
    return int(text)

"""`POST /local/interactions` and `GET /local/commands`, which accept several forms of input."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from local_discord._events import EventLog
from local_discord._gateway import Gateway
from local_discord._person_routes import read_body, require
from local_discord.world import Refused, World

KINDS = ("command", "component", "modal", "autocomplete")
_ALSO_CALLED = {
    "slash": "command",
    "context_menu": "command",
    "menu": "command",
    "button": "component",
    "select": "component",
    "modal_submit": "modal",
}
_PRIVATE_RESULTS = ("modal", "failed", "choices")


class InteractionRoutes:
    """Runs a command, component or modal for a person, and returns the outcome."""

    def __init__(self, world: World, gateway: Gateway, log: EventLog) -> None:
        self._world = world
        self._gateway = gateway
        self._log = log
        world.rest.on_commands = lambda: log.add("commands", {})

    def list_routes(self) -> list[web.RouteDef]:
        """Return the routes to add to an application."""
        return [
            web.get("/local/commands", self.list_commands),
            web.post("/local/interactions", self.interact),
        ]

    async def list_commands(self, request: web.Request) -> web.Response:
        """Serve `GET /local/commands`."""
        first = next(iter(self._world.people.values()))
        user = self._world.lookup.find_person(request.query.get("user") or str(first))
        place = request.query.get("channel") or str(self._world.channel_ids[0])
        channel = self._world.lookup.find_channel(place)
        return web.json_response(
            {"commands": self._world.interactions.list_commands(user, channel)}
        )

    async def interact(self, request: web.Request) -> web.Response:
        """Serve `POST /local/interactions`."""
        body = await read_body(request)
        body = {_ALSO_CALLED.get(key, key): value for key, value in body.items()}
        kinds = [kind for kind in KINDS if body.get(kind) is not None]
        if len(kinds) != 1:
            raise Refused(400, f"give exactly one of {', '.join(KINDS)}; got {kinds or 'none'}")
        user = self._world.lookup.find_person(
            require(body, "user", "a name or an id from /local/world")
        )
        channel = self._world.lookup.find_channel(
            require(body, "channel", "a name such as dev, or an id")
        )
        self._world.lookup.require_access(user, channel)
        record = self._start(kinds[0], body, user, channel)
        outcome = await self._world.wait_for_outcome(record, reachable=self._gateway.reachable)
        self._report(outcome, user.id, channel.id)
        return web.json_response(outcome)

    def _start(self, kind: str, body: dict[str, Any], user: Any, channel: Any) -> Any:
        builder = self._world.interactions
        if kind == "command":
            name, rest = _split(body, "command", "name")
            target = _get_first(rest, "target", "message", "target_id", "message_id")
            return builder.run_command(user, channel, name, rest.get("options"), target)
        if kind == "component":
            name, rest = _split(body, "component", "custom_id")
            values = rest.get("values") or []
            values = values if isinstance(values, list) else [values]
            ref = _get_first(rest, "message", "message_id")
            return builder.use_component(user, channel, name, ref, values)
        if kind == "modal":
            name, rest = _split(body, "modal", "custom_id")
            return builder.submit_modal(user, channel, name, _parse_fields(rest))
        name, rest = _split(body, "autocomplete", "command")
        option = str(
            require({**rest, "option": _get_first(rest, "option", "focused")}, "option", "which")
        )
        value = str(rest.get("value") or "")
        return builder.autocomplete(user, channel, name, option, value, rest.get("options"))

    def _report(self, result: dict[str, Any], user_id: int, channel_id: int) -> None:
        where = {"channel_id": str(channel_id), "user_id": str(user_id)}
        private = result["ephemeral"] or result["result"] in _PRIVATE_RESULTS
        self._log.add("interaction", {**where, **result}, user_id if private else None)


def _split(body: dict[str, Any], kind: str, name_key: str) -> tuple[str, dict[str, Any]]:
    """Return the name of a command or component and its other fields.

    The value is either the name itself, with its fields as siblings, or an object.
    """
    what = body[kind]
    if isinstance(what, Mapping):
        # Fields outside the object count too; fields inside take precedence.
        rest = {**body, **what}
        name = what.get(name_key) or what.get("name")
        path = [str(what[key]) for key in ("group", "subcommand") if what.get(key)]
        name = " ".join([str(name), *path]) if name else None
    else:
        name, rest = what, body
    if not isinstance(name, str) or not name.strip():
        raise Refused(400, f"{kind}: give its {name_key}, as text")
    return name.strip(), rest


def _get_first(rest: Mapping[str, Any], *keys: str) -> Any:
    return next((rest[key] for key in keys if rest.get(key) is not None), None)


def _parse_fields(rest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a modal from a mapping, a list, or Discord's own `components`."""
    fields = rest.get("fields")
    if isinstance(fields, Mapping):
        return {str(name): value for name, value in fields.items()}
    if fields is None and rest.get("values") is not None:
        return _parse_fields({"fields": rest["values"]})
    found: dict[str, Any] = {}
    listed = fields or rest.get("components") or []
    pending = list(listed) if isinstance(listed, list) else [listed]
    while pending:
        part = pending.pop(0)
        if not isinstance(part, Mapping):
            raise Refused(400, 'fields: give an object such as {"reason": "..."}')
        pending += list(part.get("components") or ())
        pending += [part["component"]] if part.get("component") else []
        if part.get("custom_id"):
            value = part.get("value")
            found[str(part["custom_id"])] = part.get("values") if value is None else value
    return found

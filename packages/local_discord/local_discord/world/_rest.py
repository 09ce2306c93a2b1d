"""Discord's REST API: simcord's routes, and a few that it lacks."""

import dataclasses
import io
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simcord.backend import errors, serializers
from simcord.backend.errors import BackendError
from simcord.http.router import RouteNotImplemented, UnsupportedField, dispatch

from local_discord.limits import find_refusal
from local_discord.limits.shapes import Fault, build_error_tree
from local_discord.world._backend import NONCE_LENGTH, LocalBackend
from local_discord.world._object_keys import APPLICATION
from local_discord.world._payloads import complete_payload

_log = logging.getLogger(__name__)

# Application flags of an unverified bot whose privileged intents are switched on.
_INTENT_FLAGS = {"presences": 1 << 13, "members": 1 << 15, "message_content": 1 << 19}
_INVALID_FORM = 50035
_MAKES = ("threads",)  # routes whose POST is answered with 201


@dataclass(frozen=True)
class Upload:
    """One uploaded file, as simcord's routes read it."""

    filename: str
    content: bytes
    description: str | None = None

    @property
    def fp(self) -> io.BytesIO:
        """The content as a file, from its start."""
        return io.BytesIO(self.content)


@dataclass(frozen=True)
class Call:
    """One REST request of the bot: `path` begins after `/api/v10` and keeps its quoting."""

    method: str
    path: str
    json: Any = None
    params: Mapping[str, str] | None = None
    files: Sequence[Upload] = ()
    reason: str | None = None

    @property
    def segments(self) -> list[str]:
        """The parts of the path."""
        return self.path.strip("/").split("/")


class RestApi:
    """Answers the bot's REST requests from the backend.

    `on_callback` receives the id of every interaction that the bot has just responded to.
    `disallowed` are the privileged intents that the developer portal does not grant. `uninvited`
    hides the guild, as if the bot had not been invited yet.
    """

    def __init__(self, backend: LocalBackend, *, owner_id: int) -> None:
        self._backend = backend
        self._owner_id = owner_id
        self.on_callback: Callable[[int], None] = lambda _id: None
        self.on_commands: Callable[[], None] = lambda: None
        self.disallowed: frozenset[str] = frozenset()
        self.uninvited = False

    def answer(self, call: Call) -> tuple[int, Any]:
        """Perform one request; return Discord's status and the JSON body (`None` for no body)."""
        try:
            refused = find_refusal(call.method, call.segments, call.json, len(call.files))
            if refused is not None:
                return refused
            body = self._perform(call)
        except (RouteNotImplemented, UnsupportedField) as gap:
            _log.warning("not in the local Discord: %s", gap)
            return 501, {"code": 0, "message": str(gap)}
        except BackendError as error:
            return error.status, _build_error_body(error)
        except (KeyError, ValueError, TypeError, AttributeError, NotImplementedError) as error:
            # simcord reads bodies key by key, so a malformed body raises one of these.
            _log.info("malformed %s %s: %r", call.method, call.path, error)
            return 400, _build_error_body(errors.invalid_form_body(repr(error)))
        if body is None:
            return 204, None
        return self._get_status(call), complete_payload(
            body, self._backend, viewer=self._backend.bot_user.id
        )

    def _get_status(self, call: Call) -> int:
        return 201 if call.method == "POST" and call.segments[-1] in _MAKES else 200

    def _perform(self, call: Call) -> Any:
        match [call.method, *call.segments]:
            case ["POST", "channels", channel, "messages"]:
                return self._create_message(call, int(channel))
            case ["GET", "channels", channel, "messages"]:
                return self._list_messages(call, int(channel))
            case ["POST", "interactions", interaction, _, "callback"]:
                return self._perform_callback(call, int(interaction))
            case ["GET", "oauth2", "applications", "@me"] | ["GET", "applications", "@me"]:
                return self._build_application(call)
            case ["GET", "users", "@me", "guilds"]:
                return [] if self.uninvited else self._list_guilds(call)
            case [_, "guilds", guild, *rest]:
                return self._perform_in_guild(call, int(guild), rest)
            case [method, "applications", _, *rest] if rest and rest[-1] == "commands":
                if method == "POST":
                    return self._add_command(call, rest)
                return self._perform_commands(call)
            case ["DELETE" | "GET" | "PATCH", "applications", _, *rest, "commands", command_id]:
                return self._perform_command(call, rest, command_id)
        return self._dispatch(call)

    def _dispatch(self, call: Call) -> Any:
        return dispatch(
            self._backend,
            call.method,
            call.path,
            json=call.json,
            params=dict(call.params or {}),
            files=list(call.files),
            reason=call.reason,
        )

    def _create_message(self, call: Call, channel_id: int) -> Any:
        body = call.json if isinstance(call.json, dict) else {}
        nonce = None if body.get("nonce") is None else str(body["nonce"])
        if nonce is not None and len(nonce) > NONCE_LENGTH:
            raise errors.invalid_form_body(f"nonce: Must be {NONCE_LENGTH} or fewer in length.")
        author = self._backend.bot_user.id
        if nonce is not None and body.get("enforce_nonce"):
            earlier = self._backend.find_by_nonce(author, nonce)
            if earlier is not None:
                return dict(serializers.message_payload(self._backend, earlier))
        self._backend.nonce = nonce
        try:
            payload = self._dispatch(call)
        finally:
            self._backend.nonce = None
        if nonce is not None:
            message = self._backend.get_message(channel_id, int(payload["id"]))
            self._backend.remember_nonce(message, nonce)
        return payload

    def _list_messages(self, call: Call, channel_id: int) -> Any:
        """Return messages of a channel.

        For `after`, simcord returns the newest messages; Discord returns those that follow
        directly, and reading on from a known message depends on that.
        """
        params = dict(call.params or {})
        limit = int(params.get("limit", 50))
        if not 1 <= limit <= 100:
            raise errors.invalid_form_body("limit: int value should be between 1 and 100.")
        if "after" not in params:
            return self._dispatch(call)
        if not self._dispatch(dataclasses.replace(call, params={"limit": "1"})):
            return []  # simcord has checked: the channel is empty or the bot may not read it
        messages = sorted(self._backend.messages[channel_id].values(), key=lambda each: each.id)
        after = int(params["after"])
        following = [each for each in messages if each.id > after and not each.is_ephemeral][:limit]
        return [serializers.message_payload(self._backend, each) for each in reversed(following)]

    def _perform_in_guild(self, call: Call, guild_id: int, rest: list[str]) -> Any:
        if self.uninvited:
            raise errors.unknown_guild()
        if [call.method, *rest] == ["GET", "members", "search"]:
            return self._search_members(call, guild_id)
        body = self._dispatch(call)
        if [call.method, *rest] == ["GET", "threads", "active"]:
            body = {**body, "has_more": False}
        return body

    def _list_guilds(self, call: Call) -> Any:
        mine = self._backend.bot_user.id
        return [
            {
                **guild,
                "owner": False,
                "permissions": str(self._backend.compute_permissions(int(guild["id"]), mine)),
            }
            for guild in self._dispatch(call)
        ]

    def _search_members(self, call: Call, guild_id: int) -> Any:
        """Return members whose user name or nickname begins with `query`; simcord has no such
        route.
        """
        params = dict(call.params or {})
        start, limit = params["query"].casefold(), int(params.get("limit", 1))
        members = dispatch(
            self._backend, "GET", f"/guilds/{guild_id}/members", params={"limit": "1000"}
        )
        names = [[each["user"]["username"], each.get("nick") or ""] for each in members]
        found = [
            each
            for each, named in zip(members, names, strict=True)
            if any(name.casefold().startswith(start) for name in named)
        ]
        return found[:limit]

    def _perform_callback(self, call: Call, interaction_id: int) -> Any:
        body = self._dispatch(call)
        self.on_callback(interaction_id)
        wanted = str((call.params or {}).get("with_response", "")).lower()
        return body if wanted in ("1", "true") else None

    def _build_application(self, call: Call) -> Any:
        known = dispatch(self._backend, "GET", "/oauth2/applications/@me")
        owner = self._backend.get_user(self._owner_id)
        flags = sum(bit for name, bit in _INTENT_FLAGS.items() if name not in self.disallowed)
        owned = {"owner": dict(serializers.user_payload(owner))}
        return {**APPLICATION, **known, **owned, "flags": flags, "flags_new": str(flags)}

    # --------------------------------------------- single commands, which simcord lacks

    def _perform_commands(self, call: Call) -> Any:
        body = self._dispatch(call)
        if call.method != "GET":
            self.on_commands()
        return body

    def _find_commands(self, rest: list[str]) -> tuple[str, list[dict[str, Any]]]:
        scope = "/".join(part for part in rest if part != "commands")
        path = f"/applications/{self._backend.application_id}/{scope}/commands".replace("//", "/")
        return path, dispatch(self._backend, "GET", path)

    def _put_all(self, path: str, commands: list[dict[str, Any]]) -> Any:
        assigned = ("id", "application_id", "guild_id", "version")  # set by Discord, not the bot
        bare = [{k: v for k, v in each.items() if k not in assigned} for each in commands]
        refused = find_refusal("PUT", path.strip("/").split("/"), bare)
        if refused is not None:
            status, body = refused
            code, message = body["code"], body["message"]
            raise BackendError(status, code, message, errors=body.get("errors"))
        answer = dispatch(self._backend, "PUT", path, json=bare)
        self.on_commands()
        return answer

    def _add_command(self, call: Call, rest: list[str]) -> Any:
        path, known = self._find_commands(rest)
        new = dict(call.json or {})
        key = (new["name"], new.get("type", 1))
        others = [each for each in known if (each["name"], each["type"]) != key]
        return self._put_all(path, [*others, new])[-1]

    def _perform_command(self, call: Call, rest: list[str], command_id: str) -> Any:
        path, known = self._find_commands(rest)
        found = next((each for each in known if each["id"] == command_id), None)
        if found is None:
            raise BackendError(404, 10063, "Unknown application command")
        if call.method == "GET":
            return found
        others = [each for each in known if each["id"] != command_id]
        if call.method == "DELETE":
            self._put_all(path, others)
            return None
        return self._put_all(path, [*others, {**found, **(call.json or {})}])[-1]


def _build_error_body(error: BackendError) -> dict[str, Any]:
    """Return the error body; split simcord's message about a form into path and reason."""
    body = error.to_json()
    if error.code != _INVALID_FORM or error.errors is not None:
        return body
    detail = error.message.partition(": ")[2] or error.message
    where, _, reason = detail.rpartition(": ")
    path = tuple(each for each in re.split(r"[.\[\]]+", where) if each)
    fault = Fault(path, "BASE_TYPE_INVALID", reason or detail)
    return {**body, "message": "Invalid Form Body", "errors": build_error_tree([fault])}

"""Tools of MCP servers: how they are configured, what a server says of them, who approved it."""

import hashlib
import json
import re
import unicodedata
from typing import Annotated, Literal, Self

from pydantic import AnyHttpUrl, AwareDatetime, Field, JsonValue, model_validator
from theseus_guard.record import Record

from bot.domain.names import Name
from bot.domain.people import PeopleList, Person

Arguments = dict[str, JsonValue]
ToolMode = Literal["read", "act"]
ToolRole = Literal["chat", "planner", "executor"]
ServerName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,30}$")]
SecretName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,60}$")]

LONGEST_DESCRIPTION = 4_000
LONGEST_SCHEMA = 20_000
LONGEST_ARGUMENTS = 20_000
LONGEST_ANSWER = 100_000
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class ToolRule(Record):
    """One tool that may be used. A tool that is not known to only read is one that acts."""

    name: str = Field(min_length=1, max_length=64)
    mode: ToolMode = "act"
    example: Arguments | None = Field(
        default=None, description="arguments for a trial before somebody approves a reading tool"
    )

    @model_validator(mode="after")
    def _try_only_what_reads(self) -> Self:
        if self.example is not None and self.mode == "act":
            raise ValueError("a tool with mode act is never tried: remove its example")
        return self


class McpServer(Record):
    """One MCP server of `tools:`: a command that runs in the sandbox, or an address."""

    name: ServerName
    command: tuple[str, ...] = Field(default=(), description="a program, which speaks over stdio")
    url: AnyHttpUrl | None = Field(default=None, description="of a server that speaks HTTP")
    network: bool = Field(default=False, description="whether the command may use the network")
    secrets: tuple[SecretName, ...] = Field(
        default=(), description="variables, or headers of a url; values: THESEUS_TOOL_SECRETS"
    )
    tools: tuple[ToolRule, ...] = Field(min_length=1, max_length=50)
    roles: frozenset[ToolRole] = frozenset({"chat", "planner", "executor"})
    people: PeopleList = Field(
        default=PeopleList(), description="of the listed people, who may cause its use; empty: all"
    )
    seconds: float = Field(default=30.0, gt=0, le=600)
    characters: int = Field(default=20_000, ge=100, le=LONGEST_ANSWER)

    @model_validator(mode="after")
    def _require_one_way(self) -> Self:
        if bool(self.command) == (self.url is not None):
            raise ValueError("give either command or url")
        if self.url is not None and (self.url.username or self.url.password):
            raise ValueError("no password in url: list a header in secrets")
        if self.secrets and self.url is not None and not _is_private(self.url):
            raise ValueError("a url with secrets begins with https://, unless it is this machine")
        if self.url is not None and self.network:
            raise ValueError("network is for a command; a url has the network of the bot")
        names = [each.name for each in self.tools]
        if repeated := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two tools have the name {repeated}; remove one")
        return self

    @property
    def origin(self) -> str:
        """What is started or reached, as people read it."""
        return str(self.url) if self.url is not None else " ".join(self.command)

    def find_rule(self, tool: str) -> ToolRule | None:
        """Return what the configuration says of a tool, if it names it."""
        return next((each for each in self.tools if each.name == tool), None)


class ToolDescription(Record):
    """What a server says of one of its tools: data, which may try to instruct a model."""

    name: str
    title: str = ""
    text: str = ""
    schema_text: str = Field(default="{}", description="JSON schema of the arguments, sorted")
    notes: str = Field(default="", description="everything else it says of it, as sorted JSON")

    @property
    def objection(self) -> str:
        """Why no person may approve it; empty if they may."""
        if not _PLAIN_NAME.fullmatch(self.name):
            return "its name is not plain: letters, digits, `_`, `.` and `-`"
        if len(self.text) + len(self.title) > LONGEST_DESCRIPTION:
            return f"its description is longer than {LONGEST_DESCRIPTION:,} characters"
        if len(self.schema_text) + len(self.notes) > LONGEST_SCHEMA:
            return f"its schema is longer than {LONGEST_SCHEMA:,} characters"
        whole = f"{self.title}{self.text}{json.loads(self.schema_text)}{self.notes}"
        if any(_is_hidden(each) for each in whole):
            return "its description or schema has characters that people cannot see"
        return ""


class ToolPin(Record):
    """A description that a person approved: only exactly this one may be used."""

    server: ServerName
    tool: str
    fingerprint: str
    by: Name
    person_id: int
    at: AwareDatetime


class McpAnswer(Record):
    """What a server answered: data. `refused` lists what it asked of us and did not get."""

    text: str
    failed: bool = False
    refused: tuple[str, ...] = ()


class McpCall(Record):
    """One call with its exact arguments, of the description with that fingerprint."""

    server: ServerName
    tool: str
    arguments: Arguments
    fingerprint: str

    @property
    def name(self) -> str:
        """`server/tool`."""
        return f"{self.server}/{self.tool}"

    @property
    def arguments_text(self) -> str:
        """The arguments as JSON for people: no character is hidden, and none ends a code block."""
        text = json.dumps(self.arguments, indent=2, sort_keys=True, ensure_ascii=False)
        return "".join(
            f"\\u{ord(each):04x}" if each == "`" or _is_hidden(each) else each for each in text
        )


CallPhase = Literal["waiting", "running", "done", "refused", "expired"]


class PendingCall(Record):
    """A call that waits for a person, and later its answer. `id` covers the exact call."""

    id: str
    call: McpCall
    person: Person
    role: ToolRole
    run_id: str | None = None
    channel_id: int
    at: AwareDatetime
    phase: CallPhase = "waiting"
    by: Name = ""
    answer: McpAnswer | None = None
    delivered: bool = Field(default=False, description="whether the model got the answer")


def compute_fingerprint(server: McpServer, description: ToolDescription) -> str:
    """Return the digest of what a person approves: the server, its mode, and all it says."""
    rule = server.find_rule(description.name)
    return compute_digest(
        server.name,
        list(server.command),
        str(server.url),
        server.network,
        list(server.secrets),
        rule.mode if rule else "",
        description.model_dump(mode="json"),
    )


def compute_digest(*parts: JsonValue) -> str:
    """Return a digest of these values.

    It is not shortened: a server could look for two descriptions with the same short one, have the
    harmless one approved, and then show the other.
    """
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _is_private(url: AnyHttpUrl) -> bool:
    """Return whether nobody on the way can read what is sent to the url."""
    return url.scheme == "https" or url.host in ("127.0.0.1", "[::1]", "localhost")


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char)[0] == "C" and char not in "\n\t\r"

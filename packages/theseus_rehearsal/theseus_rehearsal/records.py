"""Records of a rehearsal: the world and script that are run, and the resulting transcript.

Names replace ids everywhere: people, channels and roles have the names that a person would use, and
messages are numbered (`m1` is the first that the run saw), so that two transcripts can be compared
as text.
"""

from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints
from theseus_guard.record import Record

LAST = "last"
"""The newest message in the channel, where a step names a message."""

Option = str | int | float | bool
FlagName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{1,31}$")]


class Actor(Record):
    """A person in a script's server. `permissions` are Discord's names: `manage_messages`."""

    name: str
    roles: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    bot: bool = False


class WebAnswer(Record):
    """The answer of a web service. The same request again gets the next of its answers.

    With `error` there is no answer: the request fails as it would on the network.
    """

    url: str
    method: str = "GET"
    status: int = 200
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""
    error: Literal["", "timeout", "refused"] = ""


class ScriptWorld(Record):
    """Where a script runs; equal worlds give equal transcripts.

    `cogs` are module names under `cogs`, loaded by a client without any services; if empty, the
    whole bot runs as in production, with all cogs. Its settings list the roles `developers` and
    `approvers`. `files` are the files in the cogs' data folder: names to base64. The flags in
    `flags` are on for everyone, all others are off. A bot of some cogs accepts typed commands with
    one of `prefixes`, whichever cog defines the prefix.
    """

    starts: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC)
    seed: int = 0
    people: tuple[Actor, ...] = (Actor(name="alice"), Actor(name="bob"))
    channels: tuple[str, ...] = ("dev", "general")
    cogs: tuple[str, ...] = ()
    files: dict[str, str] = Field(default_factory=dict)
    web: tuple[WebAnswer, ...] = ()
    flags: tuple[FlagName, ...] = ()
    prefixes: tuple[str, ...] = ()


class PersonStep(Record):
    """A person's action: `by` whom, and in which channel (`dm` for a direct message)."""

    by: str = "alice"
    channel: str = "dev"


class CommandStep(PersonStep):
    """Runs a slash command: `reminders list`.

    People, channels and roles are written as `@alice`, `#general` and `@&crew`; an attachment as a
    file name, with its content (base64) in `files`.
    """

    command: str
    options: dict[str, Option] = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict)


class AutocompleteStep(PersonStep):
    """Asks for the choices of an option for the text typed so far."""

    autocomplete: str
    options: dict[str, Option] = Field(default_factory=dict)
    focused: str


class MenuStep(PersonStep):
    """Uses a context menu on a message (`m1`, or `last`) or a person (`@bob`)."""

    menu: str
    on: str


class PressStep(PersonStep):
    """Presses a button or selects values, by label or custom id.

    It uses the newest message that shows the component, or the message `on`.
    """

    press: str
    on: str = ""
    values: tuple[str, ...] = ()


class SubmitStep(PersonStep):
    """Submits the form that was last opened for this person: labels or custom ids to values."""

    submit: dict[str, str]


class SayStep(PersonStep):
    """Sends a message; `reply_to` is a message (`m1`)."""

    say: str
    reply_to: str = ""
    files: dict[str, str] = Field(default_factory=dict)


class ReactStep(PersonStep):
    """Reacts to a message (`m1`); `last` is the newest one in the channel."""

    react: str
    on: str


class WaitStep(Record):
    """Lets time pass, in seconds; timers that are due run meanwhile."""

    wait: float = Field(gt=0, le=400 * 86_400)


class RestartStep(Record):
    """Stops the bot and starts it again on the same files after `away` seconds."""

    restart: Literal[True]
    away: float = Field(default=0, ge=0)


class ReloadStep(Record):
    """Reloads a cog, by its module's name under `cogs`."""

    reload: str


class JoinStep(Record):
    """Adds a person to the server, with roles that exist there; they can act from then on."""

    join: str
    roles: tuple[str, ...] = ()


class LeaveStep(Record):
    """Removes a person from the server."""

    leave: str


SingleStep = (
    CommandStep
    | AutocompleteStep
    | MenuStep
    | PressStep
    | SubmitStep
    | SayStep
    | ReactStep
    | WaitStep
    | RestartStep
    | ReloadStep
    | JoinStep
    | LeaveStep
)


InteractionStep = CommandStep | AutocompleteStep | MenuStep | PressStep | SubmitStep
"""Steps after which a person waits for an answer of a cog."""


class TogetherStep(Record):
    """Steps sent in the same instant; `order` (indices) says whose request is answered first."""

    together: tuple[SingleStep, ...] = Field(min_length=2, max_length=8)
    order: tuple[int, ...] = ()


ScriptStep = SingleStep | TogetherStep


class Script(Record):
    """What is run: a world, and the steps in it, one after the other."""

    world: ScriptWorld = ScriptWorld()
    steps: tuple[ScriptStep, ...]


class SeenEvent(Record):
    """One event that people saw, as the server sent it to them.

    `to` is the only person who saw it, if it was ephemeral or direct. `message` is the message that
    was sent or changed (`m1`). `parts` is what else it showed, one line each: an embed's title and
    text, `[Ship it]` for a button, a file's name with the digest of its bytes.
    """

    kind: Literal["message", "edit", "delete", "reaction", "form", "choices", "thread", "notice"]
    channel: str
    to: str = ""
    message: str = ""
    text: str = ""
    parts: tuple[str, ...] = ()


class PlayedFrame(Record):
    """One frame of the bot's own code in a traceback. `file` is a path below its folder."""

    file: str
    line: int
    function: str = ""


class PlayedError(Record):
    """A failure in the rehearsal's own journal: what raised and where. The tested code wrote it.

    `frames` are the traceback's, outermost first, if it is a bot with its own start.
    """

    event: str
    error: str
    at: str = ""
    message: str = ""
    frames: tuple[PlayedFrame, ...] = Field(default=(), exclude=True)


class BotCommand(Record):
    """A command that a running bot has: `!roll` (`typed`), `roll` (`slash`), or a context menu.

    `needs` are the options that are required, and `values` harmless values for those of them that
    have one. In these, `{person}`, `{role}` and `{file}` are names in the script's server. `module`
    is where the command is defined. The tested code wrote this.
    """

    kind: Literal["typed", "slash", "user_menu", "message_menu"]
    text: str
    needs: tuple[str, ...] = ()
    values: dict[str, Option] = Field(default_factory=dict)
    module: str = ""


class PlayedStep(Record):
    """A step, what people saw of it, and what failed.

    `refused` is why the step was not possible (Discord does not know the command, no such button);
    `unanswered` is true if a person saw Discord's "did not respond"; `wanted` are web requests that
    the world has no answer for; `ran` are the actions that the bot's journal recorded, if it is a
    bot with its own start; `lines` are the lines of its code that ran, by file, if requested.
    """

    step: ScriptStep
    seen: tuple[SeenEvent, ...] = ()
    errors: tuple[PlayedError, ...] = ()
    refused: str = ""
    unanswered: bool = False
    wanted: tuple[str, ...] = ()
    ran: tuple[str, ...] = Field(default=(), exclude=True)
    lines: dict[str, frozenset[int]] = Field(default_factory=dict, exclude=True)


class Transcript(Record):
    """The result of running a script.

    `trouble` is why the bot did not start or stopped before the end. `commands` are the registered
    commands; `files` are the files in its folder at the end: names to digests of the content (for
    SQLite files, of their rows); for a whole bot it is empty. `file_contents` are their contents as
    base64, if requested. `offers` are all commands of a bot with its own start, `journal` are the
    lines that theseus_observe would have written for it, and `intents` are the privileged intents
    that it asked for. The tested code wrote all of this.
    """

    former_names: ClassVar = {"kept": "file_contents"}

    started: PlayedStep | None = None
    steps: tuple[PlayedStep, ...] = ()
    commands: tuple[str, ...] = ()
    files: dict[str, str] = Field(default_factory=dict)
    file_contents: dict[str, str] = Field(default_factory=dict, exclude=True)
    trouble: str = ""
    offers: tuple[BotCommand, ...] = Field(default=(), exclude=True)
    intents: tuple[str, ...] = Field(default=(), exclude=True)
    journal: tuple[str, ...] = Field(default=(), exclude=True)

    @property
    def has_failed(self) -> bool:
        """True if the bot stopped, or a person got an error or no answer."""
        played = (self.started, *self.steps) if self.started else self.steps
        return bool(self.trouble) or any(step.errors or step.unanswered for step in played)


class PlayDifference(Record):
    """The first difference between two runs of one script: the step, and what people saw."""

    step: int
    before: tuple[str, ...]
    after: tuple[str, ...]

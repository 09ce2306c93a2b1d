"""A rehearsal's records: the world and script that are played, and the transcript that comes out.

Names stand for ids throughout: people, channels and roles are what a person would call them, and
messages are counted (`m1` is the first the play saw), so that two plays can be compared as text.
"""

from datetime import UTC, datetime
from typing import ClassVar, Literal

from pydantic import Field

from bot.domain.flag import FlagName
from bot.domain.record import Record

Option = str | int | float | bool


class Actor(Record):
    """Somebody in a script's server. `permissions` are Discord's names: `manage_messages`."""

    name: str
    roles: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    bot: bool = False


class WebAnswer(Record):
    """What a service on the web answers. The same request again gets the next of its answers.

    `error` stands in place of an answer: the request ends as it would on the network.
    """

    url: str
    method: str = "GET"
    status: int = 200
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""
    error: Literal["", "timeout", "refused"] = ""


class ScriptWorld(Record):
    """Where a script is played; two worlds that are equal give equal plays.

    `cogs` are module names under `cogs`, loaded by a client with nothing behind it; none: the whole
    bot is run as in production, with all cogs. Its settings list the roles `developers` and
    `approvers`. `files` are what lies in the folder where cogs keep files: names to base64. The
    flags named in `flags` are on for everybody, all others off. A bot of some cogs hears commands
    that begin with one of `prefixes`, whatever cog would have it do so.
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
    """What a person does: `by` whom, and in which channel (`dm`: with the bot alone)."""

    by: str = "alice"
    channel: str = "dev"


class CommandStep(PersonStep):
    """Runs a slash command: `reminders list`.

    People, channels and roles are given as `@alice`, `#general` and `@&crew`; an attachment by a
    file name, its content (base64) in `files`.
    """

    command: str
    options: dict[str, Option] = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict)


class AutocompleteStep(PersonStep):
    """Asks for the choices of an option, as far as it is typed."""

    autocomplete: str
    options: dict[str, Option] = Field(default_factory=dict)
    focused: str


class MenuStep(PersonStep):
    """Uses a context menu on a message (`m1`) or a person (`@bob`)."""

    menu: str
    on: str


class PressStep(PersonStep):
    """Presses a button or chooses from a select, by its label or custom id.

    On the newest message that shows it, or on `on`.
    """

    press: str
    on: str = ""
    values: tuple[str, ...] = ()


class SubmitStep(PersonStep):
    """Submits the form that was opened for this person last: labels or custom ids to values."""

    submit: dict[str, str]


class SayStep(PersonStep):
    """Says something; `reply_to` is a message (`m1`)."""

    say: str
    reply_to: str = ""
    files: dict[str, str] = Field(default_factory=dict)


class ReactStep(PersonStep):
    """Reacts to a message (`m1`)."""

    react: str
    on: str


class WaitStep(Record):
    """Lets time pass, in seconds; whatever falls due is done on the way."""

    wait: float = Field(gt=0, le=400 * 86_400)


class RestartStep(Record):
    """Ends the bot and starts it anew on the same files; `away` seconds lie between."""

    restart: Literal[True]
    away: float = Field(default=0, ge=0)


class ReloadStep(Record):
    """Reloads a cog, by its module's name under `cogs`."""

    reload: str


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
)


InteractionStep = CommandStep | AutocompleteStep | MenuStep | PressStep | SubmitStep
"""What a person asks of a cog, who then waits for an answer."""


class TogetherStep(Record):
    """Steps sent in the same instant; `order` says whose request is answered first (indices)."""

    together: tuple[SingleStep, ...] = Field(min_length=2, max_length=8)
    order: tuple[int, ...] = ()


ScriptStep = SingleStep | TogetherStep


class Script(Record):
    """What is played: a world, and what is done in it, one step after the other."""

    world: ScriptWorld = ScriptWorld()
    steps: tuple[ScriptStep, ...]


class SeenEvent(Record):
    """One thing that people saw, as the server sent it to them.

    `to` is the only person who saw it, where it was for one alone. `message` is the message it is
    or changes (`m1`). `parts` is what else it showed, each as a line people could read: an embed's
    title and text, `[Ship it]` for a button, a file's name with the digest of its bytes.
    """

    kind: Literal["message", "edit", "delete", "reaction", "form", "choices", "thread", "notice"]
    channel: str
    to: str = ""
    message: str = ""
    text: str = ""
    parts: tuple[str, ...] = ()


class PlayedError(Record):
    """A failure in the play's own journal: what raised and where; the code under test wrote it."""

    event: str
    error: str
    at: str = ""
    message: str = ""


class PlayedStep(Record):
    """A step, what people saw of it, and what went wrong.

    `refused` is why it could not be done (Discord does not know the command, no such button);
    `unanswered` says that somebody was left with Discord's own "did not respond"; `wanted` are
    requests to the web that the world has no answer for.
    """

    step: ScriptStep
    seen: tuple[SeenEvent, ...] = ()
    errors: tuple[PlayedError, ...] = ()
    refused: str = ""
    unanswered: bool = False
    wanted: tuple[str, ...] = ()


class Transcript(Record):
    """What came of a script. `trouble` is why the bot did not start or did not live to its end.

    `commands` are what the bot registered; `files` what lay in its folder at the end: names to
    digests of the content (of SQLite files: of their rows); none are told of a whole bot. `kept` is
    what they hold, as base64, where that was asked for: the code under test wrote it.
    """

    former_names: ClassVar = {"kept": "file_contents"}

    started: PlayedStep | None = None
    steps: tuple[PlayedStep, ...] = ()
    commands: tuple[str, ...] = ()
    files: dict[str, str] = Field(default_factory=dict)
    file_contents: dict[str, str] = Field(default_factory=dict, exclude=True)
    trouble: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether the bot did not hold, or somebody got an error or no answer."""
        played = (self.started, *self.steps) if self.started else self.steps
        return bool(self.trouble) or any(each.errors or each.unanswered for each in played)


class PlayDifference(Record):
    """Where two plays of one script part: at a step, with what people saw before and after."""

    step: int
    before: tuple[str, ...]
    after: tuple[str, ...]

"""What the client provides to the cogs of the bot's own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from bot.domain.errors import PartMissing
from bot.infra.injector import Injector
from bot.ports.chat import Chat
from bot.ports.chat_model import ChatModel
from bot.ports.key_value_store import KeyValueStore
from bot.settings import MissedConfig

if TYPE_CHECKING:  # most of the bot, which one of a few cogs starts without
    from bot.intake import Intake
    from bot.monitoring import Monitoring
    from bot.self_improvement import SelfImprovementAgent
    from bot.skills import SkillLibrary

T = TypeVar("T")


@dataclass
class ConversationSettings:
    """How the bot takes part in conversations.

    Attributes:
        remembered: The number of messages that are stored per channel.
        missed: Which messages are answered that arrived while the bot was offline.
    """

    remembered: int = 40
    missed: MissedConfig = field(default_factory=MissedConfig)

    def reconfigure(self, missed: MissedConfig) -> MissedConfig:
        """Use these settings from now on, and return them."""
        self.missed = missed
        return missed


class _MissingPart:
    """Stands in for a part that this bot runs without."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> object:
        raise PartMissing(
            f"This works in the whole bot alone: here its cog is played without {self._name!r}. "
            "A world that names no cogs plays the whole bot."
        )


class CoreServices:
    """Provides cogs with the parts of the core that they use.

    A client of a few cogs only, as in a rehearsal, has no agent, chat or key values: a cog that
    uses them raises `PartMissing`, which people see as a reply.
    """

    def __init__(self, *args: object, services: Injector | None = None, **options: object) -> None:
        super().__init__(*args, **options)
        self._services = services or Injector()

    def provide(self, kind: Callable[..., T]) -> T:
        """Return the part of that type, for the constructor of a cog.

        If this bot runs without it, the cog loads all the same, and raises `PartMissing` when it
        uses the part.
        """
        found = self._services.find(kind)
        if found is not None:
            return found
        missing: Any = _MissingPart(getattr(kind, "__name__", str(kind)))
        return missing  # type: ignore[no-any-return]  # it stands in for every type

    def find_part(self, kind: Callable[..., T]) -> T | None:
        """Return the part of that type, or `None` if this bot runs without it."""
        return self._services.find(kind)

    @property
    def agent(self) -> "SelfImprovementAgent":
        """Starts and lists runs."""
        from bot.self_improvement import SelfImprovementAgent

        return self.provide(SelfImprovementAgent)

    @property
    def intake(self) -> "Intake":
        """Decides what requests ask for."""
        from bot.intake import Intake

        return self.provide(Intake)

    @property
    def monitoring(self) -> "Monitoring | None":
        """Watches for incidents, if they are watched for."""
        from bot.monitoring import Monitoring

        return self.find_part(Monitoring)

    @property
    def chat(self) -> Chat:
        """Sends messages through the outbox."""
        return self.provide(Chat)

    @property
    def key_values(self) -> KeyValueStore:
        """Stores the recent messages of channels."""
        return self.provide(KeyValueStore)

    @property
    def skills(self) -> "SkillLibrary":
        """The skills that models can use."""
        from bot.skills import SkillLibrary

        return self.provide(SkillLibrary)

    @property
    def chat_model(self) -> ChatModel | None:
        """Answers in conversations, if there is a model."""
        return self.find_part(ChatModel)

    @property
    def remembered(self) -> int:
        """The number of messages that are stored per channel."""
        return self._get_conversation_settings().remembered

    @property
    def missed(self) -> MissedConfig:
        """Which messages are answered that arrived while the bot was offline."""
        return self._get_conversation_settings().missed

    def _get_conversation_settings(self) -> ConversationSettings:
        return self.find_part(ConversationSettings) or ConversationSettings()

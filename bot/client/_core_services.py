"""What the root hands to the client before it starts, for the cogs of the bot's own."""

from typing import TYPE_CHECKING

from bot.domain.errors import PartMissing
from bot.ports.chat import Chat
from bot.ports.chat_model import ChatModel
from bot.ports.key_value_store import KeyValueStore
from bot.settings import MissedConfig

if TYPE_CHECKING:  # most of the bot, which one of a few cogs starts without
    from bot.authority.personal_data import PersonalDataService
    from bot.intake import Intake
    from bot.monitoring import Monitoring, SelfAudit
    from bot.self_improvement import SelfImprovementAgent
    from bot.skills import SkillLibrary


class CoreServices:
    """The services of the core that cogs use.

    A client of a few cogs only, as in a rehearsal, has no agent, chat or key values: a cog that
    reads such an attribute raises `PartMissing`, which people see as a reply.

    Attributes:
        agent: Starts, lists and stops runs.
        intake: Decides what requests ask for.
        chat: Sends messages through the outbox.
        key_values: Stores the recent messages of channels.
        skills: The skills that models can use.
        chat_model: Answers in conversations, if there is a model.
        remembered: The number of messages that are stored per channel.
        missed: Which messages are answered that arrived while the bot was offline.
        personal_data: Shows people their stored data and erases it.
    """

    agent: "SelfImprovementAgent"
    intake: "Intake"
    chat: Chat
    key_values: KeyValueStore
    skills: "SkillLibrary"
    chat_model: ChatModel | None = None
    remembered: int = 40
    missed: MissedConfig = MissedConfig()
    monitoring: "Monitoring | None" = None
    self_audit: "SelfAudit | None" = None
    personal_data: "PersonalDataService | None" = None

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            if name in CoreServices.__annotations__:
                raise PartMissing(
                    f"This works in the whole bot alone: here its cog is played without {name!r}. "
                    "A world that names no cogs plays the whole bot."
                )
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

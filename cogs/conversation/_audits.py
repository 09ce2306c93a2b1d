"""A look back, asked for in words."""

from bot.client import TheseusClient
from bot.domain.errors import WrongStage
from cogs.conversation._heard_message import Heard
from cogs.ui import in_dev_channel, is_listed


async def audit(bot: TheseusClient, heard: Heard) -> str | None:
    """Tell how the bot did: in the dev channel, or to a listed person alone."""
    message = heard.message
    private = message.guild is None
    if is_listed(bot, heard.person) and not (private or in_dev_channel(bot, message.channel)):
        return f"Please ask me in <#{bot.identity.dev_channel_id}>, where it is about my work."
    if bot.self_audit is None:
        raise WrongStage("I do not look back on myself here.")
    post = (await bot.self_audit.now(heard.person)).but(reply_to=message.id)
    await bot.chat.post(message.channel.id, post, key=f"reply:{message.id}")
    return None

"""Where answers about the bot's work may be read."""

from bot.intake.message import Message

WRONG_CHANNEL = "Please ask me in <#{channel}>, the channel for my work."


def is_private_or_dev(message: Message, dev_channel_id: int) -> bool:
    """Return whether the message is in the dev channel or direct."""
    return message.place.guild_id is None or message.place.channel_id == dev_channel_id


def is_about_work(message: Message, dev_channel_id: int) -> bool:
    """Return whether the message is in the dev channel, in a run's thread, or direct."""
    return message.run is not None or is_private_or_dev(message, dev_channel_id)

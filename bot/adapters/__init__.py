"""The outside world: what implements the ports. Only `bot.app` names what is in here."""

"""The outside world behind the doors. Only `bot.app` names what is in here."""

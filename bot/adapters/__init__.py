"""Implementations of the ports for the outside world. Only `bot.app` may import them."""

"""The parent of the running bot: starts it, watches it, replaces it, takes a bad change back.

It imports the standard library alone, all of it at once, so that no change of the bot can break it
while it runs. What changes here is taken on when the service itself is started again.
"""

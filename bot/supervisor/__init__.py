"""The parent process of the bot: starts, watches and replaces it, and rolls back bad changes.

It imports only the standard library, and all modules at the start, so that no change of the bot can
break it while it runs. Changes of this package take effect when the service itself is restarted.
"""

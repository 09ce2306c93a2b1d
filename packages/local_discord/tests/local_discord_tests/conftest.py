"""The fixtures of these tests."""

from local_discord_tests.fixtures import alice, bot, local, mallory, module_bot, module_local

__all__ = ["alice", "bot", "local", "mallory", "module_bot", "module_local"]

"""The offline engine as a code agent: no model, no key, no network."""

from bot.adapters.offline_agent._agent import OfflineAgent

__all__ = ["OfflineAgent"]

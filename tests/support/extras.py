"""Marks for tests that run what is optional to install."""

import importlib.util

import pytest

needs_claude = pytest.mark.skipif(
    importlib.util.find_spec("claude_agent_sdk") is None,
    reason="needs the claude engine (make claude)",
)
"""The test starts the Claude Code program, or asks whether it is there."""

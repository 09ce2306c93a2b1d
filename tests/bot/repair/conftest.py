"""What tests of the repair share."""

import pytest


@pytest.fixture
def few_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the projects' pytest load no plugin by itself: each start would take a second longer."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

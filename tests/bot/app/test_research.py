"""Research as the configuration says: which sources there are, and what a provider needs."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.app.research import build_provider, open_research
from bot.domain.errors import ConfigError
from bot.settings import Settings, load
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_forge import FakeForge
from tests.fakes.fake_spend_guard import FakeSpendGuard

CHECKS = "checks:\n  quick:\n    - {name: lint, command: [ruff, check]}\n"
WEB = "research:\n  issues: false\n  web: {hosts: [docs.example.org], "
KEYS = {
    "brave": ("THESEUS_BRAVE_KEY", "key-0123456789", "BraveSearch(default)"),
    "tavily": ("THESEUS_TAVILY_KEY", "key-0123456789", "TavilySearch(default)"),
    "searxng": ("THESEUS_SEARXNG_URL", "https://search.example.org/", "(search.example.org)"),
}


def settings_of(folder: Path, text: str, **variables: str) -> Settings:
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data/config.yaml").write_text(text + CHECKS)
    return load(folder, variables)


async def list_names(settings: Settings) -> tuple[str, ...]:
    async with AsyncExitStack() as stack:
        builder = await open_research(settings, FakeClock(), FakeSpendGuard(), stack)
        folder = settings.root
        return builder.build_library(FakeForge(), folder / "bin/python", folder).names


async def test_nothing_of_the_web_is_read_unless_hosts_are_listed(tmp_path: Path) -> None:
    own = ("installed packages", "issues and pull requests")
    assert await list_names(settings_of(tmp_path, "")) == own
    assert await list_names(settings_of(tmp_path, WEB + "}\n")) == own[:1]
    pages = WEB + "pages: [https://docs.example.org/a]}\n"
    assert await list_names(settings_of(tmp_path, pages)) == (*own[:1], "the web")


@pytest.mark.parametrize("provider", KEYS)
def test_a_provider_without_its_key_is_named_with_the_way_out(
    tmp_path: Path, provider: str
) -> None:
    variable, value, shown = KEYS[provider]
    text = f"{WEB}provider: {provider}}}\n"
    clock, guard = FakeClock(), FakeSpendGuard()
    with pytest.raises(ConfigError, match=f"research.web.provider: {provider}.*{variable}"):
        build_provider(settings_of(tmp_path, text), guard, clock)
    search = build_provider(settings_of(tmp_path, text, **{variable: value}), guard, clock)
    assert shown in repr(search)
    assert value not in repr(search)


async def test_a_run_may_be_given_no_questions(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "research: {per_run: 0}\n")
    async with AsyncExitStack() as stack:
        builder = await open_research(settings, FakeClock(), FakeSpendGuard(), stack)
        library = builder.build_library(FakeForge(), tmp_path / "bin/python", tmp_path)
        assert builder.build_run_research(library) is None

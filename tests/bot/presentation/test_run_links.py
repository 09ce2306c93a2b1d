"""A run's cards lead to its page, where there is one that others can open."""

import pytest

from bot.domain.posts import Button, Card, Post
from bot.presentation.run_links import NO_LINKS, RunLinks
from tests.bot.web.web_server import Room

RUN = Room().add_run()
CARD = Post(card=Card(title="Fixing: dice"), buttons=(Button(label="Cancel", action="cancel"),))


def test_a_card_leads_to_its_page_by_its_title_and_by_a_button() -> None:
    shown = RunLinks(dashboard="https://bot.example.org").on(CARD, RUN)
    page = "https://bot.example.org/runs/k7m2xq"
    assert shown.card is not None
    assert shown.card.url == page
    button = Button(label="Dashboard", style="link", url=page)
    assert shown.buttons[-1] == button
    live = RunLinks(dashboard="https://bot.example.org").on(CARD, RUN, live=True)
    transcript = Button(label="Live transcript", style="link", url=f"{page}/transcript")
    assert live.buttons[-2:] == (button, transcript)


def test_a_title_that_leads_elsewhere_stays() -> None:
    pull = CARD.replace(card=Card(title="Proposal", url="https://forge.example/7"))
    shown = RunLinks(dashboard="https://bot.example.org").on(pull, RUN)
    assert shown.card is not None
    assert shown.card.url == "https://forge.example/7"


@pytest.mark.parametrize("address", ["", "ftp://bot.example.org", "bot.example.org", "https://"])
def test_what_discord_would_refuse_is_no_link(address: str) -> None:
    assert RunLinks(dashboard=address).on(CARD, RUN) == CARD
    assert NO_LINKS.on(Post(text="words"), RUN) == Post(text="words")

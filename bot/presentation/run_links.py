"""Links to a run: to its card in the chat and to its page on the dashboard."""

from dataclasses import dataclass

from bot.domain.links import parse_web_address
from bot.domain.posts import Button, Post
from bot.domain.run import Run

_TRANSCRIPT = "/transcript"


@dataclass(frozen=True)
class RunLinks:
    """Base addresses without a trailing slash; empty if others cannot open them.

    `chat` is the prefix of a server's messages, `https://discord.com/channels`. `dashboard` is the
    public address of the HTTP server.
    """

    chat: str = ""
    dashboard: str = ""

    def format_run(self, run: Run) -> str:
        """Return the run with links to it, in a forge's Markdown."""
        links = [
            f"[{name}]({address})"
            for name, address in (
                ("card", self._build_card_url(run)),
                ("dashboard", self._build_page_url(run)),
            )
            if address
        ]
        return f"Run `{run.id}`" + (f" ({', '.join(links)})" if links else "")

    def on(self, post: Post, run: Run, *, live: bool = False) -> Post:
        """Return a run's card with a button to its page, if others can open that page.

        A `live` card has a second button, to what the run's models say and do.
        If the card's title has no link yet, it links to the page too.
        """
        page = parse_web_address(self._build_page_url(run))
        if not page or post.card is None:
            return post
        card = post.card.replace(url=post.card.url or page)
        buttons = [Button(label="Dashboard", style="link", url=page)]
        if live and (transcript := parse_web_address(f"{page}{_TRANSCRIPT}")):
            buttons.append(Button(label="Live transcript", style="link", url=transcript))
        return post.replace(card=card, buttons=(*post.buttons, *buttons))

    def _build_card_url(self, run: Run) -> str:
        parts = (run.trigger.place.guild_id, run.thread_id, run.card_id)
        return f"{self.chat}/{'/'.join(map(str, parts))}" if self.chat and all(parts) else ""

    def _build_page_url(self, run: Run) -> str:
        return f"{self.dashboard}/runs/{run.id}" if self.dashboard else ""


NO_LINKS = RunLinks()

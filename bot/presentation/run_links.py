"""Where people find a run: its card in chat, its page of the dashboard."""

from dataclasses import dataclass

from bot.domain.links import parse_web_address
from bot.domain.posts import Button, Post
from bot.domain.run import Run


@dataclass(frozen=True)
class RunLinks:
    """Addresses without a slash at the end; empty where there is none that others could open.

    `chat` is what messages of a server are under, `https://discord.com/channels`; `dashboard` is
    the HTTP server's, as people reach it.
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

    def on(self, post: Post, run: Run) -> Post:
        """Return a run's card with a button to its page, where there is one that others can open.

        A card that leads nowhere yet leads there by its title as well.
        """
        page = parse_web_address(self._build_page_url(run))
        if not page or post.card is None:
            return post
        card = post.card.replace(url=post.card.url or page)
        button = Button(label="Dashboard", style="link", url=page)
        return post.replace(card=card, buttons=(*post.buttons, button))

    def _build_card_url(self, run: Run) -> str:
        parts = (run.trigger.place.guild_id, run.thread_id, run.card_id)
        return f"{self.chat}/{'/'.join(map(str, parts))}" if self.chat and all(parts) else ""

    def _build_page_url(self, run: Run) -> str:
        return f"{self.dashboard}/runs/{run.id}" if self.dashboard else ""


NO_LINKS = RunLinks()

"""Where Discord is: discord.py has no setting for its hosts, so they are set on its classes."""

from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL


def point_discord_at(api_url: str | None, gateway_url: str | None) -> None:
    """Make discord.py use these hosts, in this process; `None` leaves Discord's own.

    Call once, before the client starts. A gateway URL is only where the first connection goes;
    later ones follow what the server says.
    """
    if api_url:
        Route.BASE = api_url.rstrip("/")
    if gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway_url)

"""Who is in the local Discord of the tests, and what its page says."""

import aiohttp
from local_discord._page_token import PLACE
from local_discord.server import LocalDiscord, LocalPerson

RESPONSE_LIMIT = 600.0
"""Seconds a bot may take to respond: so long that no machine is too slow. What happens after the
limit is tested with one that nobody keeps.
"""


def people() -> tuple[LocalPerson, ...]:
    """Return who is there when the test begins."""
    return (
        LocalPerson("alice", listed=True, roles=("approvers",)),
        LocalPerson("bob", listed=True),
        LocalPerson("mallory", listed=False),
    )


async def page_token_of(local: LocalDiscord) -> str:
    """Return the token in the page that this machine's own user gets."""
    async with aiohttp.ClientSession() as http, http.get(local.base_url) as response:
        page = await response.text()
    return page.partition(PLACE)[2].partition('"')[0]

"""The page of the local Discord on which a person agrees that an application knows who they are."""

import re

import aiohttp


async def give_consent(http: aiohttp.ClientSession, address: str, name: str) -> str:
    """Choose a person on the page at `address`; return the address that it leads back to."""
    async with http.get(address) as page:
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', await page.text()))
    sent = fields | {"person": name}
    url = address.partition("?")[0]
    async with http.post(url, data=sent, allow_redirects=False) as answer:
        assert answer.status == 302, await answer.text()
        return answer.headers["Location"]

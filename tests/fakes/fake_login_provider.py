"""A place where people log in, in memory."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from bot.domain.errors import ChatRejected


class FakeLoginProvider:
    """Implements `bot.ports.login_provider.LoginProvider`; `create_code` is a person who agrees."""

    def __init__(self) -> None:
        self._codes: dict[str, tuple[int, str]] = {}

    def create_code(self, person_id: int, callback: str) -> str:
        """Return a code that names this person once, to whoever led them there."""
        code = f"code-{len(self._codes)}"
        self._codes[code] = (person_id, callback)
        return code

    def build_return_url(self, address: str, person_id: int) -> str:
        """Let a person agree at the address where they were sent; return where they are led."""
        asked = dict(parse_qsl(urlsplit(address).query))
        callback = asked["redirect_uri"]
        query = urlencode({"state": asked["state"], "code": self.create_code(person_id, callback)})
        return f"{callback}?{query}"

    def build_authorize_url(self, state: str, callback: str) -> str:
        """Return an address with the state."""
        query = urlencode({"state": state, "redirect_uri": callback})
        return f"https://login.example/authorize?{query}"

    async def fetch_person_id(self, code: str, callback: str) -> int:
        """Return the person of a code, the first time."""
        person_id, led_from = self._codes.get(code, (0, ""))
        if led_from != callback:
            raise ChatRejected("That code names nobody.")
        self._codes[code] = (0, "")
        return person_id

"""Chat tools that note what they did, for a person who may or may not."""

from dataclasses import dataclass, field

from bot.domain.errors import NotAuthorized


@dataclass
class FakeChatTools:
    """Implements `bot.ports.chat_model.ChatTools`. Who is not `listed` is refused everything."""

    who: str = "alice"
    listed: bool = True
    done: list[tuple[str, str]] = field(default_factory=list)

    async def investigate(self, what: str) -> str:
        """Note it."""
        return self._record_act("investigate", what)

    async def fix(self, what: str) -> str:
        """Note it."""
        return self._record_act("fix", what)

    async def change(self, what: str) -> str:
        """Record the request; it starts no run."""
        self.done.append(("change", what))
        return f"a wish of {self.who}: {what}"

    async def ask(self, question: str) -> str:
        """Note that it was asked."""
        return self._record_act("ask", question)

    async def get_status(self) -> str:
        """Note that it was asked."""
        return self._record_act("status", "")

    async def read(self) -> None:
        """Note that it was asked."""
        self._record_act("read", "")

    def _record_act(self, act: str, what: str) -> str:
        if not self.listed:
            raise NotAuthorized(f"Sorry {self.who}, you are not on the list.")
        self.done.append((act, what))
        return f"{act} for {self.who}: {what}"

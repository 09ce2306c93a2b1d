"""The repository's issues and proposals as a source, read through the forge port."""

from theseus_observe.redaction import redact

from bot.domain.issue import ForgeDiscussion
from bot.domain.research import LONGEST_PASSAGE, Passage, ResearchQuestion, SearchedSource
from bot.ports.forge import Forge
from bot.research.passages import rank_passages, split_text
from bot.research.terms import clean_text

_LOOKED_AT = 100  # the newest ones
_MOST = 12
_LONGEST = 20_000  # characters of one


class IssueSource:
    """Implements `bot.ports.research.ResearchSource` on the forge. Nothing of it is cached."""

    name = "issues and pull requests"

    def __init__(self, forge: Forge) -> None:
        self._forge = forge

    async def search(self, question: ResearchQuestion) -> SearchedSource:
        """Return the passages that fit; see the port."""
        found = await self._forge.list_discussions(_LOOKED_AT)
        passages = [each for discussion in found for each in _split(discussion)]
        return SearchedSource(passages=rank_passages(question.text, passages, _MOST))


def _split(discussion: ForgeDiscussion) -> list[Passage]:
    kind = "Pull request" if discussion.is_proposal else "Issue"
    text = clean_text(redact(f"{discussion.title}\n\n{discussion.body}"[:_LONGEST]))
    return [
        Passage(
            kind="issue",
            source=f"{kind} #{discussion.number}",
            version=discussion.state,
            locator=" ".join(clean_text(redact(discussion.title)).split())[:200],
            url=discussion.url[:2_000],
            text=part[:LONGEST_PASSAGE],
        )
        for part in split_text(text)
    ]

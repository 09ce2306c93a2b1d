"""What may be looked up, where, and how much of it."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator
from theseus_guard.record import Record

from bot.domain.links import parse_web_address
from bot.domain.research import ResearchRules, is_host_listed, is_host_pattern


def _check_host(text: str) -> str:
    if not is_host_pattern(text):
        raise ValueError(f"{text} is no host name: write docs.example.org, or *.example.org")
    return text


def _check_page(text: str) -> str:
    if not parse_web_address(text) or not text.startswith("https://"):
        raise ValueError(f"{text} is no address of a page: write https://docs.example.org/limits")
    return text


Host = Annotated[str, AfterValidator(_check_host)]
PageAddress = Annotated[str, AfterValidator(_check_page)]


class WebResearchConfig(Record):
    """Which pages may be read, and who finds them. Without hosts, nothing of the web is read."""

    provider: Literal["off", "brave", "tavily", "searxng"] = "off"
    hosts: tuple[Host, ...] = Field(default=(), description="the only hosts that are read")
    pages: tuple[PageAddress, ...] = Field(
        default=(), max_length=20, description="read for each question, also without a provider"
    )
    most_pages: int = Field(default=6, ge=1, le=20, description="of one question")
    kilobytes: int = Field(default=512, ge=16, le=4_096, description="read of one page")
    page_seconds: float = Field(default=10.0, gt=0, le=60)
    usd_per_search: float = Field(
        default=0.005, ge=0, le=1, description="of brave and tavily, charged to who asks"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.provider != "off" and not self.hosts:
            raise ValueError("hosts: a search needs at least one host whose pages may be read")
        for page in self.pages:
            host = (urlsplit(page).hostname or "").lower()
            if not is_host_listed(host, self.hosts):
                raise ValueError(f"pages: {host} has to be in hosts as well")
        return self


class ResearchConfig(ResearchRules):
    """The sources that questions are answered from, and how much is read."""

    packages: tuple[str, ...] = Field(
        default=(), max_length=40, description="installed ones, besides the direct dependencies"
    )
    issues: bool = Field(default=True, description="issues and pull requests of the forge")
    cache_days: int = Field(default=7, ge=1, le=90)
    web: WebResearchConfig = WebResearchConfig()

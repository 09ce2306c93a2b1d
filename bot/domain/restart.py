"""What a process is told of the restart it begins with, or that did not come."""

from pydantic import ConfigDict, Field

from bot.domain.record import Record


class RestartReport(Record):
    """One hand-over, or one crash. A supervisor of another version may tell more: it is ignored."""

    model_config = ConfigDict(extra="ignore")

    at: str = Field(default="", description="tells one from another of the same commit")
    commit: str = ""
    previous: str = Field(default="", description="what ran before")
    reason: str = ""
    run_id: str | None = Field(default=None, description="the run that asked for it")
    why: str = Field(default="", description="what went wrong, in words")
    tail: str = Field(default="", description="the end of what the process wrote; not redacted")
    not_back: str = Field(default="", description="why the checkout was not put back")
    supervisor_changed: bool = False

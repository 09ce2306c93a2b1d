"""What a new process learns about the restart that started it, or that failed."""

from pydantic import ConfigDict, Field
from theseus_guard.record import Record


class RestartReport(Record):
    """One hand-over or one crash. Fields of a newer supervisor are ignored."""

    model_config = ConfigDict(extra="ignore")

    at: str = Field(default="", description="distinguishes reports of the same commit")
    commit: str = ""
    previous: str = Field(default="", description="the commit that ran before")
    reason: str = ""
    run_id: str | None = Field(default=None, description="the run that asked for it")
    why: str = Field(default="", description="what went wrong, as text")
    tail: str = Field(default="", description="the end of the process's output; not redacted")
    not_back: str = Field(default="", description="why the checkout was not rolled back")
    supervisor_changed: bool = False

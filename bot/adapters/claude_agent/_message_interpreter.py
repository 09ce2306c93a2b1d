"""Says what kind of request a message is: one prompt, no tools, one structured answer."""

import re

from pydantic import Field
from theseus_guard.record import Record
from theseus_observe.redaction import redact

from bot.adapters.claude_agent._single_answer import SingleAnswerModel
from bot.adapters.claude_agent.prompting._plain_text import flatten
from bot.adapters.claude_agent.prompting._texts import clip, fence_text
from bot.domain.account import Account
from bot.domain.message_kinds import (
    LONGEST_QUESTION,
    LONGEST_SUBJECT,
    MessageReading,
    MessageToRead,
    ReadKind,
)
from bot.domain.translations import CODE

_TEXT, _REPLIED, _FAILURES = 2_000, 500, 2_000  # characters


class ReadingForm(Record):
    """What the message asks for."""

    kind: ReadKind = Field(
        description="fix: something is broken and they want it repaired. investigate: something is "
        "broken or seems wrong. change: something new or different that has not failed. status: "
        "what is being worked on. question: any other question about the bot. talk: nothing of "
        "that. unclear: you cannot tell what they want."
    )
    failure: str = Field(
        default="",
        max_length=4,
        description="The label of the failure that they mean (`F2`), if one of the list certainly "
        "is; otherwise empty.",
    )
    subject: str = Field(
        default="",
        max_length=LONGEST_SUBJECT,
        description="What is broken, in two to six English words: `rolling dice`.",
    )
    question: str = Field(
        default="",
        max_length=LONGEST_QUESTION,
        description="Only if unclear: one short question about what they want, in the language of "
        "the message.",
    )
    language: str = Field(
        default="",
        max_length=40,
        description="The code of the message's language in ISO 639: `en`, `it`.",
    )


class ClaudeMessageInterpreter(SingleAnswerModel):
    """Implements `bot.ports.message_interpreter.MessageInterpreter`."""

    system = "chat_reading"
    folder = "readings"
    turns = 3
    leaves_transcript = False

    async def read(self, message: MessageToRead) -> MessageReading:
        """Return what the message asks for; see the port."""
        talk = f"{message.message_id}:reading"
        account = Account(purpose="chat", person_id=message.person_id)
        form, cost = await self._ask(ReadingForm, self._render(message), talk=talk, account=account)
        labels = {each.label for each in message.failures}
        return MessageReading(
            kind=form.kind,
            failure=form.failure if form.failure in labels else "",
            subject=flatten(form.subject, LONGEST_SUBJECT),
            question=flatten(form.question, LONGEST_QUESTION),
            language=form.language if re.fullmatch(CODE, form.language) else "",
            **dict(cost),
        )

    def _render(self, message: MessageToRead) -> str:
        failures = "\n".join(f"{each.label}: {each.summary}" for each in message.failures)
        replied = message.replied or "Nothing: it is no reply."
        return self._prompts.render(
            "chat_reading_message",
            message=fence_text(clip(redact(message.text), _TEXT), "message"),
            replied=fence_text(clip(redact(replied), _REPLIED)),
            failures=fence_text(clip(redact(failures or "none"), _FAILURES)),
            hint=message.hint,
        )

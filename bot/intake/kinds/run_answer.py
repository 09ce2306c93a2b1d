"""The answer that a waiting run asked for: to its question, or to the brief of a change."""

from dataclasses import dataclass

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.domain.run import Run, Waiting
from bot.grammar.agreement import ContractReply, parse_contract_reply
from bot.intake.message import Message, Reply
from bot.presentation.cards import confirm_contract
from bot.self_improvement import SelfImprovementAgent
from bot.self_improvement.requests.agreements import Agreements
from bot.self_improvement.run_conversation import RunConversation

INTENTS = ()  # the run that waits decides, not the words

_WHAT_THEN = "What do you want instead? Say it here, or say “cancel” to end this."


@dataclass(frozen=True)
class Request:
    """The run, the message that answers it, and how it answers a brief."""

    run: Run
    message: Message
    contract: ContractReply | None


@dataclass(frozen=True, eq=False)
class Handler:
    """Passes answers to the run."""

    agent: SelfImprovementAgent
    authorizer: Authorizer
    agreements: Agreements
    conversation: RunConversation

    async def decide(self, message: Message) -> Request:
        """Return the answer."""
        if message.run is None:
            raise AssertionError("an answer is written in the thread of a run")
        waits_for_brief = message.run.waiting is Waiting.AGREEMENT
        contract = parse_contract_reply(message.text) if waits_for_brief else None
        return Request(message.run, message, contract)

    async def perform(self, request: Request) -> Reply:
        """Answer the question; or go ahead with the brief, revise it, or ask what is wanted.

        An unclear yes is confirmed with a button.
        """
        run, message, contract = request.run, request.message, request.contract
        if contract is None:
            await self.conversation.answer(run.id, message.person, message.text)
        elif contract.is_go_ahead:
            await self.agreements.give(run.id, message.person, "text")
        elif contract.may_agree:
            return await self._confirm(message, run)
        elif not contract.correction:
            return _WHAT_THEN
        else:
            key = f"message:{message.id}"
            await self.conversation.revise(run.id, message.person, contract.correction, "text", key)
        return None

    async def _confirm(self, message: Message, run: Run) -> Reply:
        await self.authorizer.ask(message.person, Act.READ, note="whether to go ahead")
        brief = (await self.agent.get_history(run.id)).brief
        return confirm_contract(run, brief) if brief else _WHAT_THEN

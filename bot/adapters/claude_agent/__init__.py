"""The claude engine: claude-agent-sdk with its bundled Claude Code program."""

from datetime import timedelta

from bot.adapters.claude_agent._agent import ClaudeAgent
from bot.adapters.claude_agent._answer_translator import ClaudeAnswerTranslator
from bot.adapters.claude_agent._audit_reader import ClaudeAuditReader
from bot.adapters.claude_agent._candidate_voter import ClaudeCandidateVoter
from bot.adapters.claude_agent._claim_writer import ClaudeClaimWriter
from bot.adapters.claude_agent._collaborators import EngineServices
from bot.adapters.claude_agent._message_interpreter import ClaudeMessageInterpreter
from bot.adapters.claude_agent._planner import ClaudePlanner
from bot.adapters.claude_agent.chat._chat import ChatServices, ClaudeChatModel
from bot.adapters.claude_agent.program._program import ChooseRole, Claude, ClaudeOptions
from bot.adapters.claude_agent.prompting._request_pictures import RequestPictures
from bot.domain.roles import Role

TRANSCRIPT_RETENTION = timedelta(days=14)

__all__ = [
    "ChatServices",
    "ChooseRole",
    "Claude",
    "ClaudeAgent",
    "ClaudeAnswerTranslator",
    "ClaudeAuditReader",
    "ClaudeCandidateVoter",
    "ClaudeChatModel",
    "ClaudeClaimWriter",
    "ClaudeMessageInterpreter",
    "ClaudeOptions",
    "ClaudePlanner",
    "EngineServices",
    "RequestPictures",
    "build_claude_engine",
]


def build_claude_engine(
    claude: Claude,
    services: EngineServices,
    *,
    planner: Role,
    executor: Role,
    reviewer: Role | None,
) -> tuple[ClaudeAgent, ClaudePlanner]:
    """Return the engine and its planner. No program is started before it is needed.

    They keep no process between calls, so there is nothing to close. Without a `reviewer`, changes
    are not reviewed. Conversations unused for two weeks are removed.
    """
    claude.tidy(TRANSCRIPT_RETENTION)
    return (
        ClaudeAgent(claude, services, executor=executor, reviewer=reviewer),
        ClaudePlanner(claude, planner, services),
    )

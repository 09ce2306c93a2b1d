"""The agent as tests use it: its parts under short names."""

from bot.authority.approvals import Approvals
from bot.authority.audit_watch import AuditWatch
from bot.authority.authorizer import AuditWriter, Authorizer
from bot.authority.autonomy_gate import AutonomyPolicy
from bot.authority.emergency_stop import EmergencyStop
from bot.authority.flags import FlagService
from bot.budget.reports import BudgetReports
from bot.infra.injector import Injector
from bot.intake import FailureMatcher
from bot.memory.recall import MemoryService
from bot.ports.journal import Journal
from bot.ports.store import Store
from bot.self_improvement import SelfImprovementAgent, ShippedFixes
from bot.self_improvement.checks.trials import ProposalTrials
from bot.self_improvement.requests.agreements import Agreements
from bot.self_improvement.requests.change_requests import ChangeRequests
from bot.self_improvement.requests.endorsements import Endorsements
from bot.self_improvement.requests.feature_requests import FeatureRequestService
from bot.self_improvement.requests.questions import QuestionService
from bot.self_improvement.requests.run_requests import RunRequests
from bot.self_improvement.requests.run_starter import RunAdmission
from bot.self_improvement.run_conversation import RunConversation
from bot.self_improvement.run_decisions import RunDecisions
from bot.self_improvement.run_restarts import RunRestarts
from bot.self_improvement.running_agent import RunningAgent
from bot.self_improvement.steps.watch import WatchStep
from bot.self_improvement.vital_signs import VitalSigns
from bot.self_improvement.watch.feedback import FeedbackService


class AgentUnderTest(SelfImprovementAgent):
    """Everything that people can ask of the agent, and its work, in one place."""

    def __init__(self, injector: Injector) -> None:
        get = self.get = injector.get
        super().__init__(
            get(Store),
            get(Journal),
            get(Authorizer),
            get(Approvals),
            get(AutonomyPolicy),
            get(RunAdmission),
            get(FeatureRequestService),
        )
        self.injector = injector
        self.commands = get(FailureMatcher).commands
        self.fixes, self.audit_writer = get(ShippedFixes), get(AuditWriter)
        self.audit, self.autonomy, self.emergency = (
            get(AuditWatch), get(AutonomyPolicy), get(EmergencyStop),
        )  # fmt: skip
        self.approvals, self.budget, self.memory = (
            get(Approvals), get(BudgetReports), get(MemoryService),
        )  # fmt: skip
        self.watch, self.requests, self.trials = (
            get(WatchStep), get(RunRequests), get(ProposalTrials),
        )  # fmt: skip
        self.changes, self.wishes = get(ChangeRequests), get(FeatureRequestService)
        self.agreements, self.endorsements = get(Agreements), get(Endorsements)
        self.flags, self.feedback = get(FlagService), get(FeedbackService)
        self.questions = get(QuestionService)
        self.restarts = get(RunRestarts)
        self.promote, self.retry, self.choose = (
            self.restarts.promote, self.restarts.retry, self.restarts.choose,
        )  # fmt: skip
        decisions, conversation = get(RunDecisions), get(RunConversation)
        self.approve, self.reject, self.cancel = (
            self.approvals.give, decisions.reject, decisions.cancel,
        )  # fmt: skip
        self.revise, self.answer = conversation.revise, conversation.answer
        self.get_question, self.switch_engine = (
            conversation.get_question, conversation.switch_engine,
        )  # fmt: skip
        self.format_vital_signs = get(VitalSigns).format_lines
        running = get(RunningAgent)
        self.run_forever, self.recover, self.drain = (
            running.run_forever, running.recover, running.drain,
        )  # fmt: skip

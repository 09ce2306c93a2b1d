"""The intake of requests, made from open ports and the configuration."""

from bot.app.known_targets import build_known_targets
from bot.client import Identity, TheseusClient
from bot.domain.people import Place
from bot.infra.injector import Injector
from bot.intake import Intake, IssueIntake, IssueRules
from bot.intake.answer_translations import AnswerTranslations
from bot.intake.assembly import assemble_intake
from bot.intake.corrections import Corrections
from bot.intake.meaning_readings import MeaningReadings
from bot.intake.model_readings import ModelReadings
from bot.ports.answer_translator import AnswerTranslator
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.ports.key_value_store import KeyValueStore
from bot.ports.meaning_rater import MeaningRater
from bot.ports.member_directory import MemberDirectory
from bot.ports.message_interpreter import MessageInterpreter
from bot.self_improvement import SelfImprovementAgent
from bot.self_improvement.requests.change_requests import ChangeRequests
from bot.settings import Settings


def build_intake(injector: Injector) -> Intake:
    """Return the service that decides about requests.

    The injector then provides it, the corrections of what it understood, and the readings and
    translations of models, if there are any.
    """
    injector.build(Corrections)
    client, who = injector.get(TheseusClient), injector.get(Identity)
    others = injector.call(build_known_targets)
    intake = assemble_intake(
        injector,
        find_audience=client.audiences.find_of_place,
        dev_channel_id=who.dev_channel_id,
        guild_id=who.guild_id,
        others=others,
    )
    injector.add(intake)
    if injector.find(MessageInterpreter) is not None:
        injector.build(ModelReadings, targets=intake.targets)
    if injector.find(MeaningRater) is not None:
        injector.build(MeaningReadings)
    if injector.find(AnswerTranslator) is not None:
        injector.build(AnswerTranslations)
    return intake


def build_issue_intake(
    settings: Settings,
    clock: Clock,
    forge: Forge,
    key_values: KeyValueStore,
    agent: SelfImprovementAgent,
    changes: ChangeRequests,
    intake: Intake,
    members: MemberDirectory,
    who: Identity,
) -> IssueIntake | None:
    """Return the intake of issues as requests, or `None` if no issue authors are listed."""
    config = settings.config.forge.issues
    if not config.people:
        return None
    rules = IssueRules(
        label=config.label,
        people={login.lower().removeprefix("@"): each for login, each in config.people.items()},
        seconds=config.minutes * 60,
        place=Place(channel_id=who.dev_channel_id, guild_id=who.guild_id),
    )
    return IssueIntake(forge, agent, changes, intake.ask, members, key_values, clock, rules)

"""Works past runs again from the command line, while no bot uses the state."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from theseus_guard.completion import run_in_thread

from bot.adapters.unsupervised_restarter import UnsupervisedRestarter
from bot.app.engines import EngineResources, build_engines
from bot.app.leadership import UnsupervisedWait, wait_for_lead
from bot.app.model_gateway import build_model_gateway
from bot.app.resources import open_services
from bot.app.state_lock import hold
from bot.budget.enforcement import BudgetEnforcer
from bot.domain.errors import ConfigError
from bot.domain.experience import ExperienceLimits, ExperienceReport
from bot.domain.posts import MessageRef
from bot.domain.report_picture import ReportPicture
from bot.learning.experience import ExperienceReplay, OnTrial, ignore_trial
from bot.prompts import Prompts
from bot.settings import Settings
from bot.skills import SkillLibrary, build_skills


class MissingPictures:
    """Implements `bot.ports.report_pictures.ReportPictures` where there is no chat."""

    async def load(self, ref: MessageRef, author_id: int) -> Sequence[ReportPicture]:
        """Return no pictures."""
        del ref, author_id
        return ()


async def replay_experience(
    settings: Settings, limits: ExperienceLimits, prompts: Path, on_trial: OnTrial = ignore_trial
) -> ExperienceReport:
    """Return how the configured engine does on past runs, with the prompts of a folder.

    The state is locked meanwhile. Raises `StateHeld` if a bot runs on it, `ConfigError`.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(hold(settings.state))
        leadership = await wait_for_lead(settings, stack, "", UnsupervisedWait(), standby=False)
        if leadership is None:
            raise ConfigError("This process was asked to end before it could use the state.")
        injector = await open_services(settings, stack, UnsupervisedRestarter(), leadership)
        gateway = await stack.enter_async_context(
            injector.call(build_model_gateway, spend_guard=injector.get(BudgetEnforcer))
        )
        texts = await run_in_thread(_read_skill_files, prompts)
        resources = injector.call(
            EngineResources,
            gateway=gateway,
            skills=SkillLibrary(lambda: build_skills(texts)),
            prompts=Prompts(prompts),
            pictures=MissingPictures(),
            protection=settings.config.protection,
        )
        engines = build_engines(resources)
        replay = injector.call(ExperienceReplay)
        return await replay.replay(engines.agent, limits, on_trial)


def _read_skill_files(prompts: Path) -> Mapping[str, str]:
    """Return the texts of all files of skills, by their paths from the checkout's root."""
    if not prompts.is_dir():
        raise ConfigError(f"--prompts: {prompts} is no folder. Name one like prompts/.")
    files = sorted(path for path in (prompts / "skills").rglob("*") if path.is_file())
    return {
        f"prompts/{path.relative_to(prompts).as_posix()}": path.read_text("utf-8", "replace")
        for path in files
    }

"""The lines of `/health`: forge, autonomy, sandbox, backups, engine and more."""

from bot.authority.audit_watch import AuditWatch
from bot.authority.autonomy_gate import AutonomyPolicy
from bot.authority.emergency_stop import EmergencyStop
from bot.domain.errors import ForgeError
from bot.ports.forge import Forge
from bot.self_improvement.runs.run_settings import RunSettings


class VitalSigns:
    """Asks the parts of the bot how they are."""

    def __init__(
        self,
        forge: Forge,
        emergency: EmergencyStop,
        audit: AuditWatch,
        autonomy: AutonomyPolicy,
        settings: RunSettings,
    ) -> None:
        self._forge = forge
        self._parts = (emergency, audit, autonomy)
        self._settings = settings

    @property
    def engine(self) -> str:
        """The names of the engines that write changes, for people."""
        return self._settings.engine

    async def format_lines(self) -> tuple[str, ...]:
        """Return one line for each part."""
        try:
            forge = await self._forge.check_connection()
        except ForgeError as error:
            forge = f"⚠️ {error}"
        signs = [await each.format_vital_sign() for each in self._parts]
        return (
            f"**Forge** {forge}",
            *signs,
            *self._settings.vital_signs,
            *[await sign() for sign in self._settings.signs],
            f"**Engine** {self.engine}",
            *self._settings.code_signs(),
        )

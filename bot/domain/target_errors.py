"""Errors about the other bots that are looked after."""

from bot.domain.errors import ForgeError, PortError, StoreError, WorkspaceError


class TargetMissing(ForgeError, WorkspaceError, StoreError):
    """The target of a run is not in the configuration, so none of its ports can be used."""

    code = "target_missing"


class DeploymentError(PortError):
    """A target could not be deployed; what was merged stays merged."""

    code = "deployment"

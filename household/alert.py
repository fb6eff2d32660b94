"""A warning of dangerous weather, as a weather service gave it out."""

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

Severity = Literal["extreme", "severe", "moderate", "minor", "unknown"]
SEVERITIES: tuple[Severity, ...] = ("extreme", "severe", "moderate", "minor", "unknown")
"""The worst first, in the words of the Common Alerting Protocol 1.2."""


class WeatherAlert(BaseModel):
    """One warning; its words were written by the service."""

    model_config = ConfigDict(frozen=True)

    event: str
    """What is warned of: "Flood Watch"."""
    severity: Severity = "unknown"
    area: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    """What the service advises to do."""
    sender: str = ""
    sent_at: AwareDatetime | None = None
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None

    def holds(self, moment: datetime) -> bool:
        """Whether it has not run out."""
        return self.ends_at is None or self.ends_at > moment


class AlertReport(BaseModel):
    """All warnings for a place, and who was asked when."""

    model_config = ConfigDict(frozen=True)

    source: str
    source_url: str = ""
    asked_at: AwareDatetime
    alerts: tuple[WeatherAlert, ...] = ()

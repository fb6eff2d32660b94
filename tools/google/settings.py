"""What the household sets to use Google Calendar."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class GoogleSettings(BaseModel):
    """A project of the household's own at Google: an OAuth client of the kind “Desktop app”."""

    model_config = ConfigDict(frozen=True)

    client_id: str = Field(
        "",
        description="The OAuth client's id, a “Desktop app” made at https://console.cloud.google.com/apis/credentials"
        " with the Google Calendar API enabled; then run “passfel login google”.",
    )
    client_secret: SecretStr = Field(
        SecretStr(""), description="The OAuth client's secret, from the same page."
    )
    refresh_token: SecretStr = Field(
        SecretStr(""), description="A sign-in made elsewhere; empty for the one of “passfel login google”."
    )
    person: str = Field(
        "", description="Whose calendars these are; empty means everybody's in the household."
    )
    calendars: tuple[str, ...] = Field(
        (),
        description="Only the calendars of these names; empty means all that are shown in Google Calendar.",
    )
    calendar_url: str = Field("https://www.googleapis.com/calendar/v3", description="The service's address.")
    token_url: str = Field("https://oauth2.googleapis.com/token", description="Where keys are given out.")
    auth_url: str = Field(
        "https://accounts.google.com/o/oauth2/v2/auth", description="Where a person says yes in the browser."
    )

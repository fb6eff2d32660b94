"""Signing in: prints the address, opens the browser where there is one, and waits for it to come back."""

import asyncio
import webbrowser

from passfel.app.settings import Settings, load_settings


def login(service: str, port: int = 0) -> int:
    """Sign in to `service`; Google is the only one."""
    settings = load_settings()
    asyncio.run(_google(settings, port))
    print(f"Signed in to {service.capitalize()}; “passfel doctor” shows its calendars.")
    return 0


async def _google(settings: Settings, port: int) -> None:
    from passfel.tools.google.login import Login
    from passfel.tools.google.sign_in import SignIn
    from passfel.tools.http import Http

    async with Http(settings.http) as http:
        attempt = Login(SignIn(http, settings.google, settings.data_dir), port)
        async with attempt.listening() as address:
            print(f"Open this address and let PASSFEL in:\n\n{address}\n", flush=True)
            await asyncio.to_thread(webbrowser.open, address)
            await attempt.finish()

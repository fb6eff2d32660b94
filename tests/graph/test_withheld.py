"""With Venice.ai as the second rung, nothing the household keeps goes out with a question."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from passfel.graph.assistant import open_assistant
from passfel.graph.settings import AssistantSettings, HouseholdSettings
from passfel.memory.postgres import Database
from passfel.serving.settings import LlmSettings, VeniceSettings
from passfel.tests.servers.sglang import QueueFull, Say, sglang

PLANTED = (
    "my lawyer is Dr. Silva, 555 0100",
    "add oncologist tomorrow at 15:00",
    "note that the alarm code is 4711",
    "remind me tomorrow at 8 to call the lender",
    "add wig glue to the shopping list",
)
SECRETS = ("Silva", "555 0100", "oncologist", "4711", "lender", "wig glue", "Setubal", "Lisbon", "marta")


@pytest.mark.parametrize("shared", [False, True])
async def test_planted_secrets_stay_in_the_house_unless_the_household_shares_them(
    database: Database, data_folder: Path, shared: bool
) -> None:
    with sglang() as box, sglang("zai-org-glm-4.7", api_key="key") as venice:
        outside: dict[str, Any] = {"enabled": True, "api_key": "key", "base_url": venice.url}
        settings = AssistantSettings(
            data_dir=data_folder,
            household=HouseholdSettings(
                user="marta", time_zone="Europe/Lisbon", home_place="Setubal, 38.5, -8.9"
            ),
            llm=LlmSettings(base_url=box.url),
            venice=VeniceSettings.model_validate({**outside, "private_context": shared}),
        )
        box.will(QueueFull())
        venice.will(Say("About seven minutes."))
        async with open_assistant(settings) as assistant:
            thread = str(uuid4())
            for planted in PLANTED:
                await assistant.ainvoke(planted, thread=thread)
            state = await assistant.ainvoke("how long does an egg take to boil", thread=thread)
        assert state["messages"][-1].text == "About seven minutes."
        assert state["messages"][-1].response_metadata["rung"] == "venice"
        assert [secret for secret in SECRETS if secret not in json.dumps(box.requests)] == ["marta"]
        leaked = [secret for secret in SECRETS if secret in json.dumps(venice.requests)]
        assert bool(leaked) is shared

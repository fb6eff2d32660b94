"""How a device is put back as it was: what undo calls.

Scenes, scripts and what is asked about first have no way back.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from uuid import NAMESPACE_URL, UUID, uuid5

from passfel.household.entity import Entity
from passfel.household.errors import RequestError
from passfel.household.home_kinds import is_guarded
from passfel.household.turn import Turn
from passfel.tools.home.provider import HomeProvider, Service

KIND = "home"
"""What changes at home are called in the ledger."""
TEMPERATURES = ("temperature", "target_temp_low", "target_temp_high")
KEPT: tuple[str, ...] = (
    *("brightness", "color_mode", "color_temp_kelvin", "hs_color", "percentage", "current_position"),
    *(*TEMPERATURES, "volume_level", "is_volume_muted"),
)
SWITCHES = frozenset({"light", "switch", "fan", "input_boolean", "humidifier", "media_player", "siren"})
PLAYING = {"playing": "media_play", "paused": "media_pause"}


class Journal(Protocol):
    """Where a thing is kept as it was, for undo."""

    async def changed(
        self, turn: Turn, kind: str, thing: UUID, before: dict[str, Any] | None, after: dict[str, Any] | None
    ) -> None:
        """Keep a thing as it was and as it is now."""
        ...


def number_of(entity_id: str) -> UUID:
    """The ledger's own number of an entity."""
    return uuid5(NAMESPACE_URL, entity_id)


def kept(entity: Entity) -> dict[str, Any]:
    """What has to be known of a device to put it back."""
    attributes = {name: entity.attributes[name] for name in KEPT if entity.attributes.get(name) is not None}
    return {"entity_id": entity.entity_id, "state": entity.state, "attributes": attributes}


def has_way_back(entity: Entity) -> bool:
    """Whether it can be put back as it is now, without a question."""
    return not is_guarded(entity) and any(_services(entity))


async def put_back(
    provider: HomeProvider, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> None:
    """Put one device back.

    Raises:
        RequestError: it has been changed since, or it is gone.
        ProviderError: the server refused, or can't be reached.
    """
    if before is None or after is None:
        raise RequestError("I can't undo that.")
    now = (await provider.home()).by_id.get(str(before["entity_id"]))
    if now is None:
        raise RequestError("I can't undo that: the device is gone.")
    if now.state != after["state"]:
        raise RequestError(f"I can't undo that: {now.name} has been changed since.")
    for service in _services(Entity.model_validate(before)):
        await provider.call(service)


def _services(entity: Entity) -> Iterator[Service]:
    """The calls that lead to this state."""
    ids, attributes = (entity.entity_id,), entity.attributes
    if entity.domain in SWITCHES and entity.state in {"on", "off"}:
        yield Service(
            f"{entity.domain}.turn_{entity.state}", ids, _look(entity) if entity.state == "on" else {}
        )
    elif entity.domain == "cover" and attributes.get("current_position") is not None:
        yield Service("cover.set_cover_position", ids, {"position": attributes["current_position"]})
    elif entity.domain == "cover" and entity.state in {"open", "closed"}:
        yield Service("cover.open_cover" if entity.state == "open" else "cover.close_cover", ids)
    elif entity.domain == "climate" and entity.available:
        yield Service("climate.set_hvac_mode", ids, {"hvac_mode": entity.state})
        temperatures = {name: attributes[name] for name in TEMPERATURES if attributes.get(name) is not None}
        if temperatures:
            yield Service("climate.set_temperature", ids, temperatures)
    if entity.domain == "media_player":
        yield from _sound(entity)


def _look(entity: Entity) -> dict[str, Any]:
    """The brightness and the colour of a light, the speed of a fan."""
    attributes = entity.attributes
    look: dict[str, Any] = {}
    if entity.domain == "fan" and attributes.get("percentage"):
        return {"percentage": attributes["percentage"]}
    if entity.domain == "light" and attributes.get("brightness"):
        look["brightness"] = attributes["brightness"]
    if entity.domain == "light":
        mode = attributes.get("color_mode")
        colour = {"color_temp": "color_temp_kelvin", "hs": "hs_color"}.get(str(mode), "")
        if colour and attributes.get(colour):
            look[colour] = attributes[colour]
    return look


def _sound(entity: Entity) -> Iterator[Service]:
    ids = (entity.entity_id,)
    if entity.state in PLAYING:
        yield Service(f"media_player.{PLAYING[entity.state]}", ids)
    if (volume := entity.attributes.get("volume_level")) is not None:
        yield Service("media_player.volume_set", ids, {"volume_level": volume})
    if (muted := entity.attributes.get("is_volume_muted")) is not None:
        yield Service("media_player.volume_mute", ids, {"is_volume_muted": muted})

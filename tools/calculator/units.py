"""Units as people write them, converted by pint, and said in words."""

import math
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.wording import say_number

if TYPE_CHECKING:
    from pint import UnitRegistry

# What people write, where pint reads it as something else or not at all. Compared without case.
WRITTEN = {
    "°c": "degC", "c": "degC", "celsius": "degC", "centigrade": "degC", "degrees celsius": "degC",
    "degrees c": "degC", "degree celsius": "degC", "℃": "degC",
    "°f": "degF", "f": "degF", "fahrenheit": "degF", "degrees fahrenheit": "degF", "degrees f": "degF",
    "degree fahrenheit": "degF", "℉": "degF", "k": "kelvin", "°k": "kelvin",
    "in": "inch", "ins": "inch", '"': "inch", "″": "inch", "'": "foot", "′": "foot", "m": "meter",
    "nm": "nautical_mile", "nmi": "nautical_mile", "kms": "kilometer", "metre": "meter", "klick": "kilometer",
    "lb": "pound", "lbs": "pound", "st": "stone", "stones": "stone", "g": "gram", "kilo": "kilogram",
    "kilos": "kilogram", "kgs": "kilogram", "gr": "gram", "t": "metric_ton", "tonne": "metric_ton",
    "tonnes": "metric_ton", "short ton": "ton", "us ton": "ton", "imperial ton": "long_ton", "oz": "ounce",
    "fl oz": "fluid_ounce", "floz": "fluid_ounce", "tbsp": "tablespoon", "tbs": "tablespoon", "tsp": "teaspoon",
    "l": "liter", "ml": "milliliter", "cl": "centiliter", "dl": "deciliter", "cc": "milliliter", "gal": "gallon",
    "pt": "pint", "qt": "quart", "us_gallon": "us gallon",
    "mph": "mile_per_hour", "kph": "kilometer_per_hour", "kmh": "kilometer_per_hour", "km/h": "kilometer_per_hour",
    "kn": "knot", "kt": "knot", "kts": "knot", "mps": "meter / second", "m/s": "meter / second",
    "sqm": "meter**2", "sq m": "meter**2", "m²": "meter**2", "m2": "meter**2", "km²": "kilometer**2",
    "km2": "kilometer**2", "sqft": "foot**2", "sq ft": "foot**2", "ft²": "foot**2", "sq km": "kilometer**2",
    "sq mi": "mile**2", "m³": "meter**3", "m3": "meter**3", "ha": "hectare",
    "kb": "kilobyte", "mb": "megabyte", "gb": "gigabyte", "tb": "terabyte", "kib": "kibibyte", "mib": "mebibyte",
    "gib": "gibibyte", "tib": "tebibyte", "h": "hour", "hr": "hour", "hrs": "hour", "min": "minute",
    "mins": "minute", "sec": "second", "secs": "second", "s": "second", "d": "day", "yr": "year", "wk": "week",
    "kcal": "kilocalorie", "cal": "calorie", "kj": "kilojoule", "kwh": "kilowatt_hour", "wh": "watt_hour",
    "kw": "kilowatt", "w": "watt", "v": "volt", "hp": "horsepower", "hpa": "hectopascal", "mbar": "millibar",
}  # fmt: skip
SIZES = ("gallon", "quart", "pint", "fluid_ounce", "cup")
"""Volumes that are larger in Britain than in the United States."""
IMPERIAL_LOCALES = frozenset({"en_GB", "en_IE", "en_AU", "en_NZ", "en_ZA"})

SINGULAR = {
    "degree_Celsius": "°C",
    "degree_Fahrenheit": "°F",
    "metric_ton": "tonne",
    "ton": "US ton",
    "long_ton": "imperial ton",
    "standard_atmosphere": "atmosphere",
    "millimeter_Hg": "millimeter of mercury",
    "pound_force_per_square_inch": "psi",
} | {name: f"US {name.replace('_', ' ')}" for name in SIZES}
PLURAL = {"foot": "feet", "inch": "inches", "century": "centuries"}
NO_PLURAL = frozenset({"°C", "°F", "stone", "horsepower", "hertz", "psi", "siemens", "lux"})
KINDS = {
    "[length]": "a length",
    "[length] ** 2": "an area",
    "[length] ** 3": "a volume",
    "[mass]": "a weight",
    "[temperature]": "a temperature",
    "[time]": "a time",
    "[length] / [time]": "a speed",
}
PLAIN = re.compile(r"[^\W\d][\w ]*(?:\s*(?:\*\*|\^)\s*[2-4])?(?:\s*(?:/|\bper\b)\s*[^\W\d][\w ]*)?")
LONGEST = 60


@dataclass(frozen=True, slots=True)
class Converted:
    """A quantity in two units, pint's names for them."""

    value: float
    unit: str
    converted: float
    to: str
    locale: str

    def say(self, number: str, value: float) -> str:
        """Say the quantity as it was given: "10 kilometers"."""
        return f"{number} {say_unit(self.unit, self.locale, one=value == 1)}"

    def say_converted(self) -> str:
        """Say the quantity in its new unit: "6.21371 miles"."""
        number = say_number(self.converted)
        return f"{number} {say_unit(self.to, self.locale, one=number == '1')}"


@cache
def registry() -> "UnitRegistry[Any]":
    """Load pint and its table of units: this takes about a second, once."""
    from pint import UnitRegistry

    units: UnitRegistry[Any] = UnitRegistry()
    # Releases of pint differ in whose foot an acre is measured with: here it is the international one (1959).
    units.define("acre = 4046.8564224 * meter ** 2")
    return units


def convert(value: float, unit: str, to: str, locale: str = "en") -> Converted:
    """Convert a quantity; blocking at first, for pint's table is read."""
    from pint import DimensionalityError, PintError

    source, target = _named(unit, locale), _named(to, locale)
    if source == registry().degree and target.dimensionality == {"[temperature]": 1}:
        other = registry().degF if target == registry().degC else registry().degC
        source = other  # "20 degrees in Fahrenheit" is no angle
    try:
        converted = registry().Quantity(value, source).to(target).magnitude
    except DimensionalityError as error:
        raise RequestError(_incompatible(source, target, locale)) from error
    except (PintError, ArithmeticError, ValueError) as error:
        raise RequestError(f"{value:g} {unit[:LONGEST]} can't be converted to {to[:LONGEST]}.") from error
    if not math.isfinite(converted):
        raise RequestError("That number is too large to convert.")
    if "[temperature]" in target.dimensionality:
        converted = round(converted, 9)  # an offset leaves dust: 32 °F would be 5.7e-14 °C
    return Converted(value, str(source), float(converted), str(target), locale)


def _named(text: str, locale: str) -> Any:
    """Find pint's unit for what a person wrote."""
    from pint import PintError

    written = " ".join(text.strip().rstrip(".").split())
    folded = written.casefold().replace("metre", "meter").replace("litre", "liter")
    folded = re.sub(r"^(?:square|sq) (\S+?)$", r"\1**2", re.sub(r"^cubic (\S+)$", r"\1**3", folded))
    folded = folded.replace(" an hour", " per hour").replace(" a second", " per second")
    name = WRITTEN.get(folded, folded)
    name = _sized(name.replace("_", " ").removesuffix("s"), locale) or name
    for candidate in dict.fromkeys((name, name.replace(" ", "_"), written)):
        if len(candidate) <= LONGEST and PLAIN.fullmatch(candidate):
            try:
                return registry().Unit(candidate)
            except (PintError, AttributeError, ArithmeticError, ValueError, TypeError, SyntaxError):
                continue
    raise NotFoundError(f'I know no unit called "{text.strip()[:LONGEST]}".')


def _sized(name: str, locale: str) -> str:
    """Say which gallon: the one that was named, or the one of the person's country."""
    imperial = locale.replace("-", "_") in IMPERIAL_LOCALES
    kind, _, rest = name.partition(" ")
    if kind in {"us", "american", "imperial", "uk", "british"}:
        imperial, name = kind not in {"us", "american"}, rest
    key = name.replace(" ", "_")
    if key == "ton" and imperial:
        return "long_ton"
    if key not in SIZES:
        return ""
    return f"imperial_{key}" if imperial else key


def say_unit(name: str, locale: str = "en", *, one: bool = False) -> str:
    """Say pint's name of a unit: "kilometers", "square meters", "miles per hour", "°C"."""
    head, joint, below = (
        name.replace(" / ", "_per_").partition("_per_") if name not in SINGULAR else (name, "", "")
    )
    power = re.fullmatch(r"(\w+) \*\* ([23])", head)
    shape = {"2": "square ", "3": "cubic "}[power[2]] if power else ""
    head = power[1] if power else head
    singular = SINGULAR.get(head, head.replace("_", " "))
    words = shape + (singular if one else _plural(head, singular))
    if joint:
        words += f" per {below.replace('_', ' ')}"
    if locale.replace("-", "_") in IMPERIAL_LOCALES:
        words = re.sub(r"meter(?!s? of)|meter", "metre", words).replace("liter", "litre")
    return words


def _plural(name: str, singular: str) -> str:
    if singular in NO_PLURAL or name in NO_PLURAL:
        return singular
    if name in PLURAL:
        return PLURAL[name]
    return singular.replace("meter of", "meters of") if " of " in singular else f"{singular}s"


def _incompatible(source: Any, target: Any, locale: str) -> str:
    first, second = say_unit(str(source), locale), say_unit(str(target), locale)
    kinds = [KINDS.get(str(unit.dimensionality)) for unit in (source, target)]
    why = f": one is {kinds[0]}, the other {kinds[1]}" if all(kinds) else ": they measure different things"
    return f"{first[0].upper()}{first[1:]} can't be converted to {second}{why}."

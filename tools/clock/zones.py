"""Time zones by the names people use: zoneinfo's own, countries, and big cities that have no zone of their own."""

import unicodedata
from datetime import datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo, available_timezones

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.wording import say_list

CITIES = {
    "Africa/Casablanca": "Marrakesh, Marrakech, Rabat, Fez, Tangier",
    "Africa/Johannesburg": "Cape Town, Pretoria, Durban",
    "Africa/Lagos": "Abuja",
    "America/Chicago": "Houston, Dallas, Austin, San Antonio, New Orleans, Minneapolis, Memphis, Nashville, "
    "Milwaukee, Kansas City, St Louis, Saint Louis, Texas, Illinois, Central, Central Time",
    "America/Denver": "Salt Lake City, Albuquerque, Colorado, Utah, Mountain, Mountain Time",
    "America/Edmonton": "Calgary, Alberta",
    "America/Los_Angeles": "San Francisco, San Diego, San Jose California, Seattle, Portland, Las Vegas, LA, "
    "Sacramento, Oakland, Silicon Valley, California, Pacific, Pacific Time, Washington State",
    "America/New_York": "Washington, Washington DC, Boston, Miami, Atlanta, Philadelphia, Orlando, Cleveland, "
    "Baltimore, Pittsburgh, Charlotte, NYC, NY, Florida, Eastern, Eastern Time, New York City",
    "America/Sao_Paulo": "Rio de Janeiro, Rio, Brasilia, Porto Alegre, Belo Horizonte",
    "America/Toronto": "Montreal, Ottawa, Quebec, Ontario",
    "Asia/Dubai": "Abu Dhabi",
    "Asia/Ho_Chi_Minh": "Hanoi, Saigon",
    "Asia/Jerusalem": "Tel Aviv, Haifa",
    "Asia/Karachi": "Lahore, Islamabad",
    "Asia/Kolkata": "Mumbai, Bombay, Delhi, New Delhi, Bangalore, Bengaluru, Chennai, Hyderabad, Pune",
    "Asia/Riyadh": "Jeddah, Mecca, Medina",
    "Asia/Shanghai": "Beijing, Shenzhen, Guangzhou, Wuhan, Chengdu",
    "Asia/Tokyo": "Osaka, Kyoto, Yokohama, Nagoya, Sapporo, Hiroshima",
    "Australia/Brisbane": "Gold Coast, Cairns",
    "Europe/Amsterdam": "Rotterdam, The Hague, Utrecht, Holland",
    "Europe/Athens": "Thessaloniki",
    "Europe/Berlin": "Munich, Hamburg, Frankfurt, Cologne, Stuttgart, Dresden, Leipzig",
    "Europe/Brussels": "Antwerp, Bruges, Ghent",
    "Europe/Istanbul": "Ankara, Izmir",
    "Europe/Kyiv": "Lviv, Odesa",
    "Europe/Lisbon": "Porto, Faro, Lisboa, Coimbra",
    "Europe/London": "Edinburgh, Glasgow, Manchester, Liverpool, Birmingham, Leeds, Cardiff, Bristol, Oxford, "
    "Cambridge, England, Scotland, Wales, UK, United Kingdom, Great Britain",
    "Europe/Madrid": "Barcelona, Seville, Valencia, Malaga, Bilbao",
    "Europe/Moscow": "St Petersburg, Saint Petersburg",
    "Europe/Oslo": "Bergen, Tromso, Trondheim",
    "Europe/Paris": "Lyon, Marseille, Nice, Toulouse, Bordeaux",
    "Europe/Rome": "Milan, Florence, Naples, Venice, Turin, Roma, Bologna",
    "Europe/Stockholm": "Gothenburg, Malmo",
    "Europe/Vienna": "Salzburg, Graz, Innsbruck",
    "Europe/Warsaw": "Krakow, Gdansk",
    "Europe/Zurich": "Geneva, Basel, Bern, Lausanne",
    "Pacific/Auckland": "Wellington, Christchurch",
    "Pacific/Honolulu": "Hawaii, Waikiki",
    "Australia/Sydney": "Canberra",
}
COUNTRIES = {"US": "USA, United States of America, America, the States, US", "AE": "UAE", "CZ": "Czechia"}
COUNTRIES |= {"KR": "South Korea, Korea", "RU": "Russia", "VN": "Vietnam", "IR": "Iran", "SY": "Syria"}
COUNTRIES |= {"TR": "Turkey", "BO": "Bolivia", "VE": "Venezuela", "TZ": "Tanzania", "TW": "Taiwan"}
UTC_NAMES = frozenset({"utc", "gmt", "zulu", "universal time", "greenwich mean time", "greenwich"})


def find_zone(name: str, at: datetime) -> tuple[str, ZoneInfo]:
    """Find the zone of a city, country or zone name, and how to call it.

    Raises:
        NotFoundError: no such place.
        RequestError: a country whose clocks differ at that moment.
    """
    wanted = folded(name)
    if wanted in UTC_NAMES:
        return "UTC", ZoneInfo("UTC")
    key = _cities().get(wanted)
    if key is not None:
        return _spoken(name, key), ZoneInfo(key)
    country = _country_codes().get(wanted.removeprefix("the "))
    if country is not None:
        return _of_country(name, _country_zones()[country], at)
    head, comma, _ = name.partition(",")  # "Paris, France"
    if comma and head.strip():
        return find_zone(head, at)
    raise NotFoundError(f'I know no time zone for "{name.strip()[:60]}"; name a big city near it.')


def _of_country(name: str, keys: tuple[str, ...], at: datetime) -> tuple[str, ZoneInfo]:
    zones = [ZoneInfo(key) for key in keys]
    if len({at.astimezone(zone).utcoffset() for zone in zones}) > 1:
        cities = say_list([_city(key) for key in sorted(keys, key=lambda key: key not in CITIES)[:3]], "or")
        raise RequestError(
            f"There are several time zones in {_capital(name)}; name a city, such as {cities}."
        )
    return _capital(name), zones[0]


@cache
def _cities() -> dict[str, str]:
    """Zone keys by folded city and zone name."""
    names: dict[str, str] = {}
    # Shorter keys last, so that America/Indianapolis wins over America/Indiana/Indianapolis.
    for key in sorted(available_timezones(), key=lambda key: (-key.count("/"), key)):
        if key.startswith(("Etc/", "posix/", "right/", "SystemV/")) or key in {"localtime", "Factory"}:
            continue
        names[folded(key)] = key
        if "/" in key:
            names[folded(key.rpartition("/")[2])] = key
    for key, cities in CITIES.items():
        names |= {folded(city): key for city in cities.split(", ")}
    return names


@cache
def _country_codes() -> dict[str, str]:
    table = (files("tzdata.zoneinfo") / "iso3166.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    names = {folded(name): code for code, name in rows if code in _country_zones()}
    for code, others in COUNTRIES.items():
        names |= {folded(name): code for name in others.split(", ")}
    return names


@cache
def _country_zones() -> dict[str, tuple[str, ...]]:
    table = (files("tzdata.zoneinfo") / "zone.tab").read_text(encoding="utf-8")
    zones: dict[str, tuple[str, ...]] = {}
    for line in table.splitlines():
        if line and not line.startswith("#"):
            code, _, key, *_ = line.split("\t")
            zones[code] = (*zones.get(code, ()), key)
    return zones


def folded(text: str) -> str:
    """Compare names without case, accents, points and underscores."""
    plain = unicodedata.normalize("NFKD", text.replace("_", " ").replace("-", " ")).casefold()
    return " ".join("".join(c for c in plain if not unicodedata.combining(c) and c not in ".,").split())


def _spoken(name: str, key: str) -> str:
    return _city(key) if "/" in name else _capital(name)


def _city(key: str) -> str:
    return key.rpartition("/")[2].replace("_", " ")


def _capital(name: str) -> str:
    """Write a name with capitals, where the person wrote none."""
    name = " ".join(name.split())
    if name != name.lower():
        return name
    if name in {"uk", "us", "usa", "uae", "la", "ny", "nyc"}:
        return name.upper()
    small = {"de", "of", "the", "and"}
    words = [w if w in small else w[:1].upper() + w[1:] for w in name.split(" ")]
    return " ".join(words)

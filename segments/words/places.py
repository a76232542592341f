"""Countries and how their people are called, and the largest places: names that are known though nobody lives there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from core.countries import COUNTRIES

_ALSO: Mapping[str, Sequence[str]] = {
    "GB": ("UK", "U.K.", "Great Britain", "Britain"),
    "US": ("USA", "U.S.", "U.S.A.", "United States", "United States of America", "America", "the States"),
    "IE": ("Eire", "Republic of Ireland"),
    "ZA": ("RSA", "South Africa"),
    "NL": ("Holland", "The Netherlands"),
    "AE": ("UAE", "United Arab Emirates", "Emirates"),
    "CZ": ("Czech Republic", "Czechia"),
    "KR": ("Korea", "South Korea"),
    "RU": ("Russia", "Russian Federation"),
    "CH": ("Switzerland",),
    "BA": ("Bosnia",),
    "NZ": ("New Zealand",),
    "TR": ("Turkey", "Türkiye"),
}
_DEMONYMS: Mapping[str, Sequence[str]] = {
    "GB": ("British",), "US": ("American",), "DE": ("German",), "FR": ("French",), "ES": ("Spanish",),
    "IT": ("Italian",), "NL": ("Dutch",), "BE": ("Belgian",), "CH": ("Swiss",), "AT": ("Austrian",),
    "IE": ("Irish",), "PT": ("Portuguese",), "SE": ("Swedish",), "NO": ("Norwegian",), "DK": ("Danish",),
    "FI": ("Finnish",), "PL": ("Polish",), "CZ": ("Czech",), "GR": ("Greek",), "JP": ("Japanese",),
    "CN": ("Chinese",), "AU": ("Australian",), "CA": ("Canadian",), "NZ": ("New Zealand",), "BR": ("Brazilian",),
    "MX": ("Mexican",), "IN": ("Indian",), "ZA": ("South African",), "TR": ("Turkish",), "HU": ("Hungarian",),
    "RO": ("Romanian",), "UA": ("Ukrainian",), "RU": ("Russian",), "IS": ("Icelandic",), "KR": ("Korean",),
}  # fmt: skip
_REGIONS = (
    "Alabama,Alaska,Arizona,Arkansas,California,Colorado,Connecticut,Delaware,Florida,Georgia,Hawaii,Idaho,Illinois,"
    "Indiana,Iowa,Kansas,Kentucky,Louisiana,Maine,Maryland,Massachusetts,Michigan,Minnesota,Mississippi,Missouri,"
    "Montana,Nebraska,Nevada,New Hampshire,New Jersey,New Mexico,North Carolina,North Dakota,Ohio,Oklahoma,Oregon,"
    "Pennsylvania,Rhode Island,South Carolina,South Dakota,Tennessee,Texas,Utah,Vermont,Virginia,West Virginia,"
    "Wisconsin,Wyoming,England,Scotland,Wales,Northern Ireland,Cornwall,Devon,Kent,Essex,Sussex,Surrey,Yorkshire,"
    "Lancashire,Norfolk,Suffolk,Dorset,Somerset,Bavaria,Saxony,Hesse,Ontario,Quebec,British Columbia,Alberta,"
    "Normandy,Brittany,Provence,Catalonia,Andalusia,Tuscany,Lombardy,New South Wales,Queensland,Tasmania"
).split(",")
_TOWNS = (
    "London,Birmingham,Manchester,Leeds,Glasgow,Liverpool,Bristol,Sheffield,Edinburgh,Leicester,Brighton,Cardiff,"
    "Belfast,Nottingham,Newcastle,Southampton,Portsmouth,Oxford,Cambridge,Norwich,Exeter,Plymouth,Aberdeen,"
    "Dundee,Swansea,Coventry,Dublin,Cork,Galway,Paris,Lyon,Marseille,Berlin,Hamburg,Munich,Cologne,Frankfurt,"
    "Stuttgart,Leipzig,Dresden,Madrid,Barcelona,Valencia,Seville,Lisbon,Porto,Rome,Milan,Naples,Turin,Florence,"
    "Amsterdam,Rotterdam,Brussels,Antwerp,Vienna,Zurich,Geneva,Basel,Copenhagen,Stockholm,Oslo,Helsinki,Warsaw,"
    "Prague,Budapest,Athens,Istanbul,New York,Los Angeles,Chicago,Houston,Phoenix,Philadelphia,San Antonio,"
    "San Diego,Dallas,Austin,San Francisco,Seattle,Denver,Boston,Portland,Miami,Atlanta,Detroit,Toronto,Montreal,"
    "Vancouver,Sydney,Melbourne,Brisbane,Perth,Auckland,Tokyo,Singapore,Dubai"
).split(",")


@cache
def names_of_country() -> Sequence[Sequence[str]]:
    """Of each country its name, its code and what else it is called."""
    return [(country.name, code, *_ALSO.get(code, ())) for code, country in COUNTRIES.items()]


@cache
def demonyms() -> Sequence[tuple[str, str]]:
    return [(word, COUNTRIES[code].name) for code, words in _DEMONYMS.items() for word in words]


@cache
def known_places(kind: str) -> list[tuple[str, str]]:
    return [(name, kind) for name in (_TOWNS if kind == "city" else _REGIONS)]

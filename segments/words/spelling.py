"""One form for each word: singular, without contractions, as it is spelled in Britain."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

# Sloppy and short forms, as a sentence has them.
EXPANDED: Mapping[str, str] = {
    "whoever": "those who",
    **{
        f"{verb}{ending}": f"{verb} not"
        for verb in ("have", "has", "had", "do", "does", "did", "is", "are", "was", "were", "would", "could",
        "should")
        for ending in ("n't", "nt")
    },
    **{
        f"{who}{ending}": f"{who} {verb}"
        for who in ("i", "we", "you", "they", "who", "that", "there", "it")
        for ending, verb in (("'ve", "have"), ("'d", "had"), ("'re", "are"), ("'ll", "will"), ("'s", "is"))
    },
    "can't": "can not", "cant": "can not", "cannot": "can not", "won't": "will not", "wont": "will not",
    "mustn't": "must not", "ain't": "is not", "aint": "is not", "i'm": "i am", "let's": "let us", "lets": "let us",
    "whove": "who have", "whos": "who is", "ive": "i have", "theyve": "they have", "weve": "we have",
    "nonmember": "non member", "nonmembers": "non member", "w/o": "without", "gonna": "going to",
    "must've": "must have", "mustve": "must have", "rn": "right now", "alot": "a lot",
}  # fmt: skip
# What is typed often, and one spelling of words that have two.
_WRITTEN: Mapping[str, str] = {
    "costumer": "customer", "costumers": "customers", "cust": "customers", "custs": "customers", "peeps": "people",
    "ppl": "people", "folks": "people", "folk": "people", "evryone": "everyone", "evrybody": "everybody",
    "program": "programme", "programs": "programmes", "favorite": "favourite", "jan": "january", "feb": "february",
    "mar": "march", "apr": "april", "jun": "june", "jul": "july", "aug": "august", "sept": "september",
    "sep": "september", "oct": "october", "nov": "november", "dec": "december", "mths": "months", "mth": "month",
    "mos": "months", "wks": "weeks", "wk": "week", "yrs": "years", "yr": "year", "hrs": "hours", "hr": "hour",
    "mins": "minutes", "pts": "points", "pt": "point", "bday": "birthday", "bdays": "birthdays", "thier": "their",
    "wich": "which", "teh": "the", "adress": "address", "recieve": "receive", "recieved": "received",
    "pionts": "points", "poitns": "points", "ponits": "points", "memebr": "member", "bougth": "bought",
    "bouhgt": "bought", "ordred": "ordered", "monts": "months", "moths": "months", "peopel": "people",
    "peope": "people", "pepole": "people", "poeple": "people", "germny": "germany", "havnt": "haven't",
    "hasnt": "hasn't", "didint": "didn't", "dident": "didn't", "nxt": "next", "lst": "last", "plz": "please",
    "pls": "please", "thats": "that", "w": "with", "buyed": "bought", "spended": "spent", "spendt": "spent",
    "orderd": "ordered", "wthout": "without", "lifetimevalue": "lifetime", "postcodes": "postcode", "sms": "text",
    "canceled": "cancelled", "vist": "visit", "visted": "visited", "vists": "visits", "odered": "ordered",
    "oders": "orders", "thx": "thanks", "tks": "thanks", "tho": "though", "membrs": "members",
    "fav": "favourite", "fave": "favourite",
}  # fmt: skip
# Long common words of the grammar: what is one slip away from one of them is read as it.
_COMMON = (
    "customer customers everyone everybody anyone anybody anything something nothing ordered ordering "
    "purchase purchases purchased purchasing purchaser purchasers members birthday birthdays between "
    "recently without although average exactly lifetime loyalty category archetype programme "
    "january february september october november december visited visiting excluding neither "
    "yesterday tomorrow fortnight thousand hundred registered"
).split()
_SHORTEST = 7  # letters of a word that may have a slip: of shorter ones too many are other words


def stem(word: str) -> str:
    """Singular of a noun, and the plain form of a present verb; the same is done to every phrase."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@lru_cache(maxsize=10_000)
def put_right(word: str) -> str:
    """A common misspelling as it should be; every other word as it is."""
    if word in _WRITTEN:
        return _WRITTEN[word]
    if len(word) < _SHORTEST or word in _COMMON or stem(word) in _COMMON:
        return word
    near = [known for known in _COMMON if known[0] == word[0] and is_one_slip(word, known)]
    return near[0] if near else word


def is_one_slip(typed: str, meant: str) -> bool:
    """Whether one letter is missing, added, another, or changed places with its neighbour."""
    longer, shorter = sorted((typed, meant), key=len, reverse=True)
    if typed == meant or len(longer) - len(shorter) > 1:
        return False
    first = next((place for place, letter in enumerate(shorter) if letter != longer[place]), len(shorter))
    if len(longer) > len(shorter):
        return longer[first + 1 :] == shorter[first:]
    is_swapped = longer[first : first + 2] == shorter[first : first + 2][::-1]
    return longer[first + 1 :] == shorter[first + 1 :] or (is_swapped and longer[first + 2 :] == shorter[first + 2 :])

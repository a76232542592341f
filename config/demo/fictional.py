"""People who do not exist: names from two short lists and telephone numbers that can never reach anybody.

Source of the numbers: Ofcom, "Telephone numbers for use in TV and radio drama programmes": ranges of a thousand that
are never assigned. E-mail addresses are on example.com, which RFC 2606 reserves.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

# The first seven digits after +44 of each range of a thousand; the mobile one first.
RANGES = (
    "7700900",  # mobile
    "1632960",  # no area
    "1134960",  # Leeds
    "1144960",  # Sheffield
    "1154960",  # Nottingham
    "1164960",  # Leicester
    "1174960",  # Bristol
    "1184960",  # Reading
    "1214960",  # Birmingham
    "1314960",  # Edinburgh
    "1414960",  # Glasgow
    "1514960",  # Liverpool
    "1614960",  # Manchester
    "2079460",  # London
    "1914980",  # Tyneside, Durham, Sunderland
    "2896496",  # Northern Ireland
    "2920180",  # Cardiff
)
NUMBERS_IN_A_RANGE = 1000

FIRST_NAMES = (
    "Aisha Alfie Amara Anwen Arthur Asha Ava Beatrice Ben Bryony Callum Caroline Chidi Chloe Daniel Daria David "
    "Deepa Dylan Edie Elif Emeka Emma Erin Esme Ewan Farah Felix Fiona Freya George Grace Hamza Hannah Harriet "
    "Harry Imogen Iris Isla Jack James Jasmine Joanna Jonas Jude Kai Kamal Katie Keiko Kwame Laila Laura Leo Lily "
    "Lucas Maeve Marcus Maria Martha Max Maya Megan Mei Mina Mohammed Molly Nadia Nia Niamh Noah Oliver Olivia Omar "
    "Oscar Owen Paloma Penelope Peter Poppy Priya Rachel Ravi Reuben Rhys Robert Rosa Ruby Sam Sana Sarah Seren "
    "Simon Sophie Stefan Tariq Theo Thomas Tilly Tom Uma Victor Wei William Yasmin Yusuf Zara Zofia"
).split()
LAST_NAMES = (
    "Abbott Adeyemi Ahmed Aldridge Ali Anderson Baker Banerjee Barker Bell Bennett Bhatt Bishop Blake Boateng "
    "Brooks Brown Byrne Campbell Carter Chan Chapman Clarke Cole Cooper Cox Davies Dawson Demir Dixon Doyle Edwards "
    "Ellis Evans Farrell Fisher Fletcher Ford Foster Fraser Gibson Gill Graham Grant Gray Green Griffiths Hall "
    "Hamilton Harris Harvey Hassan Hughes Hunt Hussain Ibrahim Jackson James Jenkins Johnson Jones Kaur Kelly Khan "
    "King Kowalski Lambert Lawson Lee Lewis Lloyd Mahmood Marshall Martin Mason Matthews Mbeki Miller Mitchell "
    "Moore Morgan Morris Murphy Murray Nair Nguyen Novak Okafor Okonkwo Owen Palmer Parker Patel Pearce Phillips "
    "Porter Powell Price Quinn Rahman Reid Reynolds Richards Roberts Robinson Rose Ross Ryan Saunders Scott Shah "
    "Sharma Shaw Silva Simpson Singh Smith Spencer Stewart Sullivan Taylor Thompson Turner Walker Walsh Ward Watson "
    "Webb White Williams Wilson Wood Wright Yilmaz Young Zhang"
).split()


@dataclass(frozen=True, slots=True)
class FictionalPerson:
    first_name: str
    last_name: str
    email: str
    phone: str  # E.164


def fictional_phone(index: int) -> str:
    """The `index`-th number, from 0. Raises IndexError past the 17,000 that there are."""
    return f"+44{RANGES[index // NUMBERS_IN_A_RANGE]}{index % NUMBERS_IN_A_RANGE:03d}"


def fictional_people(count: int, *, seed: int) -> list[FictionalPerson]:
    """`count` people with different numbers and addresses, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311
    people = []
    for index in range(count):
        first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
        email = f"{first}.{last}{index}@example.com".lower()
        people.append(FictionalPerson(first, last, email, fictional_phone(index)))
    return people

"""How alike two team names are, and which squad of a club a name means. `matching` uses it where ids do not decide."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

MAX_NAME = 80

_NOISE = frozenset({"ac", "afc", "as", "bk", "ca", "cd", "cf", "club", "fc", "fk", "if", "sc", "sk", "sv", "the", "n"})
"""Words that one bookmaker prints and another leaves out; (n) is for neutral ground."""
_SPELLED_OUT = {"utd": "united", "ath": "athletic", "st": "saint", "int": "international"}
_SQUADS = {
    **dict.fromkeys(
        ("w", "women", "womens", "ladies", "girls", "fem", "femenino", "femenil", "feminino", "feminin", "feminine",
         "feminines", "feminina", "femminile", "femmes", "frauen", "damen", "dames", "donne", "kvinner", "vrouwen"),
        "women",
    ),
    **dict.fromkeys(("ii", "b", "2", "reserve", "reserves", "reserva", "reservas", "res", "jong"), "2"),
    **dict.fromkeys(("iii", "3"), "3"),
    **dict.fromkeys(("youth", "junior", "juniors", "juniores", "juvenil", "primavera"), "youth"),
    "srl": "srl", "esports": "esports", "esoccer": "esports",
}  # fmt: skip
"""Words that tell a club's teams apart, in the languages of the markets. SRL are simulated matches."""
_SQUADS_OF_COMPETITIONS = frozenset({"women", "youth", "srl", "esports"})
"""Markers that also count in the name of a competition, where a 2 or a B is the name of a division."""
_INITIALS = re.compile(r"\b([a-z])\.(?=[a-z]\b)", re.ASCII)
"""The dot within initials: F.C. is FC."""
_AGE = re.compile(r"\b(?:u|sub|under)[ -]?(1[4-9]|2[0-3])s?\b", re.ASCII)
_AGE_MARKER = re.compile(r"u[0-9]{2}", re.ASCII)
_WORD = re.compile(r"[^\W_]+(?:-[0-9]+)?")
_SHORTEST_STEM = 3
_ALMOST = 0.85


@dataclass(frozen=True, slots=True)
class Team:
    """A team name: the words that tell clubs apart, in alphabetical order, and its squad markers."""

    words: tuple[str, ...]
    squads: frozenset[str]


@lru_cache(maxsize=16_384)
def read_team(name: str) -> Team:
    """Split a name into the words of the club and its squad markers."""
    folded = unicodedata.normalize("NFKD", name[:MAX_NAME].casefold())
    plain = "".join(ch for ch in folded if not unicodedata.combining(ch)).replace("'", "")
    plain = _INITIALS.sub(r"\1", plain).replace(".", " ")
    ages = {f"u{age}" for age in _AGE.findall(plain)}
    found = _WORD.findall(_AGE.sub(" ", plain))
    squads = {_SQUADS[word] for word in found if word in _SQUADS}
    words = sorted(_SPELLED_OUT.get(word, word) for word in found if word not in _SQUADS and word not in _NOISE)
    return Team(tuple(words), frozenset(squads | ages))


def competition_squads(name: str) -> frozenset[str]:
    """Return the squad markers of a competition's name: its teams may be listed without them."""
    squads = read_team(name).squads
    return frozenset(squad for squad in squads if squad in _SQUADS_OF_COMPETITIONS or _AGE_MARKER.fullmatch(squad))


@lru_cache(maxsize=65_536)
def club_likeness(one: str, other: str) -> float:
    """Return how alike two names of clubs are, from 0 to 1: the share of letters in words that both have.

    Squad markers do not count. A word fits another that it begins (Man, Manchester), or that differs by a letter or so.
    """
    words, others = list(read_team(one).words), list(read_team(other).words)
    fitting = _pair_off(words, others, str.__eq__) + _pair_off(words, others, _fits)
    letters = fitting + sum(map(len, others)) + sum(map(len, words))
    return fitting / letters if letters else 0.0


def _pair_off(words: list[str], others: list[str], fits: Callable[[str, str], bool]) -> int:
    """Remove the words that fit each other from both lists; return the number of their letters."""
    letters = 0
    for word in tuple(words):
        partner = next((candidate for candidate in others if fits(word, candidate)), None)
        if partner is not None:
            others.remove(partner)
            words.remove(word)
            letters += len(word) + len(partner)
    return letters


@lru_cache(maxsize=65_536)
def _fits(word: str, other: str) -> bool:
    short, long = sorted((word, other), key=len)
    if len(short) < _SHORTEST_STEM:
        return False
    return long.startswith(short) or SequenceMatcher(None, short, long).ratio() >= _ALMOST

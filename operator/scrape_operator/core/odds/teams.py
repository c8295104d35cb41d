"""How alike two team names are. `matching` asks where two bookmakers share no id for an event."""

import re
import unicodedata
from difflib import SequenceMatcher
from functools import lru_cache

MAX_NAME = 80

_NOISE = frozenset({"ac", "afc", "as", "bk", "ca", "cd", "cf", "club", "fc", "fk", "if", "sc", "sk", "sv", "the", "n"})
"""Words that one bookmaker prints and another leaves out; (n) is for neutral ground."""
_SPELLED_OUT = {"utd": "united", "ath": "athletic", "st": "saint", "int": "international"}
_SQUADS = {
    "w": "women", "women": "women", "ladies": "women", "fem": "women", "femenino": "women",
    "ii": "2", "b": "2", "2": "2", "reserves": "2", "res": "2", "iii": "3", "3": "3",
    "youth": "youth", "junior": "youth", "juniors": "youth", "srl": "srl", "esports": "esports",
}  # fmt: skip
"""Words that tell a club's teams apart. SRL are simulated matches."""
_AGE = re.compile(r"u-?(1[4-9]|2[0-3])", re.ASCII)
_WORD = re.compile(r"[^\W_]+(?:-[0-9]+)?")
_SHORTEST_STEM = 3
_ALMOST = 0.85


@lru_cache(maxsize=16_384)
def read_team(name: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """Split a name into the words that tell clubs apart, in order of the alphabet, and its squad markers."""
    plain = "".join(
        ch for ch in unicodedata.normalize("NFKD", name[:MAX_NAME].casefold()) if not unicodedata.combining(ch)
    )
    words, squads = [], set()
    for word in _WORD.findall(plain.replace("'", "").replace(".", " ")):
        age = _AGE.fullmatch(word)
        if age or word in _SQUADS:
            squads.add(f"u{age[1]}" if age else _SQUADS[word])
        elif word not in _NOISE:
            words.append(_SPELLED_OUT.get(word, word))
    return tuple(sorted(words)), frozenset(squads)


@lru_cache(maxsize=65_536)
def likeness(one: str, other: str) -> float:
    """Give how alike two names are, from 0 to 1: the share of letters in words that both have. 0 for other squads.

    A word fits another that it begins (Man, Manchester), or that differs by a letter or so.
    """
    (words, squads), (others, other_squads) = read_team(one), read_team(other)
    if squads != other_squads or not words or not others:
        return 0.0
    left = list(others)
    fitting = 0
    for fits in (str.__eq__, _fits):
        for word in list(words):
            partner = next((candidate for candidate in left if fits(word, candidate)), None)
            if partner is not None:
                left.remove(partner)
                words = _without(words, word)
                fitting += len(word) + len(partner)
    return fitting / (fitting + sum(map(len, left)) + sum(map(len, words)))


def _without(words: tuple[str, ...], word: str) -> tuple[str, ...]:
    at = words.index(word)
    return words[:at] + words[at + 1 :]


@lru_cache(maxsize=65_536)
def _fits(word: str, other: str) -> bool:
    short, long = sorted((word, other), key=len)
    if len(short) < _SHORTEST_STEM:
        return False
    if long.startswith(short):
        return True
    best_possible = 2 * len(short) / (len(short) + len(long))
    return best_possible >= _ALMOST and SequenceMatcher(None, short, long).ratio() >= _ALMOST

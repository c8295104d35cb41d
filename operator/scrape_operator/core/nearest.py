"""What a person may have meant by a name that does not exist."""

from collections.abc import Sequence
from difflib import get_close_matches

MEANT_MAX = 3
SHOWN_MAX = 5
SIMILARITY = 0.6


def hint_for(name: str, names: Sequence[str], namespaces: Sequence[str] = ()) -> str:
    """Return a remedy for a name that does not exist in a namespace, or an empty text where nothing is known.

    Args:
        name: The name that was asked for.
        names: The names that exist in the namespace.
        namespaces: The other namespaces in which the name exists.

    """
    meant = get_close_matches(name.lower(), names, n=MEANT_MAX)
    hints = [
        *([f"did you mean {shown(meant)}?"] if meant else []),
        *([f"namespaces that have it: {shown(namespaces)} (option -n)"] if namespaces else []),
    ]
    if not hints and names:
        return f"known are {shown(names)}"
    return " ".join(hints)


def shown(names: Sequence[str], most: int = SHOWN_MAX) -> str:
    """Return the first names as a list, and how many others there are."""
    others = len(names) - most
    return ", ".join(names[:most]) + (f" and {others} more" if others > 0 else "")


def close_names(wanted: str, names: Sequence[str], similarity: float = SIMILARITY) -> Sequence[str]:
    """Return the names that are similar to one, in upper or lower case. A similarity of 1 is the same name."""
    lower: dict[str, str] = {}
    for name in names:
        lower.setdefault(name.lower(), name)
    return [lower[name] for name in get_close_matches(wanted.lower(), list(lower), n=MEANT_MAX, cutoff=similarity)]

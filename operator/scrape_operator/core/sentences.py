"""Joins the sentences of a message."""

from collections.abc import Iterable


def join_sentences(sentences: Iterable[str]) -> str:
    """Return sentences as one text, without the empty ones. All but questions and the last one get a point."""
    text = ""
    for sentence in filter(None, sentences):
        text += ("" if not text else " " if text.endswith("?") else ". ") + sentence
    return text

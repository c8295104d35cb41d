"""Texts that are written for programs, of selectors whose other texts are not."""


class MachineText(str):
    """A text whose ambiguous number has a decimal point, whatever the language of its page is."""

    __slots__ = ()

"""The error of a value that can't be read as the type of its field."""


class Unreadable(ValueError):
    """A value is not of its field's type, and so it is missing. The text says why, or is empty."""

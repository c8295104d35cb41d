"""JSON of values that a page may hold: also integers beyond 64 bits, and lists nested deeper than orjson writes."""

import json
from functools import partial
from uuid import UUID

import orjson


def dump_json(value: object, option: int = 0) -> bytes:
    """Return compact JSON. The flags of orjson in `option` say how times are written."""
    plain = partial(_as_plain, option=option)
    try:
        return orjson.dumps(value, plain, option)
    except TypeError:  # integers beyond 64 bits, nesting beyond 254
        return json.dumps(value, default=plain, ensure_ascii=False, separators=(",", ":")).encode()


def _as_plain(value: object, option: int) -> object:
    """Return a value that JSON does not have, such as a time, as orjson writes it."""
    if isinstance(value, UUID):  # that of asyncpg is of a class of its own
        return str(value)
    return orjson.loads(orjson.dumps(value, option=option))

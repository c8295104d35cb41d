"""When a step that is repeated lands inside a range of a circle: the arithmetic of intervals that meet windows."""


def first_multiple_within(step: int, modulus: int, low: int, high: int) -> int | None:
    """Return the least k >= 0 with low <= (k * step) mod modulus <= high, or None if there is none.

    Args:
        step: From 0 to less than modulus.
        modulus: The length of the circle.
        low: From 0 to high.
        high: Less than modulus.

    The range is mapped to smaller and smaller circles, as in Euclid's algorithm: O(log modulus) steps.

    """
    if low == 0:
        return 0
    if step == 0:
        return None
    count = -(-low // step)
    if count * step <= high:
        return count
    turns = first_multiple_within(modulus % step, step, -high % step, -low % step)
    return None if turns is None else -(-(low + modulus * turns) // step)

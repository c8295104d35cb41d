"""httpx lives here: transport, address guard, limits, decoding."""

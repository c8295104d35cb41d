"""Values and rules of the product, without I/O, clock, logging or asyncio."""

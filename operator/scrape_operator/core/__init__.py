"""What the product knows: pure values and rules. No I/O, no clock, no logging, no asyncio."""

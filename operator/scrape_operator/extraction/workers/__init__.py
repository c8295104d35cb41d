"""Where extraction runs: beside the event loop, or in a pool of worker processes."""

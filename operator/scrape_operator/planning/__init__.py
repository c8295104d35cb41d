"""From an object to a plan: parse, check and compile a spec once per generation."""

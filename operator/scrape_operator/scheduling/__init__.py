"""Decides when schedules run: the registry, the queue of due times, skipped slots, ownership."""

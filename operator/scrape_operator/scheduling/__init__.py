"""When and who: the registry of schedules, the timer queue, due times."""

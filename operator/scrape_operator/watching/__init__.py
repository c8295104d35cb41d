"""kopf lives here and only here: informer events in, process start and cleanup, probes."""

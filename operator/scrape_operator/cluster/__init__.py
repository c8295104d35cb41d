"""The Kubernetes client lives here: credentials, status patches, Events, metadata lists."""

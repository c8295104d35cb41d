"""Calls to the API server: lists, status patches, Secrets, Events. Only this package uses the Kubernetes client."""

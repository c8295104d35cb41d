"""The current context of the kubeconfig."""

from typing import Any

DEFAULT_NAMESPACE = "default"


def current_namespace() -> str:
    """Return the namespace of the current context; `default` where the context or the kubeconfig names none."""
    from kubernetes import config as kubernetes_config

    config: Any = kubernetes_config  # it has no types
    try:
        _contexts, current = config.list_kube_config_contexts()
    except (kubernetes_config.ConfigException, OSError, ValueError):
        return DEFAULT_NAMESPACE
    return str(current["context"].get("namespace") or DEFAULT_NAMESPACE)

"""The kubectl plugin: `kubectl scrape VERB`, in the current context and namespace of the kubeconfig."""

"""The results API: runs and items through the Kubernetes API (API aggregation), without an object in etcd."""

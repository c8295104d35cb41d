"""What kube-apiserver needs to pass requests on to an aggregated API, and a log of those requests.

Called by `controlplane`. The API server shows the aggregated API a client certificate of the front-proxy CA, and names
the caller in headers; it publishes CA, names and headers in ConfigMap kube-system/extension-apiserver-authentication.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from tests.support.certificates import Authority

CLIENT_NAME = "front-proxy-client"
AUDIT_LOG = "aggregated.audit.log"
AUDITED_GROUPS = ("results.scrape-operator.dev",)

CA_FILE, CLIENT, AUDIT_POLICY = "front-proxy-ca.crt", "front-proxy-client", "audit-policy.json"


def write_front_proxy(folder: Path) -> Authority:
    """Write the files that the flags name, and return the CA: tests issue certificates of other names with it."""
    authority = Authority("front proxy").write(folder / CA_FILE)
    authority.issue(CLIENT_NAME).write(folder, CLIENT)
    policy = {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [{"level": "Metadata", "resources": [{"group": group} for group in AUDITED_GROUPS]}],
    }
    (folder / AUDIT_POLICY).write_text(json.dumps(policy), encoding="utf-8")
    return authority


def front_proxy_flags(folder: Path) -> Sequence[str]:
    """Return the flags of kube-apiserver."""
    return [
        f"--requestheader-client-ca-file={folder / CA_FILE}",
        f"--requestheader-allowed-names={CLIENT_NAME}",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-uid-headers=X-Remote-Uid",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={folder / CLIENT}.crt",
        f"--proxy-client-key-file={folder / CLIENT}.key",
        f"--audit-policy-file={folder / AUDIT_POLICY}",
        f"--audit-log-path={folder / AUDIT_LOG}",
        "--audit-log-mode=blocking-strict",
    ]

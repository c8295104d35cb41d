"""Callers of the results API, what each of them may read, and the objects of RBAC that say so."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.e2e.results_requests import GROUP

A, B = "results-a", "results-b"
READ: Mapping[str, set[str]] = {"scraperuns": {"get", "list", "watch"}, "scrapeitems": {"get", "list"}}
EVERYTHING = {(verb, resource) for resource, verbs in READ.items() for verb in verbs}
AUTHENTICATED = "system:authenticated"


def caller(user: str, *groups: str, a: Any = (), b: Any = (), anywhere: Any = ()) -> dict[str, Any]:
    """A user with groups, and what they may do: in namespace a, in b, and in the whole cluster."""
    rights = {A: set(a) | set(anywhere), B: set(b) | set(anywhere), None: set(anywhere)}
    return {"user": user, "groups": groups, "rights": rights}


CALLERS = [
    caller("root", AUTHENTICATED, "system:masters", anywhere=EVERYTHING),
    caller("cluster-viewer", AUTHENTICATED, anywhere=EVERYTHING),
    caller("viewer-of-a", AUTHENTICATED, a=EVERYTHING),
    caller(f"system:serviceaccount:{B}:viewer", "system:serviceaccounts", AUTHENTICATED, b=EVERYTHING),
    caller("editor-of-b", AUTHENTICATED, b=EVERYTHING),
    caller("member", AUTHENTICATED, "team-a", a=EVERYTHING),
    caller("runs-of-a", AUTHENTICATED, a={("get", "scraperuns"), ("list", "scraperuns"), ("watch", "scraperuns")}),
    caller("items-of-a", AUTHENTICATED, a={("get", "scrapeitems"), ("list", "scrapeitems")}),
    caller("getter-of-a", AUTHENTICATED, a={("get", "scraperuns")}),
    caller("lister-of-both", AUTHENTICATED, a={("list", "scraperuns")}, b={("list", "scraperuns")}),
    caller("nobody", AUTHENTICATED),
    caller("system:anonymous", "system:unauthenticated"),
]
ROLES = {
    "runs-of-a": [{"apiGroups": [GROUP], "resources": ["scraperuns"], "verbs": ["get", "list", "watch"]}],
    "items-of-a": [{"apiGroups": [GROUP], "resources": ["scrapeitems"], "verbs": ["get", "list"]}],
    "getter-of-a": [{"apiGroups": [GROUP], "resources": ["scraperuns"], "verbs": ["get"]}],
    "lister-of-both": [{"apiGroups": [GROUP], "resources": ["scraperuns"], "verbs": ["list"]}],
}


def rbac_objects() -> Iterator[dict[str, Any]]:
    """The roles and bindings by which the callers may what they may."""
    api = "rbac.authorization.k8s.io"

    def binding(name: str, namespace: str | None, role: tuple[str, str], kind: str, subject: str) -> dict[str, Any]:
        of = {"kind": kind, "name": subject} | ({"namespace": B} if kind == "ServiceAccount" else {"apiGroup": api})
        metadata = {"name": f"results-test-{name}"} | ({"namespace": namespace} if namespace else {})
        reference = {"apiGroup": api, "kind": role[0], "name": role[1]}
        shape = "RoleBinding" if namespace else "ClusterRoleBinding"
        return {"apiVersion": f"{api}/v1", "kind": shape, "metadata": metadata, "roleRef": reference, "subjects": [of]}

    view, edit = ("ClusterRole", "view"), ("ClusterRole", "edit")
    yield binding("cluster-viewer", None, view, "User", "cluster-viewer")
    yield binding("viewer-of-a", A, view, "User", "viewer-of-a")
    yield binding("viewer-of-b", B, view, "ServiceAccount", "viewer")
    yield binding("editor-of-b", B, edit, "User", "editor-of-b")
    yield binding("team-a", A, view, "Group", "team-a")
    for user, rules in ROLES.items():
        for namespace in (A, B) if user == "lister-of-both" else (A,):
            metadata = {"name": user, "namespace": namespace}
            yield {"apiVersion": f"{api}/v1", "kind": "Role", "metadata": metadata, "rules": rules}
            yield binding(user, namespace, ("Role", user), "User", user)

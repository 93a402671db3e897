"""A Kubernetes API server, for what an ordinary user of one namespace asks.

Source: Kubernetes API reference (v1, authorization.k8s.io/v1, authentication.k8s.io/v1) and API conventions (Status);
"Using RBAC Authorization", default roles: anybody may read /version and the health, discovery needs a user;
apiserver's texts of refusals. It runs pods (see `pods`), knows no watches, and follows no logs.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from servers.authority import Authority
from servers.pods import Pod, now
from servers.serving import Answer, Asked, Served, as_json, as_text

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_PUBLIC = {"/version", "/healthz", "/livez", "/readyz"}
_GROUPS = {"authorization.k8s.io": "selfsubjectaccessreviews", "authentication.k8s.io": "selfsubjectreviews"}
_KINDS = {"selfsubjectaccessreviews": "SelfSubjectAccessReview", "selfsubjectreviews": "SelfSubjectReview"}
_ANONYMOUS = "system:anonymous"
_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "AlreadyExists",
    422: "Invalid",
}


class Failure(Exception):  # noqa: N818 - an answer of kind Status
    """A request that is not done."""

    def __init__(self, code: int, message: str, name: str = "", kind: str = "") -> None:
        super().__init__(message)
        self.code, self.message = code, message
        self.details = {key: value for key, value in (("name", name), ("kind", kind)) if value}

    def answer(self) -> Answer:
        status: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        status |= {"message": self.message, "reason": _REASONS[self.code], "details": self.details, "code": self.code}
        return as_json({key: value for key, value in status.items() if value or key == "metadata"}, self.code)


@dataclass(frozen=True)
class User:
    """Who asks."""

    name: str
    groups: tuple[str, ...]

    @property
    def anonymous(self) -> bool:
        return self.name == _ANONYMOUS


class Kubernetes(Served):
    """A cluster with one user, who may do in one namespace what the role `edit` may, and nothing elsewhere.

    `quota` is the hard limits of the namespace's ResourceQuota, none without; `prefix` a path before the API's, as a
    vCluster behind a shared name has. Faults: a `version` other than the declared one, `forbidden` (the user may not
    make pods), `unschedulable` (no node has room), `log_lost` (the node does not have it any more), `anonymous`
    (whoever has no token is let in as the user).
    """

    def __init__(
        self,
        *,
        version: str = "v1.30.4",
        namespace: str = "alice",
        quota: Mapping[str, str] | None = None,
        prefix: str = "",
        forbidden: bool = False,
        unschedulable: bool = False,
        log_lost: bool = False,
        anonymous: bool = False,
    ) -> None:
        super().__init__()
        self.version, self.namespace, self.prefix = version, namespace, prefix
        self.quota = dict(quota or {})
        self.forbidden, self.unschedulable = forbidden, unschedulable
        self.log_lost, self.anonymous = log_lost, anonymous
        self.token = secrets.token_urlsafe(32)
        self.pods: dict[str, Pod] = {}
        self._user = User("alice", ("physicists", "system:authenticated"))
        self._folder = Path(tempfile.mkdtemp(prefix="kubernetes-"))
        self.authority = Authority(self._folder, "kubernetes")
        self._tls = self.authority.server("kube-apiserver")

    def tls(self) -> ssl.SSLContext:
        return self._tls

    @property
    def url(self) -> str:
        return f"{super().url}{self.prefix}"

    def stopped(self) -> None:
        for pod in self.pods.values():
            pod.end()
        shutil.rmtree(self._folder)

    def kubeconfig(self, path: Path, *, token: str | None = None) -> Path:
        """Write how kubectl reaches it: as the user, or with another token."""
        authority = base64.b64encode(self.authority.ca.read_bytes()).decode()
        cluster = {"server": self.url, "certificate-authority-data": authority}
        context = {"cluster": "c", "user": "u", "namespace": self.namespace}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": {"token": self.token if token is None else token}}],
            "contexts": [{"name": "x", "context": context}],
            "current-context": "x",
        }
        path.write_text(json.dumps(config))
        path.chmod(0o600)
        return path

    def answer(self, asked: Asked) -> Answer:
        if not asked.path.startswith(f"{self.prefix}/"):
            return as_text("404 page not found\n", 404)
        path = asked.path.removeprefix(self.prefix)
        try:
            user = self._authenticate(asked)
            if path in _PUBLIC:
                return self._public(path)
            return self._answer(asked, user, [part for part in path.split("/") if part])
        except Failure as failure:
            return failure.answer()

    def _authenticate(self, asked: Asked) -> User:
        if asked.bearer is None:
            return self._user if self.anonymous else User(_ANONYMOUS, ("system:unauthenticated",))
        if not secrets.compare_digest(asked.bearer, self.token):
            raise Failure(401, "Unauthorized")
        return self._user

    def _public(self, path: str) -> Answer:
        if path != "/version":
            return as_text("ok")
        major, minor = re.findall(r"\d+", self.version)[:2]
        build = {"gitTreeState": "clean", "buildDate": "2026-01-15T10:00:00Z", "platform": "linux/amd64"}
        return as_json({"major": major, "minor": minor, "gitVersion": self.version, **build})

    def _answer(self, asked: Asked, user: User, parts: list[str]) -> Answer:
        match (asked.method, *parts):
            case "GET", ("api" | "apis"), *rest if len(rest) < 3 and "namespaces" not in rest:
                if user.anonymous:
                    path = "/".join(["", *parts])
                    raise Failure(403, f'forbidden: User "{user.name}" cannot get path "{path}"')
                return self._discovery(parts)
            case "POST", "apis", group, "v1", resource if _GROUPS.get(group) == resource:
                return self._review(asked, user, resource)
            case method, "api", "v1", "namespaces", *rest:
                return self._core(asked, user, method, rest)
        raise Failure(404, "the server could not find the requested resource")

    def _discovery(self, parts: list[str]) -> Answer:
        match parts:
            case ["api"]:
                return as_json({"kind": "APIVersions", "versions": ["v1"]})
            case ["apis"]:
                groups = [
                    {"name": name, "versions": [_served(name)], "preferredVersion": _served(name)} for name in _GROUPS
                ]
                return as_json({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
            case ["api", "v1"]:
                verbs = ["create", "delete", "get", "list"]
                kinds = {"pods": "Pod", "resourcequotas": "ResourceQuota", "pods/log": "Pod"}
                found = [_resource(name, kind, verbs, namespaced=True) for name, kind in kinds.items()]
                found.append(_resource("namespaces", "Namespace", ["get"], namespaced=False))
                return as_json({"kind": "APIResourceList", "groupVersion": "v1", "resources": found})
            case ["apis", group, "v1"] if group in _GROUPS:
                name = _GROUPS[group]
                found = [_resource(name, _KINDS[name], ["create"], namespaced=False)]
                return as_json({"kind": "APIResourceList", "groupVersion": f"{group}/v1", "resources": found})
        raise Failure(404, "the server could not find the requested resource")

    def _review(self, asked: Asked, user: User, resource: str) -> Answer:
        given = asked.json() or {}
        if user.anonymous:
            raise self._forbidden(user, "create", resource, None)
        if resource == "selfsubjectreviews":
            status: dict[str, Any] = {"userInfo": {"username": user.name, "groups": list(user.groups)}}
        else:
            wanted = given.get("spec", {}).get("resourceAttributes", {})
            allowed = self._may(user, wanted.get("verb", ""), wanted.get("resource", ""), wanted.get("namespace"))
            status = {"allowed": allowed, **({} if allowed else {"reason": ""})}
        group = asked.parts[-3]
        answer = {"kind": _KINDS[resource], "apiVersion": f"{group}/v1", "metadata": {"creationTimestamp": now()}}
        return as_json({**answer, "spec": given.get("spec", {}), "status": status}, 201)

    def _may(self, user: User, verb: str, resource: str, namespace: str | None) -> bool:
        if user.anonymous or namespace != self.namespace:
            return False
        if resource == "pods" and verb in {"create", "delete"}:
            return not self.forbidden
        return resource in {"pods", "resourcequotas", "namespaces"} and verb in {"get", "list"}

    def _forbidden(self, user: User, verb: str, resource: str, namespace: str | None, name: str = "") -> Failure:
        what = f'{resource} "{name}" is forbidden' if name else f"{resource} is forbidden"
        group = next((group for group, item in _GROUPS.items() if item == resource), "")
        where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
        message = f'{what}: User "{user.name}" cannot {verb} resource "{resource}" in API group "{group}" {where}'
        return Failure(403, message, name, resource)

    def _core(self, asked: Asked, user: User, method: str, rest: list[str]) -> Answer:
        """/api/v1/namespaces/..."""
        namespace, resource, name, *more = [*rest, "", "", ""][:4] if rest else ["", "namespaces", "", ""]
        if rest and not resource:
            resource, name = "namespaces", namespace
        verb = {"POST": "create", "DELETE": "delete"}.get(method, "get" if name else "list")
        if not self._may(user, verb, resource, namespace or None):
            raise self._forbidden(user, verb, resource, namespace or None, name)
        match (method, resource):
            case "GET", "namespaces":
                metadata = {"name": namespace, "uid": str(uuid4())}
                status = {"phase": "Active"}
                return as_json({"kind": "Namespace", "apiVersion": "v1", "metadata": metadata, "status": status})
            case "GET", "resourcequotas" if not name:
                items = [self._resource_quota()] if self.quota else []
                return as_json({"kind": "ResourceQuotaList", "apiVersion": "v1", "metadata": {}, "items": items})
            case _, "pods":
                return self._pods(asked, name, *more)
        raise Failure(405, "the server does not allow this method on the requested resource")

    def _resource_quota(self) -> dict[str, Any]:
        used = {key: str(len(self.pods)) if key == "pods" else "0" for key in self.quota}
        metadata = {"name": "compute", "namespace": self.namespace, "uid": str(uuid4())}
        status = {"hard": self.quota, "used": used}
        kind = {"kind": "ResourceQuota", "apiVersion": "v1"}
        return {**kind, "metadata": metadata, "spec": {"hard": self.quota}, "status": status}

    def _pods(self, asked: Asked, name: str, part: str) -> Answer:
        if asked.method == "POST" and not name:
            return self._create(asked.json())
        if not name:
            shown = [item.as_json() for item in self.pods.values()]
            for item in self.pods.values():
                item.go_on()
            return as_json({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": shown})
        if name not in self.pods:
            raise Failure(404, f'pods "{name}" not found', name, "pods")
        pod = self.pods[name]
        if part == "log":
            return self._log(pod)
        shown_pod = pod.as_json()
        if asked.method == "DELETE":
            pod.end()
            del self.pods[name]
            shown_pod["metadata"] |= {"deletionTimestamp": now(), "deletionGracePeriodSeconds": 30}
        else:
            pod.go_on()
        return as_json(shown_pod)

    def _log(self, pod: Pod) -> Answer:
        if not pod.scheduled:
            return Answer(204, b"", "text/plain")
        if pod.phase == "Pending":
            pod.go_on()
            container = pod.container["name"]
            message = f'container "{container}" in pod "{pod.name}" is waiting to start: ContainerCreating'
            raise Failure(400, message)
        pod.go_on()
        lost = f"unable to retrieve container logs for containerd://{pod.metadata['uid']}"
        return as_text(lost if self.log_lost else pod.log(), 200, "text/plain")

    def _create(self, given: Any) -> Answer:
        if not isinstance(given, dict) or given.get("kind") != "Pod":
            raise Failure(400, "the object provided is unrecognized (must be of type Pod)")
        metadata, spec = given.get("metadata", {}), given.get("spec", {})
        name = metadata.get("name") or f"{metadata.get('generateName', '')}x"
        if not _NAME.fullmatch(name) or not spec.get("containers"):
            field = "metadata.name" if not _NAME.fullmatch(name) else "spec.containers: Required value"
            raise Failure(422, f'Pod "{name}" is invalid: {field}: Invalid value: "{name}"', name, "Pod")
        if name in self.pods:
            raise Failure(409, f'pods "{name}" already exists', name, "pods")
        self._admit(name, spec["containers"])
        pod = Pod(given, self.namespace, unschedulable=self.unschedulable)
        self.pods[pod.name] = pod
        return as_json(pod.as_json(), 201)

    def _admit(self, name: str, containers: list[dict[str, Any]]) -> None:
        """What the quota asks of a pod: that it says what it needs, and that there is room for it."""
        missing = []
        for limit in self.quota:
            kind, _, resource = limit.partition(".")
            asked = [container.get("resources", {}) for container in containers]
            if kind in {"requests", "limits"} and resource in {"cpu", "memory"}:
                # A limit is its request too, where none is given.
                said = [part.get(kind, {}) | (part.get("limits", {}) if kind == "requests" else {}) for part in asked]
                if not all(resource in part for part in said):
                    missing.append(f"{limit} for: {containers[0].get('name')}")
        if missing:
            message = f'pods "{name}" is forbidden: failed quota: compute: must specify {"; ".join(missing)}'
            raise Failure(403, message, name, "pods")
        used, hard = len(self.pods), self.quota.get("pods")
        if hard is not None and used >= int(hard):
            what = f"exceeded quota: compute, requested: pods=1, used: pods={used}, limited: pods={hard}"
            raise Failure(403, f'pods "{name}" is forbidden: {what}', name, "pods")


def _served(group: str) -> dict[str, str]:
    return {"groupVersion": f"{group}/v1", "version": "v1"}


def _resource(name: str, kind: str, verbs: list[str], *, namespaced: bool) -> dict[str, Any]:
    return {"name": name, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": verbs}

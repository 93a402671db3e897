"""Kubernetes' API, asked directly: a user's kubeconfig, pods, logs, quotas.

Facts: Kubernetes, "Organizing Cluster Access Using kubeconfig Files", API conventions, "Pod Security Standards"
(restricted), Quantity (k8s.io/apimachinery/pkg/api/resource).
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

import yaml

from afspec.conformance.clients.documents import document, words
from afspec.conformance.trouble import FailedError, UnverifiedError
from afspec.verdict import Reason

if TYPE_CHECKING:
    import httpx

    from afspec.conformance.web import Web

LABEL = "app.kubernetes.io/managed-by=afspec"
_UNKNOWN = 401
_SUFFIXES = {"": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18, "m": -3, "u": -6, "n": -9}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_QUANTITY = re.compile(r"([+-]?[0-9]+(?:\.[0-9]*)?|[+-]?\.[0-9]+)(?:([eE][+-]?[0-9]+)|([KMGTPE]i|[kMGTPEmun]?))")
_HINT = (
    "Give under `secrets: kubeconfig:` of the run's credentials a kubeconfig that holds the user's own token, such as "
    "`kubectl config view --minify --raw` shows it."
)


@dataclass(frozen=True)
class Account:
    """A user of a cluster: where, as whom, in which namespace; `authority` is certificates to trust (PEM)."""

    server: str
    namespace: str
    token: str = field(repr=False)
    authority: str = ""


def _cannot(why: str) -> NoReturn:
    raise UnverifiedError(Reason.NO_CREDENTIALS, f"this run's kubeconfig {why}", _HINT)


def read_kubeconfig(text: str) -> Account:
    """The account of a kubeconfig's current context.

    Raises:
        UnverifiedError: it names none, or proves the user in a way that needs a program or a person.
    """
    try:
        config = yaml.safe_load(text)
        context = _named(config["contexts"], config["current-context"])["context"]
        cluster = _named(config["clusters"], context["cluster"])["cluster"]
        user = _named(config["users"], context["user"])["user"] or {}
        server = str(cluster["server"]).rstrip("/")
        authority = _text(cluster, "certificate-authority")
        token = str(user.get("token") or _text(user, "tokenFile"))
        namespace = str(context.get("namespace") or "default")
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, StopIteration):
        _cannot("has no current context with a cluster and a user")
    except (OSError, ValueError) as error:
        _cannot(f"names a file that cannot be read: {error}")
    if not token.strip():
        kind = "a program (exec)" if "exec" in user else "certificates" if user.keys() & _CERTIFICATES else "nothing"
        _cannot(f"proves the user with {kind}, not with a token")
    return Account(server, namespace, token.strip(), authority)


_CERTIFICATES = {"client-certificate", "client-certificate-data"}


def _named(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(item for item in items if item["name"] == name)


def _text(of: dict[str, Any], name: str) -> str:
    """What NAME-data holds in base64, else what the file NAME does; "" where it has neither."""
    if data := of.get(f"{name}-data"):
        try:
            return base64.b64decode(data, validate=True).decode()
        except binascii.Error as error:
            raise ValueError(f"{name}-data is no base64") from error
    path = of.get(name)
    return Path(path).expanduser().read_text(encoding="utf-8") if path else ""


def quantity(text: object) -> Decimal | None:
    """The number that a quantity is: "64", "100m", "256Gi", "1e3"; None where it is none."""
    found = _QUANTITY.fullmatch(str(text))
    if not found:
        return None
    number, exponent, suffix = Decimal(found[1]), found[2], found[3] or ""
    if exponent:
        return number.scaleb(int(exponent[1:]))
    return number * 1024 ** _BINARY[suffix] if suffix in _BINARY else number.scaleb(_SUFFIXES[suffix])


class Namespace:
    """A user's namespace in a cluster."""

    def __init__(self, web: Web, name: str) -> None:
        self._web = web
        self.name = name
        self._path = f"/api/v1/namespaces/{quote(name)}"

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask for something of it.

        Raises:
            UnverifiedError: the cluster does not take the token.
        """
        answer = self._web.ask(method, self._path + path, **more)
        if answer.status_code == _UNKNOWN:
            text = f"the cluster does not take this run's token: {words(answer)}"
            raise UnverifiedError(Reason.NO_CREDENTIALS, text, "Is it expired? Log in again.")
        return answer

    def pod(self, name: str) -> dict[str, Any]:
        """A pod.

        Raises:
            FailedError: there is none of that name.
        """
        return document(self.ask("GET", f"/pods/{quote(name)}"), f"pod {name}")

    def log(self, name: str) -> str:
        """What its container said; "" while there is no log."""
        answer = self.ask("GET", f"/pods/{quote(name)}/log")
        return answer.text if answer.is_success else ""

    def delete(self, name: str) -> None:
        """Delete a pod; one that is gone is no matter.

        Raises:
            FailedError: it is refused.
        """
        answer = self.ask("DELETE", f"/pods/{quote(name)}", json={"gracePeriodSeconds": 0})
        if not answer.is_success and answer.status_code != 404:  # noqa: PLR2004
            raise FailedError(f"pod {name} was not deleted: {words(answer)}")

    def ours(self) -> list[str]:
        """The names of pods that this kit has made."""
        answer = self.ask("GET", "/pods", params={"labelSelector": LABEL})
        items = document(answer, "the list of pods").get("items")
        rows = [row.get("metadata", {}) for row in items if isinstance(row, dict)] if isinstance(items, list) else []
        return [str(row.get("name")) for row in rows]


def restricted_pod(name: str, image: str, command: list[str], seconds: int, *, uid: int | None) -> dict[str, Any]:
    """A pod that also a namespace under the strictest standard admits; it is killed after so many seconds.

    `uid` is left out where the cluster gives every namespace a range of its own (OKD).
    """
    security: dict[str, Any] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    if uid is not None:
        security["runAsUser"] = uid
    resources = {"cpu": "100m", "memory": "64Mi"}
    container = {
        "name": "main",
        "image": image,
        "command": command,
        "resources": {"requests": resources, "limits": resources},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    key, _, value = LABEL.partition("=")
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {key: value}},
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": seconds,
            "automountServiceAccountToken": False,
            "securityContext": security,
            "containers": [container],
        },
    }

"""What must be given before REANA is installed.

The chart takes no Secret that is there already: it makes its own from values, and stops where one is missing. They
are given from files on the command line, so that no file of values holds them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.generators.cluster import Required

from .instance import RELEASE
from .login import provider
from .values import CHARTS_CLASS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .instance import Instance

_OVERLAY = "Say it in the spec, or in an overlay: helm -f overlay.yaml"


def needs(item: Instance) -> Iterator[Required]:
    """Secrets, then where workspaces are, then values that the spec does not know."""
    yield _given(item, "db-secrets", "database", ("user", "password"), "The database's account")
    yield _given(item, "cache-secrets", "cache", ("user", "password"), "The cache's account")
    yield _given(item, "message-broker-secrets", "message_broker", ("user", "password"), "The queue's account")
    yield _given(item, "secrets", "reana", ("REANA_SECRET_KEY",), "The key that signs sessions")
    if found := item.login:
        files = _files(f"secrets.login.{provider(found)}", ("consumer_key", "consumer_secret"))
        why = f"REANA as a client of the login {found.name}"
        yield Required(
            "Secret",
            f"{RELEASE}-login-provider-secrets",
            why,
            f"The chart makes it: helm {files}",
            item.component.namespace,
            ("PROVIDER_SECRETS",),
        )
    yield from _certificate(item)
    yield from _storage(item)
    yield from _values(item)


def _values(item: Instance) -> Iterator[Required]:
    """What the spec does not say, or says and the chart cannot do."""
    if item.at is None:
        yield Required("Value", "reana_hostname", "The spec gives no url: REANA calls itself localhost", _OVERLAY)
    elif item.ingress is None and not item.okd:
        why = "The chart serves a whole host; the url of the spec has a path"
        yield Required("Value", "ingress.enabled", why, _OVERLAY)
    if item.spec.runtime_namespace and not item.folder:
        why = "The chart takes a namespace of workflows' own only with a folder of nodes"
        yield Required("Value", "namespace_runtime", why, _OVERLAY)
    for name, path in item.workspaces.items():
        if path is None:
            why = f"The chart mounts folders of nodes alone; the area {name} is none that its pods can have"
            yield Required("Value", "workspaces.paths", why, _OVERLAY)


def _files(start: str, keys: tuple[str, ...]) -> str:
    return " ".join(f"--set-file {start}.{key}=FILE" for key in keys)


def _given(item: Instance, name: str, value: str, keys: tuple[str, ...], why: str) -> Required:
    how = f"The chart makes it: helm {_files(f'secrets.{value}', keys)}, files that end without a line break"
    return Required("Secret", f"{RELEASE}-{name}", why, how, item.component.namespace, keys)


def _certificate(item: Instance) -> Iterator[Required]:
    """The certificate of the host, where no issuer of the cluster makes it."""
    at = item.ingress
    if at and at.tls and not at.annotations:
        name, namespace = f"{RELEASE}-tls", item.component.namespace
        how = f"kubectl -n {namespace} create secret tls {name} --cert=FILE --key=FILE"
        yield Required("Secret", name, f"Certificate of {at.host}", how, namespace, ("tls.crt", "tls.key"))


def _storage(item: Instance) -> Iterator[Required]:
    if item.folder:
        yield Required("Folder", item.folder, "Workspaces, database and queue", "The same on every node of the cluster")
    else:
        name = item.storage_class or CHARTS_CLASS
        yield Required(
            "StorageClass", name, "Workspaces, database and queue", "A class whose volumes are ReadWriteMany"
        )

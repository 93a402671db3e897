"""What must be there before a release of ServiceX is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afspec.generators.cluster import Required, secret

from .instance import CODE_GENERATORS, DID_FINDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .instance import Instance

# Keys that ServiceX's pods look for (helm/example_secrets.yaml), and those of MinIO's chart with the same values.
_KEYS = (
    "globusClientID",
    "globusClientSecret",
    "flaskSecretKey",
    "jwtSecretKey",
    "slackSigningSecret",
    "slackSignupWebhook",
    "mailgunAPIKey",
    "accesskey",
    "secretkey",
    "rabbitmq-password",
    "rabbitmq-erlang-cookie",
    "postgresql-password",
)
_MINIO = {"root-user": "accesskey", "root-password": "secretkey"}


def needs(item: Instance) -> Iterator[Required]:
    """Secrets, then values that the spec does not know."""
    yield _passwords(item)
    namespace = item.component.namespace
    if not item.open_data_only:
        yield secret(
            namespace,
            "grid-certs-secret",
            ("usercert.pem", "userkey.pem", "passphrase"),
            "The grid certificate by which files are found and read; the chart looks for this very name",
        )
    yield from _certificates(item)
    yield from _values(item)


def _passwords(item: Instance) -> Required:
    keys = (*_KEYS, *_MINIO) if item.own_store else _KEYS
    files = " ".join(f"--from-file={key}" + (f"={_MINIO[key]}" if key in _MINIO else "") for key in keys)
    why = (
        "Passwords and keys of ServiceX and of what it runs, each from a file that ends without a line break; "
        "what is not used (Slack, Mailgun) is an empty file"
    )
    name, namespace = item.secret, item.component.namespace
    return Required(
        "Secret", name, why, f"kubectl -n {namespace} create secret generic {name} {files}", namespace, keys
    )


def _certificates(item: Instance) -> Iterator[Required]:
    """Certificates of the hosts that no issuer of the cluster makes."""
    served = [(item.ingress, f"{item.release}-app-tls")]
    if item.own_store and item.store and item.store.by == "Ingress":
        served.append((item.store, item.store_tls))
    namespace = item.component.namespace
    for at, name in served:
        if at and at.tls and not at.annotations:
            how = f"kubectl -n {namespace} create secret tls {name} --cert=FILE --key=FILE"
            yield Required("Secret", name, f"Certificate of {at.host}", how, namespace, ("tls.crt", "tls.key"))


def _values(item: Instance) -> Iterator[Required]:
    """What an overlay has to say, since the spec does not."""
    how = "Say it in the spec, or in an overlay: helm -f overlay.yaml"
    if item.spec.url is None:
        yield Required("Value", "app.ingress.host", "The spec gives no url: nothing is published", how)
    elif item.ingress is None and not item.okd:
        why = "The chart serves RELEASE.HOST and a whole host; the url of the spec is none"
        yield Required("Value", "app.ingress.host", why, how)
    if item.store is None:
        why = "The spec gives no object_store url: results can be read inside the cluster only"
        yield Required("Value", "objectStore.publicURL", why, how)
    if not item.admin:
        yield Required("Value", "app.adminEmail", "Otherwise nobody can approve users", how)
    if "rucio" in item.finders and not item.spec.grid_account:
        yield Required("Value", "gridAccount", "The account by which datasets are looked up in Rucio", how)
    why = "The spec offers it, and the chart has none of that name"
    for name in item.spec.code_generators:
        if name not in CODE_GENERATORS:
            yield Required("Value", f"codeGen.{name}", why, how)
    for name in item.spec.did_finders:
        if name.lower() not in DID_FINDERS:
            yield Required("Value", f"didFinder.{name}", why, how)

"""What TLS between a session and its workers needs, below /etc/cmsaf-secrets, and the token for HTCondor.

CoffeaCasaCluster speaks TLS where ca.pem and hostcert.pem are there, and sends them along with each worker job; its
workers' image reads certificate and key from hostcert.pem (coffea-casa, coffea_casa.py and prepare-env-cc-analysis.sh).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .plan import GID, SECRETS, UID

if TYPE_CHECKING:
    from .plan import Plan

VOLUME = "cmsaf-secrets"
TOKENS = "/etc/condor-tokens"
KEYS = ("ca.pem", "hostcert.pem", "hostkey.pem")
_LONGEST = 30 * 86400
_TOKEN = "condor-token"  # noqa: S105 - a volume's name
# Python 3.13 and later are strict about certificates (X509_V_FLAG_X509_STRICT). The settings are our own: an image's
# may ask for the same extensions, and two of a kind are an error. No braces: KubeSpawner fills in words between them.
_MAKE = """\
set -eu
umask 077
cd {folder}
cat > openssl.cnf <<END
[req]
distinguished_name = name
x509_extensions = own
[name]
[own]
basicConstraints = critical, CA:TRUE
keyUsage = critical, digitalSignature, keyEncipherment, keyCertSign
subjectKeyIdentifier = hash
END
openssl req -x509 -newkey rsa:3072 -sha256 -nodes -days {days} -subj /CN=coffea-casa \\
  -config openssl.cnf -keyout hostkey.pem -out ca.pem
cat ca.pem hostkey.pem > hostcert.pem
rm openssl.cnf
"""


def volumes(plan: Plan) -> list[dict[str, Any]]:
    """Volumes of a session's pod."""
    secrets: dict[str, Any] = {"name": VOLUME}
    if plan.casa.certificate:
        items = [{"key": key, "path": key} for key in KEYS]
        secrets["secret"] = {"secretName": plan.casa.certificate, "items": items, "defaultMode": 0o440}
    else:
        # In memory: a key on a node's disk outlives its session.
        secrets["emptyDir"] = {"medium": "Memory", "sizeLimit": "1Mi"}
    if plan.pool is None:
        return [secrets]
    items = [{"key": plan.token.key, "path": "condor_token"}]
    return [secrets, {"name": _TOKEN, "secret": {"secretName": plan.token.name, "items": items, "defaultMode": 0o440}}]


def mounts(plan: Plan) -> list[dict[str, Any]]:
    """Where a session sees them."""
    found: list[dict[str, Any]] = [{"name": VOLUME, "mountPath": SECRETS, "readOnly": True}]
    if plan.pool:
        found.append({"name": _TOKEN, "mountPath": TOKENS, "readOnly": True})
    return found


def makers(plan: Plan) -> list[dict[str, Any]]:
    """The container that makes a session's own certificate, in the session's image, before the session starts."""
    if plan.casa.certificate:
        return []
    limits = plan.casa.limits
    days = -(-((limits.duration if limits else None) or _LONGEST) // 86400) + 1
    return [
        {
            "name": "certificate",
            "image": plan.image,
            "command": ["/bin/sh", "-c", _MAKE.format(folder=SECRETS, days=days)],
            "volumeMounts": [{"name": VOLUME, "mountPath": SECRETS}],
            "resources": {
                "requests": {"cpu": "50m", "memory": "64Mi"},
                "limits": {"cpu": "1", "memory": "256Mi"},
            },
            "securityContext": {
                "runAsUser": UID,
                "runAsGroup": GID,
                "runAsNonRoot": True,
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            },
        }
    ]

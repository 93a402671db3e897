"""What must be there before a folder's files are applied, and that none of them makes: Secrets above all.

Each folder with such needs has a `requires.yaml`, from which `afspec verify` knows that a reference leads somewhere,
and a person what to do first.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Required(NamedTuple):
    """An object that somebody else makes.

    `holds` are keys of a Secret or a ConfigMap, or ports of a Service; `how` is a command, or says who makes it.
    """

    kind: str
    name: str
    why: str
    how: str
    namespace: str = ""
    holds: tuple[str | int, ...] = ()

    def data(self) -> dict[str, Any]:
        """As plain data, without what is empty."""
        named = {"kind": self.kind, "namespace": self.namespace, "name": self.name, "holds": list(self.holds)}
        return {key: value for key, value in named.items() if value} | {"why": self.why, "how": self.how}


def secret(namespace: str, name: str, keys: tuple[str, ...], why: str) -> Required:
    """A Secret with the command that makes it; each key's value is read from a file of that name, never from a line."""
    files = " ".join(f"--from-file={key}" for key in keys)
    return Required(
        "Secret", name, why, f"kubectl -n {namespace} create secret generic {name} {files}", namespace, keys
    )

"""Who runs the kit, and with what: a file of references beside the spec, never part of it, never with a secret in it.

afspec_run: 1
site: slac
user: alice                                   # taken out of everything that is published
vantages:
  login: {host: "ssh://iana", ssh_config: ~/.ssh/config, controlpath: ~/.ssh/control-%C}
  session: {host: "local://"}
ssh_config: ~/.ssh/config                     # the user's own, where `outside` is
folders: {group: /sdf/group/atlas/mine}       # where she may write in an area that is a group's
xrootd_file: root://host:1094//store/file     # a file that she may read, to read it through caches
secrets:
  hub_token: {env: JUPYTERHUB_API_TOKEN}
consents:
  bad_credentials: {given_by: "S3DF help desk", since: 2026-11-20}
downtimes:
  - {capability: batch, start: 2026-11-22T08:00:00Z, end: 2026-11-22T18:00:00Z, notice: "https://..."}
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import AwareDatetime, Field, ValidationError

from afspec.conformance.catalogue import Consent, Vantage
from afspec.conformance.trouble import UnverifiedError
from afspec.facility.common import Model, SecretRef
from afspec.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping


class CredentialsError(Exception):
    """The file of the run's credentials cannot be used; the message says where and why."""


class VantageHost(Model):
    """How a vantage is reached, in pytest-testinfra's words."""

    host: str = Field(pattern=r"^(local|ssh|podman|kubectl)://", description="local://, ssh://HOST, podman://NAME, ...")
    ssh_config: str | None = Field(None, description="OpenSSH's configuration, such as the one that afspec compiles.")
    controlpath: str | None = Field(None, description="ControlPath of a connection that stands, after a second factor.")
    container: str | None = Field(None, description="Container of the pod (kubectl).")
    namespace: str | None = Field(None, description="Namespace of the pod (kubectl).")


class ConsentGiven(Model):
    """Who of the site agreed, and when."""

    given_by: str = Field(min_length=1)
    # Not `on`, which YAML 1.1 reads as true.
    since: dt.date


class Downtime(Model):
    """A time in which the site said that something would not work."""

    capability: str = Field(description="A row of the matrix, or `site` for all.")
    start: AwareDatetime = Field(description="With its time zone: 2026-11-22T08:00:00Z.")
    end: AwareDatetime
    notice: str = Field(min_length=1, description="Where it was announced.")


class Credentials(Model):
    """The whole file."""

    afspec_run: int = Field(1, ge=1, le=1)
    site: str
    user: str | None = None
    vantages: dict[Vantage, VantageHost] = Field({}, description="How each is reached.")
    ssh_config: str = Field(
        "~/.ssh/config", description="The user's own SSH configuration, where outside is: her keys."
    )
    folders: dict[str, str] = Field({}, description="Where the user may write in an area that is a group's, by area.")
    xrootd_file: str | None = Field(
        None,
        pattern=r"^x?roots?://[^/]+//",
        description="A file at its source, root://HOST//PATH, to read through caches.",
    )
    secrets: dict[str, SecretRef] = Field({}, description="Where the secrets are that checks ask for.")
    consents: dict[Consent, ConsentGiven] = Field({}, description="What the site has agreed to.")
    downtimes: tuple[Downtime, ...] = Field((), description="When the site said that something would not work.")

    def downtime(self, capability: str, at: dt.datetime) -> Downtime | None:
        """The downtime that a capability is in."""
        for downtime in self.downtimes:
            if downtime.capability in {"site", capability} and downtime.start <= at <= downtime.end:
                return downtime
        return None


def default_path(site: str) -> Path:
    """Where a site's file is looked for: ~/.config/afspec/run/SITE.yaml (XDG Base Directory)."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "afspec" / "run" / f"{site}.yaml"


def load_credentials(path: Path, site: str) -> Credentials:
    """The credentials of a run.

    Raises:
        CredentialsError: the file does not fit, or is another site's.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        found = Credentials.model_validate(data)
    except OSError as error:
        raise CredentialsError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise CredentialsError(f"{path}: {place}: {first['msg']}") from error
    except (yaml.YAMLError, ValueError) as error:
        # ValueError: no UTF-8, or a date that is none.
        raise CredentialsError(f"{path}: no YAML: {error}") from error
    if found.site != site:
        raise CredentialsError(f"{path} is for the site {found.site}, not {site}")
    return found


class Wallet:
    """The secrets of a run, read when they are first asked for; `values` are all that were."""

    def __init__(self, refs: Mapping[str, SecretRef], given: Mapping[str, str] | None = None) -> None:
        self._refs = refs
        self._given = dict(given or {})

    def get(self, name: str) -> str:
        """A secret.

        Raises:
            UnverifiedError: this run has none of that name, or it is not where the reference says.
        """
        if name in self._given:
            return self._given[name]
        hint = f"Give it under `secrets: {name}:` of the run's credentials, as {{env: NAME}} or {{file: PATH}}."
        ref = self._refs.get(name)
        if ref is None:
            raise UnverifiedError(Reason.NO_CREDENTIALS, f"this run has no {name.replace('_', ' ')}", hint)
        value = os.environ.get(ref.env, "") if ref.env else _read(ref.file)
        if not value:
            where = f"the variable {ref.env}" if ref.env else "the file that it names"
            raise UnverifiedError(Reason.NO_CREDENTIALS, f"{name.replace('_', ' ')}: {where} holds none", hint)
        self._given[name] = value
        return value

    def add(self, name: str, value: str) -> None:
        """A secret that the run came by."""
        self._given[name] = value

    @property
    def values(self) -> tuple[str, ...]:
        """Every secret that was read so far."""
        return tuple(self._given.values())


def _read(path: str | None) -> str:
    if path is None:
        return ""
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").strip()
    except OSError:
        return ""

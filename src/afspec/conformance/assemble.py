"""From what was asked for to a run: the spec, the compiled files, the ways, the credentials."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afspec import twins
from afspec.compiler import Frontend, look_up
from afspec.conformance.credentials import Credentials, Wallet, default_path, load_credentials
from afspec.conformance.reach import Direct, OverSsh, TestinfraHost, Vantages, Way
from afspec.conformance.run import Run
from afspec.conformance.twinsite import twin_parts
from afspec.twins import Found

if TYPE_CHECKING:
    from afspec.conformance.credentials import VantageHost
    from afspec.conformance.reach import Dialer
    from afspec.conformance.run import Request


def find_spec(site: str, *, twin: bool) -> Found:
    """The spec of a site: `slac` is sites/slac.yaml (its twin's is twin/slac.yaml); a path is taken as it is.

    Raises:
        AfspecError: there is none, or it has errors.
    """
    if twin:
        return twins.find(site)
    named = "/" in site or site.endswith((".yaml", ".yml"))
    path = look_up(site if named else f"sites/{site}.yaml")[0]
    return Found(path, Frontend(dt.datetime.now(tz=dt.UTC).date()).check(path))


def assemble(request: Request) -> Run:
    """The run of a request.

    Raises:
        AfspecError: the spec is not there, or has errors.
        CredentialsError: the credentials' file cannot be used.
        TwinError: the twin is not up.
    """
    found = find_spec(request.site, twin=request.twin)
    if request.twin:
        parts = twin_parts(found)
        return Run(
            request,
            parts.facility,
            found.data,
            parts.files,
            parts.vantages,
            parts.credentials,
            parts.wallet,
            parts.absent,
            found.facility,
            parts.places,
        )
    credentials = credentials_of(request, found.facility.name)
    ways: dict[str, Way] = {name: _way(host) for name, host in credentials.vantages.items()}
    # From this machine anybody may look at what is public.
    ways.setdefault("outside", Way("this machine", TestinfraHost("local://"), Direct()))
    return Run(
        request, found.facility, found.data, found.texts, Vantages(ways), credentials, Wallet(credentials.secrets)
    )


def credentials_of(request: Request, site: str) -> Credentials:
    """The credentials of a run: those that were named, those at their usual place, or none.

    Raises:
        CredentialsError: the file cannot be used.
    """
    if request.credentials:
        return load_credentials(Path(request.credentials).expanduser(), site)
    usual = default_path(site)
    return load_credentials(usual, site) if usual.exists() else Credentials(site=site)


def _way(vantage: VantageHost) -> Way:
    options: dict[str, Any] = {}
    dialer: Dialer = Direct()
    if vantage.host.startswith("ssh://"):
        extra = ["-o BatchMode=yes"]
        command = ["ssh", "-o", "BatchMode=yes"]
        if vantage.ssh_config:
            options["ssh_config"] = str(Path(vantage.ssh_config).expanduser())
            command += ["-F", options["ssh_config"]]
        if vantage.controlpath:
            path = str(Path(vantage.controlpath).expanduser())
            options["controlpath"] = path
            command += ["-o", f"ControlPath={path}"]
        options["ssh_extra_args"] = " ".join(extra)
        dialer = OverSsh([*command, vantage.host.removeprefix("ssh://")])
    elif vantage.host.startswith("kubectl://"):
        options |= {
            name: value for name, value in (("container", vantage.container), ("namespace", vantage.namespace)) if value
        }
    return Way(vantage.host, TestinfraHost(vantage.host, **options), dialer)

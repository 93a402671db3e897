"""Whether a vantage works at all, asked once: what nobody can reach from here is one cause, not forty failures."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from afspec.conformance.evidence import now
from afspec.conformance.reach.dial import Direct
from afspec.conformance.trouble import FailedError, UnreachableError, UnverifiedError
from afspec.report.model import Cause
from afspec.verdict import Reason

if TYPE_CHECKING:
    from afspec.conformance.run import Run
    from afspec.conformance.store import Store
    from afspec.facility import Facility

_SECONDS = 10


def preflight(run: Run, store: Store, vantage: str, *, anew: bool = False) -> Cause | None:
    """What keeps everything at a vantage from being asked; None where nothing does."""
    name = f"vantage {vantage}"
    with store.lock(name):
        known = {cause.id: cause for cause in store.causes()}.get(name)
        if known or (store.passed(name) and not anew):
            return known
        try:
            _try(run, vantage)
        except (UnverifiedError, FailedError) as trouble:
            cause = Cause(
                id=name,
                target=name,
                reason=trouble.reason if isinstance(trouble, UnverifiedError) else Reason.UNREACHABLE,
                text=run.clean(trouble.text),
                next=run.clean(trouble.next_step),
                at=now(),
            )
            store.cause(cause)
            return cause
        store.passes(name)
        return None


def _try(run: Run, vantage: str) -> None:
    way = run.vantages.way(vantage)
    if vantage == "outside" and isinstance(way.dialer, Direct):
        _names_resolve(run.facility)
    if way.host is not None:
        answer = way.host.run(["id", "-u"], _SECONDS)
        if answer.out.strip() == "0" and vantage != "outside" and not way.one_user:
            message = f"the vantage {vantage} is root's: what an administrator may do proves nothing for users"
            raise UnverifiedError(Reason.NO_CREDENTIALS, message, "Run the kit as an ordinary user.")
        if not answer.ok:
            raise UnreachableError(f"no command runs at the vantage {vantage}: {answer.words}")


def hosts_outside(facility: Facility) -> list[str]:
    """The names by which a facility is known outside."""
    ssh = facility.access.ssh
    names = [ssh.bastion.host] if ssh and ssh.bastion else []
    names += [host for item in (ssh.hosts if ssh and not ssh.bastion else ()) for host in item.hosts]
    urls = [page.url for page in facility.access.urls] + [str(item.url) for item in facility.jupyter if item.url]
    return list(dict.fromkeys(name for name in [*names, *(urlsplit(url).hostname or "" for url in urls)] if name))


def _names_resolve(facility: Facility) -> None:
    names = hosts_outside(facility)
    if not names:
        return
    # The resolver has no time-out that a program could set: threads that still wait are left to end by themselves.
    pool = ThreadPoolExecutor(max_workers=len(names))
    try:
        answers = [pool.submit(_resolves, name) for name in names]
        for name, answer in zip(names, answers, strict=True):
            if answer.result(timeout=_SECONDS) or name == "localhost":
                return
    except TimeoutError:
        pass
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    some = ", ".join(names[:3])
    raise UnreachableError(
        f"no name of the site resolves on this machine ({some})", "Run it where the site is reached, or in its session."
    )


def _resolves(name: str) -> bool:
    try:
        socket.getaddrinfo(name, None)
    except OSError:
        return False
    return True

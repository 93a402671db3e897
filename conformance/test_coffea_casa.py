"""coffea-casa: its page leads to the declared login; a session has its token, and a Dask cluster of other machines."""

from __future__ import annotations

import inspect
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urljoin, urlsplit

from afspec.conformance.checks import check
from afspec.conformance.clients import coffea_session
from afspec.conformance.clients.documents import words
from afspec.facility.access import Door
from afspec.verdict import Reason

if TYPE_CHECKING:
    from afspec.conformance.probe import Probe
    from afspec.facility.access import Login

_HOPS = 10
_BUTTON = re.compile(r"""href=['"]([^'"]*oauth_login[^'"]*)""")
# Workers are batch jobs: one may have to be started. [s]
_WORKER = 420
_USUAL_PORT = 8786
# In the order of coffea_casa.bearer_token_path: where a token may be, and whether one is there. It never leaves.
_FIND = """
uid=$(id -u) number=0
for place in "${BEARER_TOKEN_FILE:-}" /etc/cmsaf-secrets-chown/access_token \
    "${XDG_RUNTIME_DIR:+$XDG_RUNTIME_DIR/bt_u$uid}" "/tmp/bt_u$uid"; do
    number=$((number + 1))
    [ -n "$place" ] && [ -f "$place" ] || continue
    [ -r "$place" ] || { echo "$number unreadable"; exit 0; }
    [ -s "$place" ] || { echo "$number empty"; exit 0; }
    echo "$number found"
    exit 0
done
echo "0 none"
"""
_PLACES = ("BEARER_TOKEN_FILE", "/etc/cmsaf-secrets-chown/access_token", "$XDG_RUNTIME_DIR/bt_u$UID", "/tmp/bt_u$UID")  # noqa: S108


@check("AF-COFFEA-001", "login")
def test_page_leads_to_the_login(probe: Probe) -> None:
    """From the page, over the hub's button where it has one, to the issuer."""
    if not probe.value.url:
        probe.unverified(Reason.PREREQUISITE_ABSENT, "the spec gives no address", "Give `services.coffea_casa.url`.")
    target = _issuer(probe, probe.value.url)
    host = urlsplit(target).hostname or ""
    request = parse_qs(urlsplit(target).query)
    asks = request.get("response_type") == ["code"] and bool(request.get("client_id"))
    probe.expect(asks, "the login is asked for a code, by a client that it knows", host)
    declared = {_host(login) for login in probe.facility.logins if Door.COFFEA_CASA in login.opens} - {""}
    probe.note("login", host)
    if declared:
        probe.expect(host in declared, f"the login is the declared one, {' or '.join(sorted(declared))}", host)


def _host(login: Login) -> str:
    """Where a login's users sign in; "" where the spec does not say."""
    where = login.endpoints.authorize if login.endpoints else login.issuer_url
    return urlsplit(where or "").hostname or ""


def _issuer(probe: Probe, url: str) -> str:
    """The address outside of the instance that its page sends users to, to sign in."""
    web = probe.web()
    home = urlsplit(url).netloc
    for _ in range(_HOPS):
        page = web.get(url)
        if page.is_redirect:
            url = urljoin(url, page.headers["location"])
            if urlsplit(url).netloc != home:
                return url
            continue
        probe.expect(page.is_success, "the page answers", words(page))
        button = _BUTTON.search(page.text)
        probe.expect(button, "the page has a way to sign in", words(page))
        url = urljoin(url, button[1].replace("&amp;", "&") if button else "")
    probe.expect(holds=False, claim="the page leads somewhere", found=f"{_HOPS} redirects")
    return ""


@check("AF-COFFEA-002", "token")
def test_session_has_a_token(probe: Probe) -> None:
    """The first of the documented places that has a token has one that can be read."""
    answer = probe.sh(_FIND, check=True)
    number, _, found = answer.out.strip().partition(" ")
    place = _PLACES[int(number) - 1] if number.isdigit() and int(number) in range(1, 5) else "no documented place"
    probe.note("token's place", place)
    probe.expect(found == "found", f"the session has a token in one of {', '.join(_PLACES)}", f"{place}: {found}")


@check("AF-COFFEA-002", "worker")
def test_worker_of_another_host_answers(probe: Probe) -> None:
    """The session's scheduler, over TLS, has a worker on another machine with the session's software."""
    dask = probe.facility.dask
    port = dask.coffea_casa.scheduler_port if dask and dask.coffea_casa else _USUAL_PORT
    probe.spend(jobs=1)
    script = 'exec python3 -c "$1" "$2" "$3" "$4"'
    source = inspect.getsource(coffea_session)
    answer = probe.sh(script, source, probe.nonce, str(port), str(_WORKER), timeout=_WORKER + 60)
    seen = _seen(answer.out)
    probe.expect(seen, "the session's Python runs a program", answer.words)
    stage, error = seen.get("stage"), str(seen.get("error", ""))
    probe.note("TLS", seen.get("tls") or "no certificates in the session, so none")
    how = "over TLS with the session's certificates" if seen.get("encrypted") else "without TLS"
    probe.expect(stage not in {"tls", "client"}, f"the session's scheduler answers {how}", error)
    if stage == "worker" and "TimeoutError" in error:
        text = f"no worker has come within {_WORKER} s"
        probe.unverified(Reason.QUEUE_WAIT_EXCEEDED, text, "Workers are batch jobs: is the pool full?")
    probe.expect(stage == "done", "a worker runs what it is sent", error)
    probe.expect(seen.get("answer") == probe.nonce[::-1], "it sends back what it was asked for", seen.get("answer"))
    probe.expect(seen.get("elsewhere") is True, "the worker is on another host than the session")
    mine, workers = seen.get("mine"), seen.get("workers")
    others = [each for each in workers if each != mine] if isinstance(workers, list) else [workers]
    probe.expect(not others, f"workers have the session's versions, {mine}", others)


def _seen(text: str) -> dict[str, Any]:
    """What the program saw: its last line; nothing where that is not of its form."""
    try:
        found = json.loads(text.strip().rpartition("\n")[2])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

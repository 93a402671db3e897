"""Jobs that take the proxy along: what the shell names for condor_submit, and what it says where none is valid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from user_setup_site import Site, full, recorded

if TYPE_CHECKING:
    from pathlib import Path

# What condor_submit does with `x509userproxy = $ENV(X509_USER_PROXY:)`: a file that is absent fails the submission.
SUBMIT = (
    'if [ -n "${X509_USER_PROXY:-}" ] && [ ! -e "$X509_USER_PROXY" ]; then exit 1; fi; echo "${X509_USER_PROXY-none}"'
)


def pool(**changes: Any) -> dict[str, Any]:
    return {"name": "htcondor", "scheduler": "htcondor", "stance": "promised", "proxy": True, **changes}


@pytest.fixture
def condor(ready: Site) -> Site:
    """A site whose jobs take a proxy along, while its user has none."""
    site = Site(ready.root, full(ready.root, batch=[pool()]))
    site.stub("condor_submit", SUBMIT)
    return site


def place_of(site: Site) -> Path:
    return site.root / "proxy/jdoe/x509"


def test_a_proxy_that_is_not_there_is_not_named(condor: Site) -> None:
    assert condor.prints('echo "${X509_USER_PROXY-none}"') == "none"
    assert condor.prints("condor_submit job.sub") == "none"
    place_of(condor).write_text("a proxy")
    assert condor.prints('echo "$X509_USER_PROXY"') == str(place_of(condor))


def test_a_job_without_a_proxy_goes_and_the_user_is_told(condor: Site) -> None:
    done = condor.bash("af_submit job.sub")
    assert (done.returncode, done.stdout) == (0, "none\n")
    assert f"no valid proxy at {place_of(condor)}: the job goes without one. If it reads grid files" in done.stderr
    assert "af_proxy" in done.stderr


@pytest.mark.parametrize("state", ["expired", "absent"])
def test_a_proxy_that_has_run_out_or_gone_is_none(state: str, condor: Site) -> None:
    if state == "expired":
        place_of(condor).write_text("an old proxy")
        condor.stub("openssl", "exit 1")
    else:
        condor = Site(condor.root, full(condor.root, batch=[pool()]))
        condor.environment["X509_USER_PROXY"] = str(place_of(condor))
    done = condor.bash('af_submit job.sub; echo "$X509_USER_PROXY"')
    # For the submission alone: the user's variable stays.
    assert done.stdout.split() == ["none", str(place_of(condor))]
    assert "no valid proxy" in done.stderr


def test_a_valid_proxy_goes_along_even_if_it_was_made_later(condor: Site) -> None:
    condor.stub("openssl")
    made = condor.stub("voms-proxy-init", f"echo proxy > {place_of(condor)}")
    assert condor.prints('af_proxy; af_submit a.sub; echo "$X509_USER_PROXY"').split() == [str(place_of(condor))] * 2
    assert str(place_of(condor)) in recorded(made)
    # By another shell: this one was set up before.
    place_of(condor).unlink()
    assert condor.prints(f"echo proxy > {place_of(condor)}; af_submit a.sub") == str(place_of(condor))


def test_a_proxy_that_could_not_be_made_is_not_named(condor: Site) -> None:
    condor.stub("voms-proxy-init", "exit 3")
    assert condor.prints('af_proxy || echo "$? ${X509_USER_PROXY-none}"') == "3 none"


def test_other_schedulers_are_given_the_place_as_ever(ready: Site) -> None:
    for spec in (full(ready.root), full(ready.root, batch=[pool(proxy=False)])):
        site = Site(ready.root, spec)
        assert site.prints('echo "$X509_USER_PROXY"') == str(place_of(site))
        site.stub("sbatch")
        site.stub("condor_submit")
        assert site.prints("af_submit a") == ""

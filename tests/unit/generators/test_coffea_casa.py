"""The generator coffea_casa: values that the chart takes, TLS that Python accepts, jobs that HTCondor reads."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml
from afspec.generators.coffea_casa import CoffeaCasa
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from support import TRICKY
from upstream import merged, upstream_data

from afspec.facility import Facility
from afspec.facility.words import TEMPLATE_MARKS
from afspec.generators.yamltext import dump

if TYPE_CHECKING:
    from pathlib import Path

SESSION, WORKER = "hub.example.org/cc/notebook:2026.08", "hub.example.org/cc/worker:2026.08"
POOL: dict[str, Any] = {
    "name": "pool",
    "scheduler": "htcondor",
    "stance": "promised",
    "head": "head.pool.example.org",
    "queues": [{"name": "short", "stance": "promised", "attributes": {"queue": 'a "$short'}}],
}
LOGIN = {
    "name": "iam",
    "stance": "promised",
    "method": "atlas-iam",
    "issuer": "https://iam.example.org",
    "client": {"id": "casa", "secret": {"kubernetes_secret": {"name": "casa-login", "key": "secret"}}},
    "opens": ["coffea_casa"],
}
AREAS = [
    {
        "name": name,
        "stance": "promised",
        "path": f"/{name}/<user>",
        "mount": {"target": f"/{name}", "source": f"/{name}"},
    }
    for name in ("home", "data")
]
# What coffea-casa's images have as defaults for the facility where they are made (docker/Dockerfile.cc-dask-alma9).
FOREIGN = {"CONDOR_HOST", "COLLECTOR_NAME", "SCHEDD_HOST", "UID_DOMAIN", "WORKER_IMAGE", "TAG"}


def facility(casa: dict[str, Any] | None = None, **sections: Any) -> Facility:
    """A site with coffea-casa on its cluster."""
    base: dict[str, Any] = {
        "afspec": 1,
        "name": "site",
        "title": 'A "site" \u2014 {x}',
        "declared_by": "site",
        "orchestration": {"stance": "promised", "kind": "kubernetes", "ingress": {"ingress_class": "nginx"}},
        "batch": [POOL],
        "logins": [LOGIN],
        "services": {
            "coffea_casa": {
                "stance": "promised",
                "url": "https://coffea.example.org/",
                "image": SESSION,
                **(casa or {}),
            }
        },
    }
    return Facility.model_validate({**base, **sections})


def files(site: Facility) -> dict[str, str]:
    """Texts by path; nothing where the generator does not apply."""
    made = CoffeaCasa()
    return {artifact.path: artifact.text for artifact in made.render(site)} if made.applies(site) else {}


def values(site: Facility) -> dict[str, Any]:
    """The chart's values."""
    found: dict[str, Any] = yaml.safe_load(files(site)["coffea-casa/values.yaml"])
    return found


def session(site: Facility) -> dict[str, Any]:
    """The chart's section singleuser."""
    found: dict[str, Any] = values(site)["singleuser"]
    return found


def needs(site: Facility) -> dict[tuple[str, str], dict[str, Any]]:
    """What must be there, by kind and name."""
    found = yaml.safe_load(files(site)["coffea-casa/requires.yaml"])["requires"]
    return {(item["kind"], item["name"]): item for item in found}


def settings(site: Facility) -> dict[str, Any]:
    """Dask's settings in a session."""
    found: dict[str, Any] = session(site)["extraFiles"]["dask"]["data"]
    return found


SITES = {
    "usual": facility(),
    "everything": facility(
        {
            "certificate": "casa-tls",
            "admins": ["oksana"],
            "areas": ["data"],
            "limits": {"cpu": 4, "memory": "16 GB", "idle": "2 h", "duration": "3 d"},
            "profiles": [
                {"name": "small", "title": "<b>Small</b> & neat", "cpu": 1, "memory": "2 GiB"},
                {"name": "big"},
            ],
            "workers": {"image": WORKER, "slots": "short", "account": "group_atlas.general", "maximum": 9},
        },
        storage={
            "areas": AREAS,
            "xcache": [{"name": "cache", "stance": "promised", "door": "root://cache.example.org:1094"}],
        },
        software={"cvmfs": {"claim": "cvmfs"}},
    ),
    "closed": facility(logins=[]),
    "alone": facility(batch=[]),
    "okd": facility(orchestration={"stance": "promised", "kind": "okd"}),
    "below": facility({"url": "https://af.example.org/coffea"}),
}


@pytest.mark.parametrize("name", SITES)
def test_the_chart_takes_the_values(name: str) -> None:
    defaults = upstream_data("z2jh", "4.4.0_values.yaml")
    schema = upstream_data("z2jh", "4.4.0_values.schema.yaml")
    Draft202012Validator(schema).validate(merged(defaults, values(SITES[name])))


@pytest.mark.parametrize("name", SITES)
def test_files_are_ascii_without_template_marks_and_always_the_same(name: str) -> None:
    for text in files(SITES[name]).values():
        assert text.isascii()
        assert not TEMPLATE_MARKS.search(text)
    assert files(SITES[name]) == files(SITES[name])


def test_nothing_is_made_where_it_is_not_offered_or_has_no_image() -> None:
    for site in (facility({"stance": "not_promised"}), facility({"image": None}), facility(orchestration=None)):
        assert files(site) == {}


@pytest.mark.parametrize("name", SITES)
def test_the_charts_open_door_is_never_left_in_force(name: str) -> None:
    config = values(SITES[name])["hub"]["config"]
    wanted = "null" if name == "closed" else "generic-oauth"
    assert config["JupyterHub"]["authenticator_class"] == wanted
    assert ("NOBODY CAN SIGN IN" in files(SITES[name])["coffea-casa/values.yaml"]) == (name == "closed")


def test_who_signs_in_is_the_login_that_opens_it() -> None:
    jupyter = {**LOGIN, "name": "other", "opens": ["jupyter"], "issuer": "https://other.example.org"}
    hub = values(facility(logins=[jupyter, LOGIN]))["hub"]
    config = hub["config"]["GenericOAuthenticator"]
    assert config["authorize_url"] == "https://iam.example.org/authorize"
    assert config["oauth_callback_url"] == "https://coffea.example.org/hub/oauth_callback"
    secret = {"secretKeyRef": {"name": "casa-login", "key": "secret"}}
    assert hub["extraEnv"] == {"OAUTH_CLIENT_SECRET": {"valueFrom": secret}}
    assert needs(SITES["usual"])["Secret", "casa-login"]["holds"] == ["secret"]
    assert values(SITES["below"])["hub"]["baseUrl"] == "/coffea/"


def test_a_session_is_the_images_own_user() -> None:
    made = session(SITES["usual"])
    assert (made["uid"], made["fsGid"]) == (6440, 11265)
    assert values(SITES["usual"])["hub"]["config"]["KubeSpawner"] == {"gid": 11265}
    assert made["storage"]["homeMountPath"] == "/home/cms-jovyan"
    assert made["image"] == {"name": "hub.example.org/cc/notebook", "tag": "2026.08"}
    # Namespaces of the level baseline refuse the chart's privileged container.
    assert made["cloudMetadata"] == {"blockWithIptables": False}


@pytest.mark.parametrize("name", ["usual", "everything"])
def test_workers_run_in_one_image_with_one_tag(name: str) -> None:
    image = WORKER if name == "everything" else SESSION
    environment = session(SITES[name])["extraEnv"]
    assert f"{environment['WORKER_IMAGE']}:{environment['TAG']}" == image
    assert settings(SITES[name])["jobqueue"]["coffea-casa"]["worker-image"] == image


@pytest.mark.parametrize("name", SITES)
def test_no_default_of_another_facility_is_left_in_a_session(name: str) -> None:
    environment = session(SITES[name])["extraEnv"]
    assert set(environment) >= FOREIGN
    assert "XCACHE_HOST" in environment or environment["XRD_PLUGINCONFDIR"] == ""


def test_sessions_find_the_pool_and_workers_find_the_session() -> None:
    environment = session(SITES["usual"])["extraEnv"]
    for name in ("CONDOR_HOST", "COLLECTOR_NAME", "SCHEDD_HOST"):
        assert environment[name] == "head.pool.example.org"
    assert environment["UID_DOMAIN"] == "pool.example.org"
    assert environment["POD_IP"] == {"valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    told = {"schedd": "submit.example.org", "collector": "the-pool", "uid_domain": "example.org"}
    environment = session(facility({"workers": told}))["extraEnv"]
    assert environment["SCHEDD_HOST"] == "submit.example.org"
    assert environment["COLLECTOR_NAME"] == "the-pool"
    assert environment["UID_DOMAIN"] == "example.org"


def test_the_network_lets_workers_in_where_there_are_any() -> None:
    dask = {"stance": "promised", "coffea_casa": {"stance": "promised", "scheduler_port": 8790}}
    site = facility(dask=dask)
    policy = session(site)["networkPolicy"]
    assert policy == {"enabled": True, "allowedIngressPorts": [8790], "egressAllowRules": {"privateIPs": True}}
    assert settings(site)["labextension"]["factory"]["kwargs"]["scheduler_port"] == 8790
    assert session(SITES["alone"])["networkPolicy"] == {"enabled": True}


def test_without_a_pool_clusters_are_of_the_session_itself() -> None:
    made = session(SITES["alone"])
    assert made["extraEnv"]["LABEXTENTION_FACTORY_CLASS"] == "LocalCluster"
    assert "extraFiles" not in made
    assert "Secret" not in {kind for kind, name in needs(SITES["alone"]) if name == "coffea-casa"}


def test_the_token_for_htcondor_is_a_secret() -> None:
    volume = next(item for item in session(SITES["usual"])["storage"]["extraVolumes"] if item["name"] == "condor-token")
    assert volume["secret"]["items"] == [{"key": "condor_token", "path": "condor_token"}]
    assert needs(SITES["usual"])["Secret", "coffea-casa"]["holds"] == ["condor_token"]
    own = facility({"workers": {"token": {"kubernetes_secret": {"name": "mine", "key": "token"}}}})
    assert needs(own)["Secret", "mine"]["holds"] == ["token"]


def test_a_certificate_for_all_sessions_is_a_secret() -> None:
    made = session(SITES["everything"])
    volume = next(item for item in made["storage"]["extraVolumes"] if item["name"] == "cmsaf-secrets")
    assert volume["secret"]["secretName"] == "casa-tls"
    assert "initContainers" not in made
    assert needs(SITES["everything"])["Secret", "casa-tls"]["holds"] == ["ca.pem", "hostcert.pem", "hostkey.pem"]


def test_a_session_makes_a_certificate_that_python_takes(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl, which coffea-casa's image has")
    (maker,) = session(SITES["usual"])["initContainers"]
    shell, flag, script = maker["command"]
    # KubeSpawner fills in words between braces.
    assert script.format() == script
    script = script.replace("/etc/cmsaf-secrets", str(tmp_path))
    subprocess.run([shell, flag, script], check=True, capture_output=True, timeout=60)
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == dict.fromkeys(
        ("ca.pem", "hostcert.pem", "hostkey.pem"), 0o600
    )
    for flags in (ssl.VerifyFlags.VERIFY_X509_STRICT, _NEW):
        ours, theirs = socket.socketpair()
        heard: list[bytes] = []

        def serve(theirs: socket.socket, heard: list[bytes], flags: ssl.VerifyFlags) -> None:
            with _context(tmp_path, ssl.Purpose.CLIENT_AUTH, flags).wrap_socket(theirs, server_side=True) as connection:
                heard.append(connection.recv(5))

        server = threading.Thread(target=serve, args=(theirs, heard, flags))
        server.start()
        with _context(tmp_path, ssl.Purpose.SERVER_AUTH, flags).wrap_socket(ours) as connection:
            connection.sendall(b"hello")
            server.join(30)
        assert heard == [b"hello"]


_NEW = ssl.VerifyFlags.VERIFY_X509_STRICT | ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN


def _context(folder: Path, purpose: ssl.Purpose, flags: ssl.VerifyFlags) -> ssl.SSLContext:
    """As distributed makes it: both show certificates, hosts are not compared; and as strict as Python 3.13."""
    context = ssl.create_default_context(purpose, cafile=str(folder / "ca.pem"))
    # Workers read certificate and key from one file.
    context.load_cert_chain(folder / "hostcert.pem")
    context.check_hostname, context.verify_mode = False, ssl.CERT_REQUIRED
    context.verify_flags |= flags
    return context


def test_a_session_is_a_pod() -> None:
    for site in SITES.values():
        made = session(site)
        # As z2jh and KubeSpawner put it together.
        variables = [
            {"name": name, **({"value": value} if isinstance(value, str) else value)}
            for name, value in made["extraEnv"].items()
        ]
        container = {"name": "notebook", "image": SESSION, "env": variables}
        container["volumeMounts"] = made["storage"]["extraVolumeMounts"]
        spec = {"containers": [container], "volumes": made["storage"]["extraVolumes"]}
        spec["initContainers"] = made.get("initContainers", [])
        found = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": spec}
        kubernetes_validate.validate(found, "1.30", strict=True)
        names = {volume["name"] for volume in spec["volumes"]}
        assert {mount["name"] for mount in made["storage"]["extraVolumeMounts"]} <= names


def test_all_sessions_are_one_user_so_areas_are_mounted_by_name_alone() -> None:
    claims = [item["name"] for item in session(SITES["everything"])["storage"]["extraVolumes"]]
    assert claims == ["cmsaf-secrets", "condor-token", "data", "cvmfs"]
    unnamed = facility(storage={"areas": AREAS})
    assert [item["name"] for item in session(unnamed)["storage"]["extraVolumes"]] == ["cmsaf-secrets", "condor-token"]


def test_limits_and_profiles() -> None:
    made = session(SITES["everything"])
    assert made["cpu"] == {"limit": 4}
    assert made["memory"]["limit"] == 16 * 10**9
    small, big = made["profileList"]
    assert small["display_name"] == "&lt;b&gt;Small&lt;/b&gt; &amp; neat"
    assert small["kubespawner_override"]["mem_limit"] == "2G"
    assert small["default"]
    assert "default" not in big
    assert values(SITES["everything"])["cull"] == {"enabled": True, "timeout": 7200, "every": 600, "maxAge": 259200}
    assert values(SITES["usual"])["cull"] == {"enabled": True}


def test_the_cache_and_servicex() -> None:
    environment = session(SITES["everything"])["extraEnv"]
    assert environment["XCACHE_HOST"] == "cache.example.org"
    both = [
        {"name": "off", "stance": "planned", "url": "https://off.example.org"},
        {"name": "xaod", "stance": "promised", "url": "https://xaod.example.org", "code_generators": ["atlasr22"]},
        {"name": "uproot", "stance": "promised", "url": "https://uproot.example.org"},
    ]
    casa = {"stance": "promised", "image": SESSION}
    environment = session(facility(services={"coffea_casa": casa, "servicex": both}))["extraEnv"]
    assert environment["SERVICEX_HOST"] == "https://xaod.example.org"
    assert environment["SERVICEX_TYPE"] == "atlasr22"
    environment = session(facility(services={"coffea_casa": {**casa, "servicex": "uproot"}, "servicex": both}))[
        "extraEnv"
    ]
    assert environment["SERVICEX_HOST"] == "https://uproot.example.org"


JOB = """
import json, sys
import dask
import dask_jobqueue.htcondor as htcondor
settings = json.load(sys.stdin)
class Job(htcondor.HTCondorJob):
    config_name = "coffea-casa"
dask.config.update(dask.config.config, {"jobqueue": {"coffea-casa": dask.config.get("jobqueue.htcondor")}})
dask.config.update(dask.config.config, settings)
print(Job(scheduler="tls://127.0.0.1:8786", name="worker").job_script())
"""


def test_dask_jobqueue_makes_a_submit_file_of_the_settings(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", JOB],
        input=json.dumps(settings(SITES["everything"])),
        env={**os.environ, "DASK_CONFIG": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    for line in (
        "universe = docker",
        "container_service_names = dask,nanny",
        "dask_container_port = 8788",
        "nanny_container_port = 8001",
        '+AccountingGroup = "group_atlas.general.$ENV(HOSTNAME)"',
        '+queue = "a \\"$(DOLLAR)short"',
        "MY.DaskWorkerMemory = 4294967296",
        "MY.DaskWorkerDisk = 2147483648",
    ):
        assert line in lines, done.stdout
    assert settings(SITES["everything"])["jobqueue"]["coffea-casa"]["submit-command-extra"] == ["-spool"]
    assert settings(SITES["everything"])["labextension"]["initial"][0]["adapt"]["maximum"] == 9


def test_on_okd_the_chart_makes_no_ingress() -> None:
    assert values(SITES["okd"])["ingress"] == {"enabled": False}
    ingress = values(SITES["usual"])["ingress"]
    assert (ingress["hosts"], ingress["ingressClassName"]) == (["coffea.example.org"], "nginx")


@given(TRICKY | st.text(max_size=20))
def test_titles_stay_text(title: str) -> None:
    profile = {"name": "p", "title": title}
    try:
        site = facility({"profiles": [profile]})
    except ValueError:
        return  # no title that the language takes
    shown = session(site)["profileList"][0]["display_name"]
    assert not set('<>"') & set(shown)
    assert dump(shown).isascii()

"""Users' pods: what they see of the site's storage, their variables, whom they may talk to."""

from __future__ import annotations

from jupyterhub_k8s_site import BARE, CLUSTER, FULL, GATEWAY, LOGIN, STORAGE, hub, values


def test_a_session_sees_its_own_folder_where_nobody_knows_its_user() -> None:
    sessions = values(CLUSTER + LOGIN + STORAGE + hub())["singleuser"]
    mounts = {item["name"]: item for item in sessions["storage"]["extraVolumeMounts"]}
    assert sessions["storage"]["type"] == "none"
    own = "{unescaped_username[0]}/{unescaped_username}"
    assert mounts["home"] == {"name": "home", "mountPath": f"/home/{own}", "subPath": own}
    assert mounts["group"] == {"name": "group", "mountPath": "/group"}
    assert mounts["cvmfs"]["mountPropagation"] == "HostToContainer"
    known = values(FULL + hub())["singleuser"]["storage"]["extraVolumeMounts"]
    assert known[0] == {"name": "home", "mountPath": "/home"}


def test_without_a_home_of_the_sites_each_user_has_a_volume() -> None:
    assert values(BARE)["singleuser"]["storage"] == {"type": "dynamic", "dynamic": {"storageClass": "ceph"}}
    only_group = STORAGE.replace("purpose: home", "purpose: data")
    storage = values(CLUSTER + only_group + hub())["singleuser"]["storage"]
    assert storage["type"] == "dynamic"
    assert len(storage["extraVolumes"]) == 3


def test_variables_of_sessions() -> None:
    found = values(FULL + hub("    kernels: /opt/site/kernels\n"))["singleuser"]["extraEnv"]
    assert found == {
        "HOME": "/home/{unescaped_username[0]}/{unescaped_username}",
        "JUPYTER_PATH": "/opt/site:/opt/env/share/jupyter",
        "AF_XCACHE": "root://x.example.org:1094",
        "SITE_NAME": "AF_1",
        "X509_USER_PROXY": "/home/{unescaped_username[0]}/{unescaped_username}/proxy",
    }
    unmounted = values(FULL.replace("proxy: /home", "proxy: /elsewhere") + hub())["singleuser"]["extraEnv"]
    assert "X509_USER_PROXY" not in unmounted


def test_policies_stay_on_where_nothing_enforces_them() -> None:
    body = (BARE + GATEWAY).replace("kind: kubernetes", "kind: kubernetes, network_policy: not_enforced")
    found = values(body)
    assert found["hub"]["networkPolicy"]["enabled"] is True
    policy = found["singleuser"]["networkPolicy"]
    assert policy["enabled"] is True
    (rule,) = policy["egress"]
    assert rule["to"][0]["namespaceSelector"]["matchExpressions"][0]["values"] == ["dask-gateway"]


def test_sessions_use_the_operators_account_and_start_clusters_where_it_may() -> None:
    operator = "dask:\n  operator: {stance: promised, namespace: SPACE, service_account: jupyter}\n"
    here = values(BARE + operator.replace("SPACE", "hub"))["singleuser"]
    assert here["serviceAccountName"] == "jupyter"
    assert {port["port"] for port in here["networkPolicy"]["egress"][1]["ports"]} == {443, 6443}
    assert "DASK_KUBERNETES__NAMESPACE" not in here.get("extraEnv", {})
    # The account is in every namespace of notebooks (generator kubernetes), and its rights are where clusters are.
    other = values(BARE + operator.replace("SPACE", "dask"))["singleuser"]
    assert other["serviceAccountName"] == "jupyter"
    assert other["extraEnv"]["DASK_KUBERNETES__NAMESPACE"] == "dask"
    assert {port["port"] for port in other["networkPolicy"]["egress"][1]["ports"]} == {443, 6443}
    for silent in ("SPACE, service_account: jupyter", "promised"):
        less = operator.replace(silent, {"promised": "planned"}.get(silent, "dask"))
        assert "serviceAccountName" not in values(BARE + less.replace("SPACE", "dask"))["singleuser"]

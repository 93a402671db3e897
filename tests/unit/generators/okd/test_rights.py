"""Rights that pods need beyond OKD's own, and no more."""

from __future__ import annotations

from kustomize import of_kind, one
from okd_site import CLUSTER, EVERYTHING, REANA, SERVICEX, objects


def test_sessions_run_as_the_users_that_files_belong_to_but_never_as_root() -> None:
    found = one(objects(EVERYTHING), "SecurityContextConstraints", "toy-hub")
    assert found["runAsUser"] == {"type": "MustRunAsNonRoot"}
    assert found["supplementalGroups"] == {"type": "MustRunAs", "ranges": [{"min": 5741, "max": 5741}]}
    assert "hostPath" not in found["volumes"]
    assert {"nfs", "persistentVolumeClaim", "secret"} <= set(found["volumes"])
    assert found["requiredDropCapabilities"] == ["ALL"]
    assert (found["users"], found["groups"]) == ([], [])
    for key in (
        "PrivilegedContainer",
        "PrivilegeEscalation",
        "HostDirVolumePlugin",
        "HostIPC",
        "HostNetwork",
        "HostPID",
    ):
        assert found[f"allow{key}"] is False
    # Pods that name no user are OKD's own SCC's.
    assert not found["priority"]
    nobody = EVERYTHING.replace(",\n     group: {name: af, gid: 5741}", "")
    found = one(objects(nobody), "SecurityContextConstraints", "toy-hub")
    assert found["supplementalGroups"] == {"type": "RunAsAny"}


def test_reana_runs_as_its_images_do() -> None:
    found = one(objects(CLUSTER + REANA), "SecurityContextConstraints", "toy-reana")
    assert found["runAsUser"] == {"type": "RunAsAny"}
    assert found["allowHostDirVolumePlugin"] is True
    assert "hostPath" in found["volumes"]
    assert found["allowPrivilegedContainer"] is False
    assert found["priority"] > 0


def test_who_needs_no_more_than_okd_gives_gets_no_more() -> None:
    assert not {"SecurityContextConstraints", "ClusterRole", "RoleBinding"} & {
        item["kind"] for item in objects(CLUSTER + SERVICEX)
    }


def test_only_the_accounts_of_a_namespace_may_use_its_constraints() -> None:
    found = objects(EVERYTHING)
    for constraint in of_kind(found, "SecurityContextConstraints"):
        name = constraint["metadata"]["name"]
        (role,) = [item for item in of_kind(found, "ClusterRole") if item["rules"][0]["resourceNames"] == [name]]
        assert role["rules"] == [
            {
                "apiGroups": ["security.openshift.io"],
                "resources": ["securitycontextconstraints"],
                "resourceNames": [name],
                "verbs": ["use"],
            }
        ]
        (binding,) = [
            item for item in of_kind(found, "RoleBinding") if item["roleRef"]["name"] == role["metadata"]["name"]
        ]
        namespace = binding["metadata"]["namespace"]
        assert name == f"toy-{namespace}"
        assert binding["roleRef"]["kind"] == "ClusterRole"
        assert [item["name"] for item in binding["subjects"]] == [f"system:serviceaccounts:{namespace}"]


def test_what_needs_its_node_uses_okds_own_constraints() -> None:
    gpus = "gpus: {stance: promised, models: [{name: a, resource: nvidia.com/gpu}]}\n"
    found = objects(CLUSTER + gpus)
    assert {item["kind"] for item in found} == {"RoleBinding"}
    assert found[0]["roleRef"]["name"] == "system:openshift:scc:privileged"
    assert found[0]["metadata"]["namespace"] == "nvidia-device-plugin"


def test_a_namespace_that_comes_to_need_its_node_gets_another_binding() -> None:
    """The role of a binding cannot be changed: the cluster would refuse one of the same name."""
    own = one(objects(CLUSTER + "  namespace: af\n" + REANA), "RoleBinding", "afspec-scc", "af")
    pool = "batch: [{name: b, scheduler: htcondor, stance: promised, elastic: [{stance: promised, kind: autoscale}]}]\n"
    (other,) = of_kind(objects(CLUSTER + "  namespace: af\n" + REANA + pool), "RoleBinding")
    assert own["roleRef"] != other["roleRef"]
    assert own["metadata"]["name"] != other["metadata"]["name"]


def test_a_shared_namespace_has_the_constraints_of_the_most_demanding() -> None:
    body = EVERYTHING.replace("okd\n", "okd\n  namespace: af\n")
    (found,) = of_kind(objects(body), "SecurityContextConstraints")
    assert found["metadata"]["name"] == "toy-af"
    assert found["runAsUser"] == {"type": "RunAsAny"}

"""Who may ask the cluster's API for what."""

from __future__ import annotations

import pytest
from kubernetes_site import CLUSTER, FULL, HUB, objects
from kustomize import of_kind, official, one


def test_pods_may_ask_the_api_for_nothing_but_sessions_for_dask_clusters() -> None:
    found = objects(CLUSTER + FULL)
    accounts = of_kind(found, "ServiceAccount")
    tokens = {
        (item["metadata"]["namespace"], item["metadata"]["name"]): item["automountServiceAccountToken"]
        for item in accounts
    }
    assert {key for key, token in tokens.items() if token} == {
        (name, "jupyter") for name in ("af-jupyter", "portal", "hub")
    }
    assert {name for name, account in tokens if account == "default"} == {
        item["metadata"]["name"] for item in of_kind(found, "Namespace")
    }
    (role,) = of_kind(found, "Role")
    (binding,) = of_kind(found, "RoleBinding")
    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == "af-jupyter"
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert {(s["kind"], s["name"], s["namespace"]) for s in binding["subjects"]} == {
        ("ServiceAccount", "jupyter", name) for name in ("af-jupyter", "portal", "hub")
    }


def test_sessions_may_do_what_the_client_does_and_no_more() -> None:
    """Asked of a server that wrote down what KubeCluster of dask-kubernetes 2026.3 asks it, to the last call."""
    (role,) = of_kind(objects(CLUSTER + FULL), "Role")
    may = {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    asked = {
        "daskclusters": "create delete get list",
        "daskworkergroups": "create delete get list patch",
        "daskautoscalers": "create delete patch",
    }
    assert may == {
        *(("kubernetes.dask.org", name, verb) for name, verbs in asked.items() for verb in verbs.split()),
        *(("", name, verb) for name in ("pods", "services") for verb in ("get", "list")),
        ("", "pods/log", "get"),
    }


@pytest.mark.parametrize(
    "change", [("service_account: jupyter", ""), ("operator: {stance: promised", "operator: {stance: planned")]
)
def test_without_an_operator_or_an_account_nobody_may(change: tuple[str, str]) -> None:
    found = objects(CLUSTER + FULL.replace(*change))
    assert of_kind(found, "Role") == of_kind(found, "RoleBinding") == []
    assert {item["metadata"]["name"] for item in of_kind(found, "ServiceAccount")} == {"default"}


def test_the_account_of_sessions_may_be_the_usual_one() -> None:
    found = objects(CLUSTER + FULL.replace("service_account: jupyter", "service_account: default"))
    assert one(found, "ServiceAccount", "default", "af-jupyter")["automountServiceAccountToken"] is True
    assert one(found, "ServiceAccount", "default", "triton")["automountServiceAccountToken"] is False


def test_groups_of_users_see_or_change_a_namespace() -> None:
    members = "members: [{group: 'oidc:/af/admins', role: admin}, {group: everybody}, {group: everybody}]"
    found = objects(CLUSTER + f"  namespaces: [{{name: hub, {members}}}]\n" + HUB)
    bindings = of_kind(found, "RoleBinding", "hub")
    assert [(item["roleRef"], item["subjects"]) for item in bindings] == [
        (
            {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            [{"kind": "Group", "name": group, "apiGroup": "rbac.authorization.k8s.io"}],
        )
        for group, role in (("oidc:/af/admins", "admin"), ("everybody", "view"))
    ]
    for item in bindings:
        official(item)


def test_a_role_has_one_binding_so_that_who_is_taken_out_loses_it() -> None:
    """Names of groups may differ by what no object's name can hold."""
    two = "members: [{group: 'oidc:admins', role: edit}, {group: oidc-admins, role: edit}]"
    found = [
        one(objects(CLUSTER + f"  namespaces: [{{name: hub, {members}}}]\n" + HUB), "RoleBinding", "afspec-edit", "hub")
        for members in (two, "members: [{group: oidc-admins, role: edit}]")
    ]
    assert [[subject["name"] for subject in item["subjects"]] for item in found] == [
        ["oidc:admins", "oidc-admins"],
        ["oidc-admins"],
    ]

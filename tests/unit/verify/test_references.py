"""References: what objects and values name is there, and nothing is there twice."""

from __future__ import annotations

import pytest
from cluster_files import BASE, CUSTOM, FACILITY, FILES, MODEL, REQUIRES, VALUES, changed, line_of
from hypothesis import given
from hypothesis import strategies as st
from verify_support import ask, found

from afspec.verify import State
from afspec.verify.cluster.uses import uses

# File, what is changed in it, the line of what is found, and the words.
BAD = [
    # Secrets, ConfigMaps and their keys.
    (
        MODEL,
        "{name: keys, key: secret-key}",
        "{name: key, key: secret-key}",
        "secretKeyRef",
        "there is no Secret key in model; did you mean `keys`?",
    ),
    (
        MODEL,
        "{name: keys, key: secret-key}",
        "{name: keys, key: secret_key}",
        "secretKeyRef",
        "secretKeyRef.key: Secret keys has no key secret_key; it has secret-key",
    ),
    (
        MODEL,
        "{name: settings, key: level}",
        "{name: settings, key: levels}",
        "configMapKeyRef",
        "ConfigMap settings has no key levels; it has level, start.sh",
    ),
    (MODEL, "items: [{key: start.sh,", "items: [{key: run.sh,", "items:", "ConfigMap settings has no key run.sh"),
    (
        MODEL,
        "          name: settings\n          items",
        "          name: setting\n          items",
        "items:",
        "there is no ConfigMap setting in model",
    ),
    (MODEL, "- name: pull", "- name: pulls", "- name: pull", "there is no Secret pulls in model"),
    (MODEL, "secretName: server-tls", "secretName: other-tls", "secretName", "there is no Secret other-tls in model"),
    (REQUIRES, "name: keys\n", "name: kyes\n", "", "there is no Secret keys in model; did you mean `kyes`?"),
    (REQUIRES, "namespace: model\n", "namespace: hub\n", "", "there is no Secret keys in model"),
    (
        VALUES,
        "{name: login, key",
        "{name: logins, key",
        "secretKeyRef",
        "there is no Secret logins; did you mean `login`?",
    ),
    (
        VALUES,
        "key: client-secret}",
        "key: secret}",
        "secretKeyRef",
        "Secret login has no key secret; it has client-secret",
    ),
    (VALUES, "  port: 8081", "  existingSecret: hub-secret", "port: 8081", "there is no Secret hub-secret"),
    # Claims, accounts, classes.
    (MODEL, "claimName: models", "claimName: model", "claimName", "there is no PersistentVolumeClaim model in model"),
    (
        MODEL,
        "serviceAccountName: server",
        "serviceAccountName: serve",
        "serviceAccountName",
        "there is no ServiceAccount serve in model",
    ),
    (
        MODEL,
        "priorityClassName: services",
        "priorityClassName: service",
        "priorityClassName",
        "there is no PriorityClass service;",
    ),
    (
        MODEL,
        "ingressClassName: nginx",
        "ingressClassName: nginks",
        "ingressClassName",
        "there is no IngressClass nginks;",
    ),
    (BASE, "storageClassName: fast", "storageClassName: slow", "storageClassName", "there is no StorageClass slow"),
    # Services, ports and what is behind them.
    (
        MODEL,
        "selector: {app: server}\n  ports",
        "selector: {app: serve}\n  ports",
        "selector: {app: server}",
        "no pod in model has these labels",
    ),
    (
        MODEL,
        "targetPort: http}",
        "targetPort: https}",
        "targetPort: http",
        "the pods have no port 'https'; they have http, metrics",
    ),
    (
        MODEL,
        "targetPort: 8002}",
        "targetPort: 8003}",
        "targetPort: 8002",
        "the pods have no port 8003; they have 8000, 8002",
    ),
    (
        MODEL,
        "service: {name: server,",
        "service: {name: serve,",
        "service: {name",
        "there is no Service serve in model",
    ),
    (
        MODEL,
        "port: {name: http}",
        "port: {name: web}",
        "service: {name",
        "Service server has no port web; it has 80, 8002, http, metrics",
    ),
    (MODEL, "port: {name: http}", "port: {number: 8000}", "service: {name", "Service server has no port 8000"),
    (
        MODEL,
        "kind: Deployment, name: server",
        "kind: Deployment, name: serve",
        "scaleTargetRef",
        "there is no Deployment serve in model",
    ),
    (
        MODEL,
        "  selector: {matchLabels: {app: server}}",
        "  selector: {matchLabels: {app: serve}}",
        "  selector: {matchLabels",
        "no pod in model has these labels",
    ),
    (
        MODEL,
        "podSelector: {matchLabels: {app: server}}",
        "podSelector: {matchLabels: {app: serve}}",
        "podSelector",
        "no pod of this file",
    ),
    (
        BASE,
        "storageClassName: fast\n  resources: {requests: {storage: 1Ti}}\n",
        """storageClassName: fast
  volumeName: disk
  resources: {requests: {storage: 1Ti}}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: disk}
spec:
  accessModes: [ReadOnlyMany]
  capacity: {storage: 1Gi}
  storageClassName: fast
""",
        "resources: {requests: {storage",
        "1Ti is more than PersistentVolume disk has, 1Gi",
    ),
    # Rights.
    (
        BASE,
        "  verbs: [get, list, watch]",
        """  verbs: [get, list, watch]
- apiGroups: [security.openshift.io]
  resources: [securitycontextconstraints]
  resourceNames: [anyuid, anyuuid]
  verbs: [use]""",
        "",
        "there is no SecurityContextConstraints anyuuid",
    ),
    (BASE, "verbs: [get,", "verbs: [read,", "verbs:", "there is no verb 'read'"),
    (
        BASE,
        "resources: [pods,",
        "resources: [pod,",
        "resources: [pods",
        "no resource of the core group and apps is called 'pod'",
    ),
    (BASE, 'apiGroups: ["", apps]', 'apiGroups: [""]', "resources: [pods", "is called 'deployments'; it is in apps"),
    (BASE, "kind: Role, name: reader", "kind: Role, name: writer", "roleRef", "there is no Role writer in model"),
    (BASE, "kind: Role, name: reader", "kind: ClusterRole, name: reader", "roleRef", "there is no ClusterRole reader"),
    (
        BASE,
        "{kind: ServiceAccount, name: server,",
        "{kind: ServiceAccount, name: serve,",
        "{kind: ServiceAccount",
        "there is no ServiceAccount serve in model",
    ),
    # Namespaces, quotas, and what is there twice.
    (BASE, "  name: model\n", "  name: models\n", "", "there is no Namespace model, and no requires.yaml lists it"),
    (
        BASE,
        "metadata: {name: limits, namespace: model}",
        "metadata: {name: limits}",
        "name: limits",
        "has no namespace",
    ),
    (
        BASE,
        'requests.cpu: "8"',
        'requests.cpu: "7"',
        "hard:",
        "7 is less than what Deployment server (model/model.yaml) asks for, 8",
    ),
    (
        BASE,
        'requests.nvidia.com/gpu: "2"',
        'requests.nvidia.com/gpu: "1"',
        "hard:",
        "1 is less than what Deployment server",
    ),
    (BASE, 'pods: "20"', 'pods: "1"', "hard:", "asks for, 2"),
    (BASE, "max: {memory: 16Gi}", "max: {memory: 8Gi}", "max:", "may use"),
    (
        BASE,
        "metadata: {name: services}",
        "metadata: {name: services}\n---\napiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: services}",  # noqa: E501 - one change
        "",
        "is in kubernetes/base.yaml already",
    ),
]


def test_good_files_are_fine() -> None:
    verdict = ask("references", FILES)
    assert verdict.state is State.FINE
    assert set(verdict.files) == {BASE, MODEL, REQUIRES, VALUES, CUSTOM, "kubernetes/kustomization.yaml"}


@pytest.mark.parametrize(("path", "old", "new", "line", "said"), BAD)
def test_each_thing_that_leads_nowhere(path: str, old: str, new: str, line: str, said: str) -> None:
    every = found("references", changed(path, old, new))
    hits = [(name, at) for name, at, message in every if said in message]
    assert hits, every
    if line:
        at = line_of(FILES, path, line)
        assert all(name == path and abs(number - at) <= 1 for name, number in hits), (hits, at)


FINE = [
    (
        MODEL,
        "secretName: server-tls",
        "secretName: made-tls",
        "metadata: {name: server, namespace: model}\nspec:\n  ingressClassName",
        "metadata: {name: server, namespace: model, annotations: {cert-manager.io/cluster-issuer: x}}\nspec:\n  ingressClassName",  # noqa: E501 - one change
    ),
    (MODEL, "{name: keys, key: secret-key}", "{name: none, key: a, optional: true}", "", ""),
    (MODEL, "serviceAccountName: server", "serviceAccountName: default", "", ""),
    (MODEL, "priorityClassName: services", "priorityClassName: system-node-critical", "", ""),
    (BASE, "kind: Role, name: reader", "kind: ClusterRole, name: view", "", ""),
    (BASE, "storageClassName: fast", "storageClassName: ''", "", ""),
    (BASE, "storageClassName: fast", "storageClassName: by-hand\n  volumeName: disk", "", ""),
    (VALUES, "  port: 8081", "  pvcName: claim-{username}", "", ""),
    (VALUES, "  port: 8081", "  annotations: {cert-manager.io/issuer: x}\n  tls: [{secretName: made}]", "", ""),
]


@pytest.mark.parametrize(("path", "old", "new", "also", "then"), FINE)
def test_what_somebody_makes_all_the_same(path: str, old: str, new: str, also: str, then: str) -> None:
    files = changed(path, old, new)
    if also:
        assert also in files[path]
        files[path] = files[path].replace(also, then)
    assert found("references", files) == []


def test_pods_that_a_chart_makes_are_not_known() -> None:
    """A Service for a chart's pods, in a namespace with none of the site's own, is no fault."""
    other = FILES[MODEL].partition("apiVersion: v1\nkind: Service\n")
    service = "apiVersion: v1\nkind: Service" + other[2].partition("---")[0]
    only = "apiVersion: v1\nkind: Namespace\nmetadata: {name: model}\n---\n" + service
    assert found("references", {MODEL: only.replace("kind: Servicemeta", "kind: Service\nmeta")}) == []


def test_a_class_that_the_spec_does_not_name() -> None:
    said = [message for _, _, message in found("references", FILES | {FACILITY: "{}"})]
    assert len(said) == 2
    assert all("Class" in message for message in said)


def test_a_kustomization_that_gives_the_namespace() -> None:
    files = changed(BASE, "metadata: {name: limits, namespace: model}", "metadata: {name: limits}")
    path = "kubernetes/kustomization.yaml"
    assert found("references", files | {path: files[path] + "namespace: model\n"}) == []


@given(
    st.recursive(
        st.none() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "name",
                        "secret",
                        "secretKeyRef",
                        "configMap",
                        "items",
                        "key",
                        "secretName",
                        "imagePullSecrets",
                        "optional",
                    ]
                ),
                inner,
                max_size=3,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_data_is_like_names_are_found_with_their_places(data: object) -> None:
    for use in uses(data):
        assert isinstance(use.name, str)
        assert use.name
        assert use.at


@pytest.mark.parametrize(("kind", "amount"), [("gpu", "nvidia.com/gpu"), ("cpu", "cpu")])
def test_quota_is_held_against_requests_and_not_what_others_use(kind: str, amount: str) -> None:
    del kind
    files = changed(BASE, 'requests.cpu: "8"', f"requests.{amount}: '100'")
    assert found("references", files) == []

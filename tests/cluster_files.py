"""A small site for a cluster, right in every way; tests change one thing of it and see what is found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BASE = "kubernetes/base.yaml"
MODEL = "model/model.yaml"
REQUIRES = "model/requires.yaml"
KUSTOMIZATION = "kubernetes/kustomization.yaml"
VALUES = "hub/values.yaml"
FACILITY = "facility.json"
CUSTOM = "dask/cluster.yaml"
PAYLOAD_SCHEMA = "toyhub"

_BASE = """\
# Namespaces
---
apiVersion: v1
kind: Namespace
metadata:
  name: model
  labels:
    pod-security.kubernetes.io/enforce: baseline
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: quota, namespace: model}
spec:
  hard: {requests.cpu: "8", limits.memory: 32Gi, requests.nvidia.com/gpu: "2", pods: "20"}
---
apiVersion: v1
kind: LimitRange
metadata: {name: limits, namespace: model}
spec:
  limits:
  - type: Container
    max: {memory: 16Gi}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: services}
value: 1000
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: model}
rules:
- apiGroups: ["", apps]
  resources: [pods, pods/log, deployments]
  verbs: [get, list, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: model}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects:
- {kind: ServiceAccount, name: server, namespace: model}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: server, namespace: model}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: models, namespace: model}
spec:
  accessModes: [ReadOnlyMany]
  storageClassName: fast
  resources: {requests: {storage: 1Ti}}
"""

_MODEL = """\
# A server of models
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: model}
data:
  start.sh: |
    exec server --token-file /etc/token
  level: info
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: server, namespace: model}
spec:
  replicas: 2
  selector:
    matchLabels: {app: server}
  template:
    metadata:
      labels: {app: server}
    spec:
      serviceAccountName: server
      priorityClassName: services
      imagePullSecrets:
      - name: pull
      containers:
      - name: server
        image: registry.example.org/server@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
        env:
        - name: AWS_SECRET_ACCESS_KEY
          valueFrom:
            secretKeyRef: {name: keys, key: secret-key}
        - name: LEVEL
          valueFrom:
            configMapKeyRef: {name: settings, key: level}
        - name: TOKEN_FILE
          value: /etc/token
        ports:
        - {name: http, containerPort: 8000}
        - {name: metrics, containerPort: 8002}
        resources:
          requests: {cpu: "4", memory: 8Gi}
          limits: {cpu: "4", memory: 16Gi, nvidia.com/gpu: 1}
        volumeMounts:
        - {name: models, mountPath: /models, readOnly: true}
        - {name: settings, mountPath: /etc/settings}
      volumes:
      - name: models
        persistentVolumeClaim: {claimName: models}
      - name: settings
        configMap:
          name: settings
          items: [{key: start.sh, path: start.sh}]
---
apiVersion: v1
kind: Service
metadata: {name: server, namespace: model}
spec:
  selector: {app: server}
  ports:
  - {name: http, port: 80, targetPort: http}
  - {name: metrics, port: 8002, targetPort: 8002}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: server, namespace: model}
spec:
  ingressClassName: nginx
  tls:
  - {hosts: [model.example.org], secretName: server-tls}
  rules:
  - host: model.example.org
    http:
      paths:
      - path: /
        pathType: Prefix
        backend:
          service: {name: server, port: {name: http}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: server, namespace: model}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: server}
  minReplicas: 1
  maxReplicas: 4
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: server, namespace: model}
spec:
  maxUnavailable: 1
  selector: {matchLabels: {app: server}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: server, namespace: model}
spec:
  podSelector: {matchLabels: {app: server}}
  policyTypes: [Ingress]
  ingress:
  - from:
    - ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}
    ports:
    - {port: 8000}
"""

_REQUIRES = """\
requires:
- kind: Secret
  namespace: model
  name: keys
  holds: [secret-key]
  why: the server reads models with it
  how: kubectl -n model create secret generic keys --from-file=secret-key
- {kind: Secret, namespace: model, name: pull, why: images, how: somebody makes it}
- {kind: Secret, namespace: model, name: server-tls, why: TLS, how: somebody makes it}
- {kind: Secret, namespace: hub, name: login, holds: [client-secret], why: login, how: somebody makes it}
"""

_VALUES = """\
# Values for the hub
# chart: toyhub 1.2.0
hub:
  port: 8081
  extraEnv:
    CLIENT_SECRET:
      valueFrom:
        secretKeyRef: {name: login, key: client-secret}
  extraLabels: {team: atlas}
"""

_CUSTOM = """\
apiVersion: toys.example.org/v1
kind: Toy
metadata: {name: toy, namespace: model}
spec:
  size: 2
  port: http
  comment: null
  extra: {anything: {goes: 1}}
  parts:
  - {name: a, weight: 1.5}
  - {name: b}
"""

CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: toys.toys.example.org}
spec:
  group: toys.example.org
  scope: Namespaced
  names: {kind: Toy, plural: toys, singular: toy, listKind: ToyList}
  versions:
  - name: v1alpha1
    served: false
    storage: false
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [size, mode, comment]
            properties:
              size: {type: integer, minimum: 1}
              port: {x-kubernetes-int-or-string: true}
              mode: {type: string, enum: [slow, fast], default: slow}
              comment: {type: string, nullable: true}
              closed: {type: object}
              extra: {type: object, x-kubernetes-preserve-unknown-fields: true}
              parts:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  properties:
                    name: {type: string}
                    weight: {type: number, minimum: 0, exclusiveMinimum: true}
"""

FILES = {
    BASE: _BASE,
    MODEL: _MODEL,
    REQUIRES: _REQUIRES,
    VALUES: _VALUES,
    CUSTOM: _CUSTOM,
    KUSTOMIZATION: "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- base.yaml\n",
    FACILITY: json.dumps(
        {"orchestration": {"version": "1.30", "storage_class": "fast", "ingress": {"ingress_class": "nginx"}}}
    ),
}

_CHART_VALUES = """\
hub:
  port: 8081
  secure: true
  extraEnv: {}
  service: {type: ClusterIP, url: ""}
  # -- how many workers it has
  # workers: 4
singleuser:
  memory: 1G
"""

_TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data:
  port: {{ .Values.hub.port | int | quote }}
  read: {{ .Values.hub.readByTemplate | default "" | quote }}
  all: {{ toJson .Values | quote }}
{{- if eq (int .Values.hub.port) 9999 }}{{ fail "port 9999 is taken" }}{{ end }}
"""

_SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "additionalProperties": False,
    "required": ["hub", "singleuser"],
    "properties": {
        "hub": {
            "type": "object",
            "additionalProperties": False,
            "required": ["port"],
            "properties": {
                "port": {"type": "integer"},
                "secure": {"type": "boolean"},
                "extraEnv": {"type": "object"},
                "extraLabels": {"type": "object", "additionalProperties": {"type": "string"}},
                "service": {"type": "object"},
                "readByTemplate": {"type": "string"},
            },
        },
        "singleuser": {"type": "object"},
        "global": {"type": "object"},
    },
}


def changed(path: str, old: str, new: str) -> dict[str, str]:
    """The site with one text of a file in place of another."""
    text = FILES[path]
    assert text.count(old) >= 1, (path, old)
    return FILES | {path: text.replace(old, new, 1)}


def line_of(files: dict[str, str], path: str, text: str) -> int:
    """The first line of a file that has the text."""
    return next(number for number, line in enumerate(files[path].splitlines(), 1) if text in line)


def charts(folder: Path, *, schema: bool = True, version: str = "1.2.0") -> Path:
    """A folder as `helm pull --untar` leaves it: one chart, with a schema of its values or without, and a CRD."""
    chart = folder / "toyhub"
    (chart / "templates").mkdir(parents=True)
    (chart / "crds").mkdir()
    (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: toyhub\nversion: {version}\n")
    (chart / "values.yaml").write_text(_CHART_VALUES)
    (chart / "templates/configmap.yaml").write_text(_TEMPLATE)
    (chart / "crds/toys.yaml").write_text(CRD)
    if schema:
        (chart / "values.schema.json").write_text(json.dumps(_SCHEMA))
    return folder

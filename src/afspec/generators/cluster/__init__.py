"""What the generators for a cluster share: objects of the Kubernetes API and values of charts, as plain data.

`objects` makes an object with its labels, `names` and `amounts` write names and quantities as the API wants them,
`components` says what the facility runs on its cluster and in which namespace, `gpus` how a pod asks for a GPU,
`volumes` how pods get the facility's storage areas, `priorities` which pods go first, `publish` how a service gets its
address, and `required` lists what must be there already: Secrets above all, which no file of afspec ever holds. All of
it is pure.
"""

from afspec.generators.cluster.amounts import cores, memory
from afspec.generators.cluster.components import Component, component, components
from afspec.generators.cluster.gpus import GpuChoice, gpu_choices
from afspec.generators.cluster.names import dns_label
from afspec.generators.cluster.objects import SPEC_DIGEST, Object, labels, manifest
from afspec.generators.cluster.priorities import priority_class
from afspec.generators.cluster.publish import Published, published
from afspec.generators.cluster.required import Required, secret
from afspec.generators.cluster.volumes import Volume, pod_volumes, volumes

__all__ = [
    "SPEC_DIGEST",
    "Component",
    "GpuChoice",
    "Object",
    "Published",
    "Required",
    "Volume",
    "component",
    "components",
    "cores",
    "dns_label",
    "gpu_choices",
    "labels",
    "manifest",
    "memory",
    "pod_volumes",
    "priority_class",
    "published",
    "secret",
    "volumes",
]

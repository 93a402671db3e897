"""What the checks of a cluster's files share: the files read once, each node with its place, and the charts beside.

`reading` reads YAML as Helm and kubectl do, `manifests` tells objects of the API, values of charts and `requires.yaml`
apart, `world` says what is there by name, `uses` what is asked for by name, `schemas` asks JSON schemas and CRDs,
and `charts` finds charts and CRDs in the folder that `--charts` names.
"""

from afspec.verify.cluster.manifests import Cluster, Manifest, Values, candidates

__all__ = ["Cluster", "Manifest", "Values", "candidates"]

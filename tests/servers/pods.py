"""Pods: from Pending over Running to Succeeded or Failed, with the container's command run on this machine.

Source: Kubernetes API reference, Pod v1 core; "Pod Lifecycle". One container a pod; images are not looked at.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any
from uuid import uuid4

from servers.commands import Command

NODE = "node-1"
_UNSCHEDULABLE = (
    "0/3 nodes are available: 3 Insufficient cpu. "
    "preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pods."
)


def now() -> str:
    return dt.datetime.now(tz=dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _argv(container: dict[str, Any]) -> list[str]:
    """What the container runs; of an image whose own command is not known, nothing."""
    return [*container.get("command", []), *container.get("args", [])] or ["true"]


class Pod:
    """A pod; it leaves a phase when somebody has looked at it, so that each is seen."""

    def __init__(self, given: dict[str, Any], namespace: str, *, unschedulable: bool) -> None:
        self._unschedulable = unschedulable
        self._folder = tempfile.TemporaryDirectory(prefix="pod-")
        self._command: Command | None = None
        self._code: int | None = None
        self.output = ""
        self.phase = "Pending"
        metadata = dict(given["metadata"])
        if prefix := metadata.get("generateName"):
            metadata.setdefault("name", f"{prefix}{uuid4().hex[:5]}")
        self.name = str(metadata["name"])
        self.metadata = metadata | {"namespace": namespace, "uid": str(uuid4()), "creationTimestamp": now()}
        defaults = {"restartPolicy": "Always", "serviceAccountName": "default", "dnsPolicy": "ClusterFirst"}
        self.spec = defaults | given["spec"]
        self.container = self.spec["containers"][0]
        self._version = 1

    @property
    def scheduled(self) -> bool:
        return not self._unschedulable

    def go_on(self) -> None:
        """To the next phase, if what it waits for has come."""
        if self.phase == "Pending" and self.scheduled:
            environment = {item["name"]: item.get("value", "") for item in self.container.get("env", [])}
            self._command = Command(_argv(self.container), Path(self._folder.name), environment)
            self.phase = "Running"
        elif self._command and (code := self._command.exit_code) is not None:
            self._code, self.output = code, self._command.output
            self._command.end()
            self._command = None
            self.phase = "Failed" if code else "Succeeded"
        else:
            return
        self._version += 1

    def log(self) -> str:
        """What the container has written so far."""
        return self._command.output if self._command else self.output

    def end(self) -> None:
        """Kill what runs, and leave nothing."""
        if self._command:
            self._command.end()
        self._folder.cleanup()

    def as_json(self) -> dict[str, Any]:
        spec = {**self.spec, "nodeName": NODE} if self.scheduled else self.spec
        metadata = {**self.metadata, "resourceVersion": str(self._version)}
        return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": spec, "status": self._status()}

    def _status(self) -> dict[str, Any]:
        if not self.scheduled:
            why = {"reason": "Unschedulable", "message": _UNSCHEDULABLE}
            condition = {"type": "PodScheduled", "status": "False", "lastTransitionTime": now(), **why}
            return {"phase": "Pending", "conditions": [condition], "qosClass": "Burstable"}
        conditions = [{"type": "PodScheduled", "status": "True", "lastTransitionTime": now()}]
        ready = self.phase == "Running"
        conditions.append({"type": "Ready", "status": str(ready), "lastTransitionTime": now()})
        container = {
            "name": self.container["name"],
            "image": self.container["image"],
            "imageID": "",
            "ready": ready,
            "restartCount": 0,
            "state": self._state(),
        }
        status = {"phase": self.phase, "conditions": conditions, "hostIP": "192.0.2.10", "qosClass": "Burstable"}
        return {**status, "startTime": now(), "containerStatuses": [container]}

    def _state(self) -> dict[str, Any]:
        if self.phase == "Pending":
            return {"waiting": {"reason": "ContainerCreating"}}
        if self._code is None:
            return {"running": {"startedAt": now()}}
        reason = {0: "Completed", 128: "StartError"}.get(self._code, "Error")
        return {"terminated": {"exitCode": self._code, "reason": reason, "finishedAt": now()}}

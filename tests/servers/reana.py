"""A REANA cluster: its REST interface, and serial workflows whose steps are run on this machine.

Source: reanahub/reana-server, docs/openapi.json, reana_server/decorators.py and rest/{ping,info,users,workflows}.py;
reanahub/reana-workflow-controller, rest/{workflows,workflows_status,workflows_workspace,utils}.py; reanahub/
reana-workflow-engine-serial, tasks.py. Steps' container images are not looked at, unless `vetted` names those that are
allowed: commands run in the workspace, with the shell.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
import shlex
import shutil
import string
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from servers.commands import Command
from servers.serving import Answer, Asked, Refusal, Served, as_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

VERSION = "0.9.4"
_ENGINES = ("cwl", "serial", "snakemake", "yadage")
_INFO = {
    "compute_backends": ("List of supported compute backends", ["kubernetes"]),
    "default_workspace": ("Default workspace", "/var/reana"),
    "workspaces_available": ("List of available workspaces", ["/var/reana"]),
    "default_kubernetes_memory_limit": ("Default memory limit for Kubernetes jobs", "4Gi"),
    "kubernetes_max_memory_limit": ("Maximum allowed memory limit for Kubernetes jobs", "10Gi"),
    "default_kubernetes_jobs_timeout": ("Default timeout for Kubernetes jobs", "604800"),
    "maximum_workspace_retention_period": ("Maximum retention period in days for workspace files", "None"),
    "supported_workflow_engines": ("List of supported workflow engines", list(_ENGINES)),
    "dask_enabled": ("Dask workflows allowed in the cluster", "False"),
}


def _now() -> str:
    return dt.datetime.now(tz=dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")


@dataclass
class Step:
    """A command of a step of a workflow: a job of the cluster."""

    name: str
    image: str
    command: str
    id: str = field(default_factory=lambda: str(uuid4()))
    status: str = "created"
    logs: str = ""
    started: str | None = None
    finished: str | None = None


@dataclass
class Workflow:
    """A run of an analysis; it leaves a state when somebody has looked at it, so that each is seen."""

    id: str
    name: str
    specification: dict[str, Any]
    workspace: Path
    steps: list[Step]
    created: str = field(default_factory=_now)
    status: str = "created"
    started: str | None = None
    running: Command | None = None

    @property
    def step(self) -> Step | None:
        """The step that is due; None where all are done."""
        return next((step for step in self.steps if step.status in {"created", "running"}), None)

    def end(self) -> None:
        if self.running:
            self.running.end()
            self.running = None


def _jobs(specification: dict[str, Any]) -> Iterator[Step]:
    """The jobs of a serial workflow, one for each command of its steps, with the workflow's parameters put in."""
    parameters = {key: str(value) for key, value in specification.get("inputs", {}).get("parameters", {}).items()}
    for number, step in enumerate(specification["workflow"]["specification"]["steps"], start=1):
        for command in step["commands"]:
            line = string.Template(command).safe_substitute(parameters)
            yield Step(step.get("name", f"step-{number}"), step["environment"], line)


class Reana(Served):
    """A cluster with one user, and a token for them; `vetted` are the only images that it runs, where it names any.

    Faults: `accepts_any_token`, `stuck` (a workflow never leaves the queue), `fails` (a job cannot start),
    `wrong_output` (files hold what another run has left).
    """

    def __init__(
        self,
        *,
        accepts_any_token: bool = False,
        stuck: bool = False,
        fails: bool = False,
        wrong_output: bool = False,
        vetted: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.vetted = list(vetted)
        self.accepts_any_token, self.stuck, self.fails, self.wrong_output = (
            accepts_any_token,
            stuck,
            fails,
            wrong_output,
        )
        self.user = str(uuid4())
        self.token = secrets.token_urlsafe(16)
        self.workflows: dict[str, Workflow] = {}
        self._folder = Path(tempfile.mkdtemp(prefix="reana-"))

    def stopped(self) -> None:
        for workflow in self.workflows.values():
            workflow.end()
        shutil.rmtree(self._folder)

    def answer(self, asked: Asked) -> Answer:
        try:
            match (asked.method, *asked.parts):
                case "GET", "api", "ping":
                    return as_json({"message": "OK", "status": "200"})
                case _, "api", ("info" | "you" | "workflows"), *rest:
                    self._sign_in(asked)
                    return self._signed_in(asked, *rest)
        except Refusal as refusal:
            return as_json({"message": refusal.message}, refusal.status)
        return Answer(404, b"<!doctype html>\n<title>404 Not Found</title>\n", "text/html; charset=utf-8")

    def _sign_in(self, asked: Asked) -> None:
        token = asked.query.get("access_token")
        if token is None:
            raise Refusal("User not signed in", 401)
        if not self.accepts_any_token and not secrets.compare_digest(token, self.token):
            raise Refusal("Token not valid.", 403)

    def _signed_in(self, asked: Asked, *rest: str) -> Answer:
        match (asked.method, asked.parts[1], *rest):
            case "GET", "info":
                return as_json({key: {"title": title, "value": value} for key, (title, value) in self._info.items()})
            case "GET", "you":
                return as_json(self._you())
            case "GET", "workflows":
                return as_json(self._list())
            case "POST", "workflows":
                return self._create(asked)
            case _, "workflows", name, *what:
                return self._workflow(asked, self._found(name), what)
        raise Refusal("The method is not allowed for the requested URL.", 405)

    @property
    def _info(self) -> dict[str, tuple[str, Any]]:
        return {
            **_INFO,
            "vetted_container_images_enabled": (
                "Vetted container images required for user workflows",
                bool(self.vetted),
            ),
            "vetted_container_images_allowlist": (
                "List of vetted container images allowed in user workflows",
                self.vetted,
            ),
        }

    def _you(self) -> dict[str, Any]:
        token = {"value": self.token, "status": "active", "requested_at": "Mon, 01 Jun 2026 10:39:57 GMT"}
        return {
            "id_": self.user,
            "email": "alice@example.org",
            "full_name": "Alice",
            "username": "alice",
            "reana_server_version": VERSION,
            "reana_token": token,
            "quota": {"disk": {"usage": {"raw": 0, "human_readable": "0 Bytes"}, "health": "healthy"}},
        }

    def _list(self) -> dict[str, Any]:
        shown = [item for item in self.workflows.values() if item.status != "deleted"]
        items = [
            {"id": item.id, "name": item.name, "status": item.status, "user": self.user, "created": item.created}
            for item in shown
        ]
        return {"items": items, "page": 1, "total": len(items), "has_next": False, "has_prev": False}

    def _create(self, asked: Asked) -> Answer:
        name, given = asked.query.get("workflow_name", ""), asked.json()
        if not isinstance(given, dict):
            raise Refusal("Either remote repository or REANA specification needs to be provided", 500)
        if _is_uuid(name):
            raise Refusal("Workflow name cannot be a valid UUIDv4.", 400)
        if "workflow" not in given:
            raise Refusal("'workflow'", 400)
        if given["workflow"].get("type") not in _ENGINES:
            raise Refusal("Unknown workflow type.", 500)
        if given["workflow"]["type"] != "serial":
            raise Refusal("This cluster of the tests runs serial workflows only.", 501)
        jobs = list(_jobs(given))
        if not_vetted := [job.image for job in jobs if self.vetted and job.image not in self.vetted]:
            raise Refusal(f"Container image {not_vetted[0]} is not in the allowlist of vetted images.", 400)
        name = name or "workflow"
        number = 1 + sum(item.name.rpartition(".")[0] == name for item in self.workflows.values())
        made = Workflow(str(uuid4()), f"{name}.{number}", given, self._folder / str(uuid4()), jobs)
        made.workspace.mkdir()
        self.workflows[made.id] = made
        answer = {"message": "Workflow workspace created", "workflow_id": made.id, "workflow_name": made.name}
        return as_json(answer, 201)

    def _found(self, name: str) -> Workflow:
        """The workflow of that id or name: with its run number, or the last run of that name."""
        for item in reversed(self.workflows.values()):
            if name in {item.id, item.name, item.name.rpartition(".")[0]}:
                return item
        message = (
            f"REANA_WORKON is set to {name}, but that workflow does not exist. "
            "Please set your REANA_WORKON environment variable appropriately."
        )
        raise Refusal(message, 404)

    def _workflow(self, asked: Asked, workflow: Workflow, what: list[str]) -> Answer:
        match (asked.method, *what):
            case "POST", "start":
                return self._start(workflow)
            case "GET", "status":
                shown = self._status(workflow)
                self._go_on(workflow)
                return as_json(shown)
            case "PUT", "status":
                return self._change(workflow, asked.query.get("status", ""), asked.json() or {})
            case "GET", "logs":
                logs = {
                    "workflow_logs": "",
                    "job_logs": _job_logs(workflow),
                    "service_logs": {},
                    "engine_specific": None,
                }
                return as_json({**self._named(workflow), "logs": json.dumps(logs), "live_logs_enabled": False})
            case _, "workspace", *path:
                return self._workspace(asked, workflow, "/".join(path))
        raise Refusal("The method is not allowed for the requested URL.", 405)

    def _named(self, workflow: Workflow) -> dict[str, Any]:
        return {"workflow_id": workflow.id, "workflow_name": workflow.name, "user": self.user}

    def _start(self, workflow: Workflow) -> Answer:
        if workflow.status != "created":
            message = f"Workflow {workflow.name} is already {workflow.status} and cannot be started again."
            raise Refusal(message, 403)
        workflow.status = "queued"
        answer = {"message": "Workflow submitted.", "status": "queued", "run_number": 1, **self._named(workflow)}
        return as_json(answer)

    def _status(self, workflow: Workflow) -> dict[str, Any]:
        done = {word: [step.id for step in workflow.steps if step.status == word] for word in ("finished", "failed")}
        due = workflow.step
        running = due is not None and due.status == "running"
        counted = {**done, "running": [due.id] if due and running else []}
        progress: dict[str, Any] = {word: {"total": len(ids), "job_ids": ids} for word, ids in counted.items()}
        progress["total"] = {"total": len(workflow.steps), "job_ids": []}
        progress["run_started_at"] = workflow.started
        progress["current_step_name"] = due.name if due and running else None
        progress["current_command"] = due.command if due and running else None
        return {
            "id": workflow.id,
            "name": workflow.name,
            "created": workflow.created,
            "status": workflow.status,
            "user": self.user,
            "progress": progress,
            "logs": json.dumps(_job_logs(workflow)),
        }

    def _go_on(self, workflow: Workflow) -> None:
        if workflow.status == "queued" and not self.stuck:
            workflow.status = "pending"
        elif workflow.status == "pending":
            workflow.status, workflow.started = "running", _now()
        elif workflow.status == "running":
            self._run(workflow)

    def _run(self, workflow: Workflow) -> None:
        """See how the due step is; start it where it has not been."""
        step = workflow.step
        if step is None:
            workflow.status = "finished"
        elif workflow.running is None:
            command = "nothing-of-that-name" if self.fails else step.command
            workflow.running = Command(["sh", "-c", command], workflow.workspace, {})
            step.status, step.started = "running", _now()
        elif (code := workflow.running.exit_code) is not None:
            step.status, step.finished = ("failed" if code else "finished"), _now()
            step.logs = workflow.running.output
            workflow.end()
            if code:
                workflow.status = "failed"
            elif self.wrong_output:
                for path in workflow.workspace.rglob("*"):
                    if path.is_file():
                        path.write_text("left by another run\n")

    def _change(self, workflow: Workflow, status: str, given: dict[str, Any]) -> Answer:
        match status:
            case "start":
                return self._start(workflow)
            case "stop":
                if workflow.status != "running":
                    raise Refusal(f"Workflow {workflow.id} is not running.", 409)
                workflow.status, done = "stopped", "stopped"
            case "deleted":
                if workflow.status == "running":
                    message = f"Workflow {workflow.name} cannot be deleted as it is currently running."
                    raise Refusal(message, 409)
                if not given.get("workspace", True):
                    raise Refusal("Workspace must always be deleted when deleting a workflow.", 400)
                shutil.rmtree(workflow.workspace, ignore_errors=True)
                workflow.status, done = "deleted", "deleted"
            case _:
                raise Refusal(f"Status {status} is not one of: start, stop, deleted", 400)
        workflow.end()
        answer = {"message": f"Workflow successfully {done}.", "status": workflow.status, **self._named(workflow)}
        return as_json(answer)

    def _workspace(self, asked: Asked, workflow: Workflow, name: str) -> Answer:
        root = workflow.workspace
        if asked.method == "GET" and not name:
            paths = sorted(path for path in root.rglob("*") if path.is_file())
            items = [{"name": str(path.relative_to(root)), "size": {"raw": path.stat().st_size}} for path in paths]
            return as_json({"items": items, "total": len(items), "page": 1, "has_next": False, "has_prev": False})
        uploaded = asked.query.get("file_name", "") if asked.method == "POST" else name
        if not uploaded:
            raise Refusal("No file_name provided", 400)
        path = (root / uploaded.lstrip("/")).resolve()
        if not path.is_relative_to(root):
            raise Refusal(f"Path {uploaded} is outside the workspace.", 400)
        if asked.method == "POST":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(asked.body)
            return as_json({"message": f"{uploaded} has been successfully uploaded."})
        if not path.is_file():
            raise Refusal(f"{name} does not exist.", 404)
        if asked.method == "DELETE":
            size = path.stat().st_size
            path.unlink()
            return as_json({"deleted": {name: {"size": size}}, "failed": {}})
        return Answer(200, path.read_bytes(), "application/octet-stream")


def _job_logs(workflow: Workflow) -> dict[str, Any]:
    return {
        step.id: {
            "workflow_uuid": workflow.id,
            "job_name": step.name,
            "compute_backend": "Kubernetes",
            "backend_job_id": f"reana-run-job-{step.id}",
            "docker_img": step.image,
            "cmd": f"bash -c {shlex.quote(step.command)}",
            "status": step.status,
            "logs": step.logs,
            "started_at": step.started,
            "finished_at": step.finished,
        }
        for step in workflow.steps
        if step.status != "created"
    }


def _is_uuid(text: str) -> bool:
    try:
        return UUID(text).version == 4
    except ValueError:
        return False

"""Open OnDemand's notebook app as its dashboard would start it: the compiled templates, rendered by Ruby, submitted.

The dashboard itself offers no interface to programs. What is tried is the app on the real scheduler; the dashboard's
page, its proxy and its login are asked for apart.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import yaml

from afspec.conformance.clients.batch import batch_of, pool_named
from afspec.conformance.clients.batch.interface import LIVING, Phase
from afspec.conformance.clients.kernel import JupyterServer
from afspec.conformance.run import leftover
from afspec.conformance.subjects_notebooks import pool_of_sessions
from afspec.conformance.sweep import sweeper
from afspec.conformance.trouble import FailedError
from afspec.facility.jupyter import JupyterKind, OnDemand
from afspec.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afspec.conformance.clients.batch.interface import Batch
    from afspec.conformance.probe import Probe
    from afspec.conformance.run import Run
    from afspec.facility.jupyter import Jupyter

_REFUSED = 3
_FOLDER = ".cache/afspec"
_SESSIONS = "ondemand/data/sys/dashboard/batch_connect/sys"
_JOB = "ood-"
_WHERE = "login"
_START = 75
_SUBMIT = 'cd "$HOME/$1" && printf %s "$2" | ruby dashboard.rb submit "$HOME/$1"'
_FORGET = (
    'case $1 in afspec-*/* | *..*) exit 64 ;; afspec-*) rm -rf -- "$HOME/$2/$1" "$HOME/$3/$1" ;; *) exit 64 ;; esac'
)


class App:
    """The compiled app of a way to a notebook."""

    def __init__(self, probe: Probe, jupyter: Jupyter) -> None:
        self._probe = probe
        self._jupyter = jupyter
        self._app = (jupyter.ondemand or OnDemand()).app

    def launch(self, **values: str) -> Opened:
        """Submit the app's job, in the site's default image where the form offers it.

        Raises:
            FailedError: the app or the scheduler refuses.
            UnverifiedError: there is no Ruby, or no scheduler's client, where users have a shell.
        """
        probe = self._probe
        sources = {name: text for name, text in probe.run.files.items() if name.startswith(f"ood/{self._app}/")}
        if not sources:
            probe.unverified(Reason.PREREQUISITE_ABSENT, f"nothing was compiled for the app {self._app}")
        if not pool_of_sessions(probe.facility, self._jupyter):
            probe.unverified(Reason.PREREQUISITE_ABSENT, "the spec names no batch pool of the app's sessions")
        if not probe.sh("command -v ruby", vantage=_WHERE).ok:
            text = "there is no Ruby on the login node, which renders Open OnDemand's templates"
            probe.unverified(Reason.PREREQUISITE_ABSENT, text, "Start a session in the dashboard by hand.")
        folder = f"{_FOLDER}/{probe.name}"
        probe.later(self._forget, f"rm -r ~/{folder} ~/{_SESSIONS}/{probe.name}")
        self._send(sources, folder)
        given = {"image": self._image(sources), "cores": "1", "memory": "2", "hours": "1"} | values
        probe.spend(jobs=1)
        answer = probe.sh(_SUBMIT, folder, json.dumps(given), vantage=_WHERE, timeout=40)
        if answer.exit == _REFUSED:
            raise FailedError(f"the app refuses its own form's values: {answer.words}")
        if not answer.ok:
            raise FailedError(f"the app's job is refused: {answer.words}")
        try:
            told = json.loads(answer.out)
            opened = Opened(probe, self._jupyter, str(told["job"]), str(told["folder"]))
        except (ValueError, KeyError, TypeError):
            raise FailedError(f"the app's job was submitted without a number: {answer.out[:200]!r}") from None
        probe.note("job", opened.job)
        probe.later(opened.end, f"scancel {opened.job}")
        return opened

    def _send(self, sources: dict[str, str], folder: str) -> None:
        home = self._probe.sh('printf %s "$HOME"', vantage=_WHERE, check=True).out
        dashboard = files("afspec.twin").joinpath("dashboard.rb").read_text(encoding="utf-8")
        named = {name.removeprefix(f"ood/{self._app}/"): text for name, text in sources.items()}
        for name, text in (named | {"dashboard.rb": dashboard}).items():
            mode = "700" if name.endswith(".sh.erb") else "600"
            self._probe.put(f"{home}/{folder}/{name}", text.encode(), mode=mode, vantage=_WHERE)

    def _image(self, sources: dict[str, str]) -> str:
        """The form's word for the site's default image; else for the site's own Jupyter."""
        image = self._probe.facility.default_image
        word = f"image-{image.name}" if image else ""
        form = sources.get(f"ood/{self._app}/form.yml.erb", "")
        offered = re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", form) if word else None
        return word if self._jupyter.custom_image and offered else "site"

    def _forget(self) -> None:
        self._probe.sh(_FORGET, self._probe.name, _FOLDER, _SESSIONS, vantage=_WHERE, check=True)


@dataclass
class Opened:
    """A session of the app: its job, and the folder with all that the app made of it."""

    probe: Probe
    jupyter: Jupyter
    job: str
    folder: str
    own: bool = True
    over: bool = False

    @property
    def _batch(self) -> Batch:
        facility = self.probe.facility
        return batch_of(self.probe, pool_named(facility, pool_of_sessions(facility, self.jupyter)), _WHERE)

    def ready(self, probe: Probe) -> JupyterServer:
        """Its notebook server, once it answers.

        Raises:
            FailedError: the job ends before that.
            UnverifiedError: the job waits in its queue.
        """
        end = time.monotonic() + min(_START, probe.remaining() - 5)
        phase = Phase.QUEUED
        while time.monotonic() < end:
            if (found := self._connection()) is not None:
                return found
            phase = next((job.phase for job in self._batch.mine() if job.id == self.job), Phase.ENDED)
            if phase in {Phase.ENDED, Phase.HELD}:
                raise FailedError(f"the session ended before it answered: {self._log()}")
            time.sleep(0.4)
        if phase is Phase.QUEUED:
            hint = "Ask again when the queue is shorter."
            probe.unverified(Reason.QUEUE_WAIT_EXCEEDED, "the session's job did not start in time", hint)
        raise FailedError(f"the session did not answer in time: {self._log()}")

    def _connection(self) -> JupyterServer | None:
        """Where the server is, from the file that the job writes when it answers (ood_core, connection.yml)."""
        host = self.probe.way(_WHERE).host
        if host is None:
            return None
        # Not by probe.sh: it holds a password, which the run must know before anything is taken down.
        answer = host.run(["cat", f"{self.folder}/connection.yml"], 10)
        if not answer.ok:
            return None
        try:
            found = yaml.safe_load(answer.out)
            name, port, token = str(found["host"]), int(found["port"]), str(found["password"])
        except (yaml.YAMLError, KeyError, TypeError, ValueError):
            raise FailedError("connection.yml does not say host, port and password") from None
        self.probe.run.wallet.add(f"session {self.job}", token)
        self.probe.evidence.command(answer, _WHERE)
        if name != self.probe.facility.name:
            self.probe.run.hide(name)
        return JupyterServer(self.probe, f"http://{name}:{port}/node/{name}/{port}", token, _WHERE)

    def _log(self) -> str:
        return self.probe.sh('tail -n 3 "$1/output.log"', self.folder, vantage=_WHERE).out.strip() or "it wrote nothing"

    def end(self) -> None:
        """Cancel its job."""
        if not self.over:
            self._batch.cancel(self.job)
            self.over = True

    def is_gone(self) -> bool:
        """Whether its job is over."""
        living = LIVING - {Phase.ENDING}
        return not any(job.id == self.job and job.phase in living for job in self._batch.mine())


@sweeper
def ondemand_sessions(run: Run) -> Iterator[tuple[str, str]]:
    """Jobs and folders of apps that killed runs started."""
    apps = [item for item in run.facility.jupyter if item.kind is JupyterKind.OPEN_ONDEMAND and item.offered]
    host = run.vantages.way(_WHERE).host if apps and _WHERE in run.request.vantages else None
    if host is None:
        return
    script = (
        'cd "$HOME/$1" 2>/dev/null && for each in afspec-*; do if [ -d "$each" ]; then printf "%s\\n" "$each"; fi; done'
    )
    for name in host.run(["sh", "-c", script, "sh", _FOLDER], 20).out.split():
        if leftover(name, run.request.run, time.time()):
            undo = 'scancel --me --name="$4" 2>/dev/null; ' + _FORGET
            answer = host.run(["sh", "-c", undo, "sh", name, _FOLDER, _SESSIONS, f"{_JOB}{name}"], 20)
            if not answer.ok:
                yield f"session {name}: {answer.words}", f"scancel --me --name={_JOB}{name}; rm -r ~/{_FOLDER}/{name}"

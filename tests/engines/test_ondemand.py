"""Open OnDemand: the compiled app, rendered by Ruby and submitted to Slurm, gives a notebook that works."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import pytest
from support import until

from afspec.twin.engines.ondemand import Connection, RefusedError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from engines.conftest import Miniature

    from afspec.twin.engines.ondemand import OpenOnDemand, Session

PYTHON = "/opt/afspec/hub/bin/python"
LONG = 90  # Jupyter's first start on a busy machine
# Asks a server as a browser would: GET with or without the token; or a kernel, code over its websocket, the output.
CLIENT = """
import json, sys, urllib.error, urllib.request, uuid
import websocket
url, token, code = json.load(sys.stdin)
headers = {"Authorization": "token " + token} if token else {}

def ask(path, data=None):
    request = urllib.request.Request(url + path, data, headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)

try:
    ask("/api/contents")
except urllib.error.HTTPError as error:
    sys.exit(str(error.code))
kernel = ask("/api/kernels", b"{}")["id"]
channel = websocket.create_connection(
    "ws" + url[4:] + "/api/kernels/" + kernel + "/channels", header=headers, timeout=40, suppress_origin=True
)
header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "session": "s", "username": "u", "version": "5.3"}
content = {"code": code, "silent": False}
message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
channel.send(json.dumps(message))
printed = ""
while True:
    message = json.loads(channel.recv())
    if message["parent_header"].get("msg_id") != header["msg_id"]:
        continue
    if message["msg_type"] == "stream":
        printed += message["content"]["text"]
    if message["msg_type"] == "error":
        sys.exit("\\n".join(message["content"]["traceback"]))
    if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
        break
print(printed, end="")
"""


class Dashboard(NamedTuple):
    """The twin, and what alice started in it."""

    miniature: Miniature
    sessions: list[Session]

    @property
    def engine(self) -> OpenOnDemand:
        found: OpenOnDemand = self.miniature.engine("ondemand")  # type: ignore[assignment]
        return found

    def launch(self, **values: str) -> Session:
        session = self.engine.launch("alice", **values)
        self.sessions.append(session)
        return session

    def run(self, *argv: str, user: str = "alice", check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.miniature.room.run(argv, user=user, timeout=20, check=check)

    def job(self, session: Session) -> dict[str, str]:
        """What Slurm knows of the job."""
        text = self.run("scontrol", "--oneliner", "show", "job", session.job).stdout
        return dict(word.partition("=")[::2] for word in text.split() if "=" in word)

    def log(self, session: Session) -> str:
        return self.run("cat", f"{session.folder}/output.log", check=False).stdout

    def opened(self, session: Session) -> Connection:
        """The session's notebook, once it answers."""

        def there() -> bool:
            state = self.job(session)["JobState"]
            assert state in {"PENDING", "CONFIGURING", "RUNNING"}, self.log(session)
            return self.engine.connection(session) is not None

        assert until(there, LONG), self.log(session)
        found = self.engine.connection(session)
        assert found is not None
        return found

    def ask(self, where: Connection, token: str, code: str = "") -> subprocess.CompletedProcess[str]:
        """The client above, with what it is told on its input: a token is not for everybody's ps."""
        given = json.dumps([where.url, token, code])
        return self.miniature.room.run(
            [PYTHON, "-c", CLIENT], user="alice", stdin=given, timeout=90, check=False, directory="/"
        )


@pytest.fixture
def dashboard(slac: Miniature) -> Iterator[Dashboard]:
    found = Dashboard(slac, [])
    yield found
    for session in found.sessions:
        found.run("scancel", session.job, check=False)
        found.run("rm", "-rf", session.folder)


def test_a_notebook_of_the_sites_own_runs_code_in_a_job_of_hers(dashboard: Dashboard) -> None:
    session = dashboard.launch(image="site", cores="1", memory="2", hours="1")
    where = dashboard.opened(session)
    job = dashboard.job(session)
    assert job["UserId"].startswith("alice(")
    assert (job["Account"], job["QOS"], job["Partition"]) == ("atlas:usatlas", "normal", "roma")
    assert (job["MinMemoryNode"], job["TimeLimit"]) == ("2G", "01:00:00")
    code = "import getpass, os; print(getpass.getuser(), os.environ['SLURM_JOB_ID'], 6 * 7)"
    done = dashboard.ask(where, where.token, code)
    assert done.stdout == f"alice {session.job} 42\n", done.stderr
    # Nothing without the token, or with another one.
    assert dashboard.ask(where, "").stderr.strip() == "403"
    assert dashboard.ask(where, "0" * 32).stderr.strip() == "403"
    # Her end of it, and nobody else's.
    for name in ("connection.yml", "config.py"):
        assert dashboard.run("cat", f"{session.folder}/{name}", user="bob", check=False).returncode != 0
    dashboard.run("scancel", session.job)
    assert until(lambda: dashboard.job(session)["JobState"] == "CANCELLED", 30)
    assert until(lambda: not dashboard.miniature.room.answers(where.host, where.port), 30)


def test_the_page_of_the_session_opens_the_notebook(dashboard: Dashboard) -> None:
    """What a browser does with the compiled view: it sends its form, and is let in."""
    session = dashboard.launch(image="site", memory="2")
    where = dashboard.opened(session)
    view = dashboard.miniature.files.text("ood/slac-ood-jupyter/view.html.erb")
    script = "host, port, password = JSON.parse(ENV['AF']); puts ERB.new($stdin.read).result(binding)"
    page = dashboard.miniature.room.run(
        ["ruby", "-rerb", "-rjson", "-e", script],
        user="alice",
        env={"AF": json.dumps([where.host, where.port, where.token])},
        stdin=view,
    ).stdout
    assert f'action="/node/{where.host}/{where.port}/login"' in page
    curl = f"curl -sS -o /dev/null -w '%{{http_code}} %{{redirect_url}}' --data @- {where.url}/login"
    done = dashboard.miniature.room.run(
        ["sh", "-c", curl], user="alice", stdin=f"password={where.token}", directory="/"
    )
    assert done.stdout.startswith("302 ")
    wrong = dashboard.miniature.room.run(["sh", "-c", curl], user="alice", stdin="password=x", directory="/")
    assert wrong.stdout.startswith("401 ")


def test_pasted_commands_say_where_jupyter_comes_from(dashboard: Dashboard) -> None:
    pasted = "export FROM='the  paste'\r\nfunction jupyter() {\r\n  /opt/afspec/hub/bin/jupyter \"$@\"\r\n}\r\n"
    session = dashboard.launch(image="commands", commands=pasted, memory="2")
    where = dashboard.opened(session)
    done = dashboard.ask(where, where.token, "import os; print(os.environ['FROM'])")
    assert done.stdout == "the  paste\n", done.stderr


@pytest.mark.parametrize("way", ["chosen", "pasted"])
def test_a_notebook_runs_in_the_sites_image(way: str, dashboard: Dashboard) -> None:
    """Chosen in the form, or by the compiled text for the field of commands."""
    paste = dashboard.miniature.files.text("user-setup/jupyter.sh").replace("\n", "\r\n")
    chosen = {"image": "image-analysis-systems-base"}
    session = dashboard.launch(**(chosen if way == "chosen" else {"image": "commands", "commands": paste}))
    where = dashboard.opened(session)
    done = dashboard.ask(where, where.token, "import os; print(os.environ['APPTAINER_CONTAINER'], os.getcwd())")
    image = dashboard.miniature.facility.default_image
    assert image is not None
    home = dashboard.miniature.twin.users[0].home
    assert done.stdout == f"/cvmfs/unpacked.cern.ch/{image.reference} {home}\n", done.stderr


def test_commands_that_bring_no_jupyter_end_the_job_and_say_so(dashboard: Dashboard) -> None:
    session = dashboard.launch(image="commands", commands="echo 'never closed", memory="2")
    assert until(lambda: dashboard.job(session)["JobState"] == "FAILED", 60), dashboard.log(session)
    assert "no jupyter" in dashboard.log(session)
    assert "Jupyter ended before it answered" in dashboard.log(session)
    assert dashboard.engine.connection(session) is None


def test_a_gpu_of_the_partition_is_asked_for(dashboard: Dashboard) -> None:
    session = dashboard.launch(image="site", partition="ampere", gpu="a100", memory="2")
    assert until(lambda: dashboard.job(session)["JobState"] == "RUNNING", 30)
    job = dashboard.job(session)
    assert job["Partition"] == "ampere"
    assert "gres:gpu:a100:1" in job["TresPerJob"]


@pytest.mark.parametrize(
    "values",
    [
        {"partition": "$(touch /tmp/pwned)"},
        {"account": "atlas:usatlas --uid=0"},
        {"account": "root"},
        {"cores": "1; touch /tmp/pwned"},
        {"memory": "1G\n    - --wrap=touch /tmp/pwned"},
        {"hours": "<%= `touch /tmp/pwned` %>"},
        {"hours": "1000"},
        {"qos": "`touch /tmp/pwned`"},
        {"image": "'; touch /tmp/pwned; '"},
        {"partition": "milano", "qos": "normal"},
    ],
)
def test_hostile_values_of_the_form_are_refused_before_slurm(values: dict[str, str], dashboard: Dashboard) -> None:
    before = dashboard.run("squeue", "--noheader", "--states=all", "--user=alice", "--format=%i").stdout
    with pytest.raises(RefusedError) as caught:
        dashboard.launch(**values)
    assert str(caught.value).partition(":")[0] in values
    assert dashboard.run("squeue", "--noheader", "--states=all", "--user=alice", "--format=%i").stdout == before
    assert not dashboard.miniature.room.exists("/tmp/pwned")  # noqa: S108 - of the room

"""The generator ood: the app as Open OnDemand's dashboard renders it, with a real Ruby, and what it then runs."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from afspec.generators.ood import Ood
from afspec.generators.user_setup import UserSetup
from support import facility

import afspec.twin
from afspec.generators import Artifact, Format, quoting

if TYPE_CHECKING:
    from afspec.facility import Facility

DASHBOARD = Path(afspec.twin.__file__).with_name("dashboard.rb")
REFERENCE = "hub.example.org/iris-hep/base:1"
SPEC = """
contact: help@example.org
batch:
  - name: slurm
    scheduler: slurm
    stance: promised
    accounts: [atlas:usatlas, atlas:other]
    qos: [normal, preemptable]
    max_walltime: 2 d
    default_partition: roma
    unset: [KRB5CCNAME]
    binds: [ROOT/etc/slurm]
    partitions:
      - {name: ampere, stance: promised, cores: 112, memory: 952G, gpus: [{name: a100, count: 4}]}
      - {name: roma, stance: promised, cores: 120, memory: 480G, max_walltime: 12 h}
      - {name: milano, stance: best_effort, qos: [preemptable], cores: 120, memory: 480G}
      - {name: silent, cores: 1}
images:
  stance: promised
  unpacked: ROOT/cvmfs
  binds: [ROOT/sdf, ROOT/absent]
  store: ROOT/store/<user>
  cache: ROOT/scratch/<user>
  named:
    - {name: base, reference: "hub.example.org/iris-hep/base:1"}
jupyter:
  - name: ondemand
    kind: open_ondemand
    title: Jupyter on the farm
    stance: promised
    url: https://ood.example.org/ondemand/pun
    pool: slurm
    paste_in: true
    ondemand: {app: af-jupyter, setup: ROOT/site}
"""


def site(root: str = "/nowhere", *changes: tuple[str, str]) -> Facility:
    text = SPEC.replace("ROOT", root)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return facility(text)


def rendered(found: Facility) -> dict[str, Artifact]:
    return {artifact.path: artifact for artifact in Ood().render(found)}


def form(found: Facility) -> dict[str, Any]:
    """The form; it holds no Ruby code."""
    (path,) = [path for path in rendered(found) if path.endswith("form.yml.erb")]
    loaded = yaml.safe_load(rendered(found)[path].text)
    assert isinstance(loaded, dict)
    return loaded


class App:
    """An app on disk, and the dashboard that submits it to a scheduler that only takes notes."""

    def __init__(self, ruby: str, folder: Path, found: Facility) -> None:
        self.ruby = ruby
        self.folder = folder
        self.home = folder / "home"
        self.bin = folder / "bin"
        self.home.mkdir()
        self.bin.mkdir()
        for path, artifact in rendered(found).items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(artifact.text)
            target.chmod(0o755 if artifact.executable else 0o644)
        self.notes = folder / "sbatch.notes"
        self.stub("sbatch", f'printf "%s\\n" "$@" > {self.notes}; cat > {self.notes}.script; echo 17')

    def stub(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def run(self, *argv: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            timeout=30,
            env={"PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.home), "USER": "jdoe", **environment},
        )

    def press(self, **values: str) -> subprocess.CompletedProcess[str]:
        """What the dashboard does when a user submits the form."""
        return self.run(self.ruby, str(DASHBOARD), "submit", "ood/af-jupyter", stdin=json.dumps(values))

    def staged(self, **values: str) -> Path:
        """The folder of a session."""
        done = self.press(**values)
        assert done.returncode == 0, done.stderr
        return Path(json.loads(done.stdout)["folder"])

    def native(self, **values: str) -> list[str]:
        """What sbatch is asked for."""
        done = self.press(**values)
        assert done.returncode == 0, done.stderr
        native = json.loads(done.stdout)["native"]
        assert self.notes.read_text().splitlines()[-len(native) :] == native
        return list(native)

    def start(self, **values: str) -> subprocess.CompletedProcess[str]:
        """Run the session's script.sh as the job would, with a Jupyter and an Apptainer that take notes."""
        folder = self.staged(**values)
        config = str(folder / "config.py")
        path = f"{self.bin}:/usr/bin:/bin"  # without this environment's own Jupyter, if it has one
        return self.run(str(folder / "script.sh"), CONFIG_FILE=config, NOTEBOOK_ROOT=str(self.home), PATH=path)


@pytest.fixture(scope="session")
def ruby() -> str:
    program = shutil.which("ruby")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("ruby is needed: install ruby")
        pytest.skip("ruby is not installed")
    return program


@pytest.fixture
def app(ruby: str, tmp_path: Path) -> App:
    return App(ruby, tmp_path, site(str(tmp_path)))


def test_a_whole_app_is_written() -> None:
    files = rendered(site())
    names = ["manifest.yml", "form.yml.erb", "submit.yml.erb", "view.html.erb"]
    names += [f"template/{name}.sh.erb" for name in ("before", "script", "after")]
    assert set(files) == {f"ood/af-jupyter/{name}" for name in names}
    assert all(file.format is Format.ERB for path, file in files.items() if path.endswith(".erb"))
    assert [path for path, file in files.items() if file.executable] == ["ood/af-jupyter/template/script.sh.erb"]
    manifest = yaml.safe_load(files["ood/af-jupyter/manifest.yml"].text)
    assert manifest["role"] == "batch_connect"
    assert manifest["name"] == "Jupyter on the farm"
    assert "help@example.org" in manifest["description"]


def test_the_form_offers_what_the_site_does() -> None:
    found = form(site())
    assert found["cluster"] == "slurm"
    assert set(found["form"]) == set(found["attributes"])
    fields = found["attributes"]
    offered = {name: [value for _, value in field["options"]] for name, field in fields.items() if "options" in field}
    assert offered == {
        "image": ["site", "image-base", "commands"],
        "partition": ["ampere", "roma", "milano"],
        "account": ["atlas:usatlas", "atlas:other"],
        "qos": ["", "normal", "preemptable"],
        "gpu": ["", "a100"],
    }
    assert fields["partition"]["value"] == "roma"
    assert {name: (fields[name]["value"], fields[name]["max"]) for name in ("hours", "cores", "memory", "gpus")} == {
        "hours": (4, 48),
        "cores": (1, 120),
        "memory": (4, 952),
        "gpus": (1, 4),
    }


def test_the_form_is_less_where_the_site_offers_less() -> None:
    poor = site(
        "/nowhere",
        ("accounts: [atlas:usatlas, atlas:other]", ""),
        ("    qos: [normal, preemptable]\n", ""),
        (", gpus: [{name: a100, count: 4}]", ""),
        ("qos: [preemptable], ", ""),
        ("paste_in: true", "limits: {memory: 8 GiB, cpu: 2, duration: 2 h}"),
        ("    ondemand: {app: af-jupyter, setup: /nowhere/site}\n", "    ondemand: {cluster: farm}\n"),
    )
    found = form(poor)
    assert found["cluster"] == "farm"
    assert found["form"] == ["image", "partition", "hours", "cores", "memory"]
    assert [found["attributes"][name]["max"] for name in ("hours", "cores", "memory")] == [2, 2, 8]
    assert found["attributes"]["hours"]["value"] == 2


def test_the_defaults_are_taken(app: App) -> None:
    assert app.native() == [
        "--partition=roma",
        "--account=atlas:usatlas",
        "--nodes=1",
        "--ntasks=1",
        "--cpus-per-task=1",
        "--mem=4G",
        "--time=4:00:00",
        "--qos=normal",
    ]


def test_a_gpu_is_asked_for_by_its_model(app: App) -> None:
    native = app.native(partition="ampere", gpu="a100", gpus="2", cores="8", memory="64", hours="48")
    assert {"--partition=ampere", "--gpus=a100:2", "--cpus-per-task=8", "--mem=64G", "--time=48:00:00"} <= set(native)


def test_a_partitions_own_qos_is_its_default(app: App) -> None:
    assert "--qos=preemptable" in app.native(partition="milano")
    assert "--qos=preemptable" in app.native(qos="preemptable")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"partition": "silent"}, "partition: not one of ampere, roma, milano"),
        ({"partition": "roma", "hours": "13"}, "hours: not a whole number from 1 to 12"),
        ({"cores": "121"}, "cores: not a whole number from 1 to 120"),
        ({"memory": "481"}, "memory: not a whole number from 1 to 480"),
        ({"cores": "0"}, "cores"),
        ({"cores": "1.5"}, "cores"),
        ({"cores": ""}, "cores"),
        ({"partition": "milano", "qos": "normal"}, "qos: not one of preemptable"),
        ({"gpu": "a100"}, "gpu: partition roma has none"),
        ({"partition": "ampere", "gpu": "h200"}, "gpu: partition ampere has a100"),
        ({"partition": "ampere", "gpu": "a100", "gpus": "5"}, "gpus: not a whole number from 1 to 4"),
        ({"account": "root"}, "account: not one of atlas:usatlas, atlas:other"),
        ({"image": "image-other"}, "image: not one of site, image-base, commands"),
    ],
)
def test_what_a_partition_lacks_is_refused_by_name(values: dict[str, str], reason: str, app: App) -> None:
    done = app.press(**values)
    assert done.returncode == 3
    assert reason in done.stderr
    assert not app.notes.exists()


HOSTILE = [
    "roma; touch pwned",
    "$(touch pwned)",
    "`touch pwned`",
    "roma\n--wrap=touch pwned",
    "<%= system('touch pwned') %>",
    '#{system("touch pwned")}',
    "'; touch pwned; '",
    '"\n    - --wrap=touch pwned\n    - "',
    "4\n",
    "!!ruby/object:Gem::Installer {}",
]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("partition", HOSTILE),
        *((field, HOSTILE[1:4:2]) for field in ("image", "account", "qos", "hours", "cores", "memory", "gpu")),
    ],
)
def test_hostile_values_are_refused(field: str, values: list[str], app: App) -> None:
    for value in values:
        done = app.press(**{field: value})
        assert done.returncode == 3, value
        assert done.stderr.startswith(f"{field}: ")
    assert not app.notes.exists()
    assert not list(app.folder.rglob("pwned"))


@pytest.mark.parametrize("value", HOSTILE)
def test_a_template_that_is_given_an_unchecked_value_quotes_it(value: str, app: App) -> None:
    submit = app.folder / "ood/af-jupyter/submit.yml.erb"
    submit.write_text("batch_connect: {template: basic}\nscript: {native: []}\n")
    done = app.start(image=value)
    assert done.returncode == 64
    assert f"there is no such image: {value}" in done.stderr
    assert not list(app.folder.rglob("pwned"))


def test_the_pasted_commands_start_jupyter(app: App) -> None:
    pasted = "export WHAT='two  words'\r\nfunction jupyter() {\r\n  printf '%s|' \"$WHAT\" \"$@\"\r\n}\r\n"
    done = app.start(image="commands", commands=pasted)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("two  words|lab|--config=")
    assert done.stdout.endswith("/config.py|")


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("", "no jupyter"),
        ("echo 'never closed", "unexpected EOF"),
        ("cat <<END\nexit 0", "no jupyter"),
        ("fi; esac; exit 0 #", "syntax error"),
        ("<%= File.write('pwned', '') %>", "no jupyter"),
        ("false", "ended with status 1"),
    ],
)
def test_broken_commands_break_nothing_else(pasted: str, said: str, app: App) -> None:
    done = app.start(image="commands", commands=pasted)
    assert done.returncode == 127, done.stderr
    assert said in done.stderr
    assert "no jupyter" in done.stderr
    assert not list(app.folder.rglob("pwned"))


def test_the_compiled_text_to_paste_fits(app: App) -> None:
    found = site(str(app.folder))
    paste = next(file.text for file in UserSetup().render(found) if file.path.endswith("jupyter.sh"))
    app.stub("apptainer", f'printf "%s\\n" "$@" > {app.folder}/apptainer.notes')
    done = app.start(image="commands", commands=paste.replace("\n", "\r\n"))
    assert done.returncode == 0, done.stderr
    words = (app.folder / "apptainer.notes").read_text().splitlines()
    assert words[0] == "exec"
    assert words[-4:-1] == [f"docker://{REFERENCE}", "jupyter", "lab"]


def test_an_image_is_taken_from_the_best_place_with_the_binds_that_exist(app: App) -> None:
    app.stub("apptainer", f'printf "%s\\n" "$@" > {app.folder}/apptainer.notes; echo "$APPTAINER_CACHEDIR"')
    (app.folder / "sdf").mkdir()

    def words() -> list[str]:
        done = app.start(image="image-base")
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == f"{app.folder}/scratch/jdoe"
        return (app.folder / "apptainer.notes").read_text().splitlines()

    first = words()
    assert first[:4] == ["exec", "--nv", "-B", str(app.folder / "sdf")]
    assert str(app.folder / "absent") not in first
    assert first[-4:-1] == [f"docker://{REFERENCE}", "jupyter", "lab"]
    unpacked = app.folder / "cvmfs" / REFERENCE
    unpacked.mkdir(parents=True)
    assert str(unpacked) in words()


def test_the_sites_own_environment_is_found_first(app: App) -> None:
    own = app.folder / "site/bin"
    own.mkdir(parents=True)
    (own / "jupyter").write_text('#!/bin/sh\necho own "$1"\n')
    (own / "jupyter").chmod(0o755)
    assert app.start().stdout == "own lab\n"


def test_the_servers_settings_are_the_users_alone(app: App, tmp_path: Path) -> None:
    folder = app.staged()
    helpers = "find_port() { echo 4711; }; create_passwd() { echo sesame; }; host=node1; KRB5CCNAME=x"
    script = f'{helpers}; cd {folder}; . ./before.sh; echo "$port $password ${{KRB5CCNAME-unset}} $CONFIG_FILE"'
    done = app.run("bash", "-euc", script)
    assert done.returncode == 0, done.stderr
    config = folder / "config.py"
    assert done.stdout.split() == ["4711", "sesame", "unset", str(config)]
    assert config.stat().st_mode & 0o777 == 0o600

    settings = told(config, tmp_path, "2.14.0")
    assert settings["IdentityProvider"] == {"token": "sesame"}
    assert settings["ServerApp"] == {
        "ip": "node1",
        "port": 4711,
        "port_retries": 0,
        "base_url": "/node/node1/4711/",
        "open_browser": False,
        "root_dir": str(tmp_path),
        "allow_remote_access": True,
        "disable_check_xsrf": True,
        "allow_origin": "https://ood.example.org",
    }
    assert settings["NotebookApp"] == {}
    # The servers that came before it want the same by other names.
    assert told(config, tmp_path, "1.24.0")["ServerApp"]["token"] == "sesame"  # noqa: S105 - of the stub above
    old = told(config, tmp_path, None)["NotebookApp"]
    assert (old["token"], old["notebook_dir"]) == ("sesame", str(tmp_path))


def told(config: Path, root: Path, version: str | None) -> dict[str, dict[str, Any]]:
    """What a configuration says to Jupyter Server of a version, or where there is none."""
    names = SimpleNamespace(
        ServerApp=SimpleNamespace(), NotebookApp=SimpleNamespace(), IdentityProvider=SimpleNamespace()
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOTEBOOK_ROOT", str(root))
        # None in its place makes an import fail.
        patch.setitem(sys.modules, "jupyter_server", SimpleNamespace(__version__=version) if version else None)
        runpy.run_path(str(config), {"c": names})
    return {name: vars(value) for name, value in vars(names).items()}


def test_a_server_that_ends_early_ends_the_job(app: App) -> None:
    folder = app.staged()
    helpers = "wait_until_port_used() { return 1; }; clean_up() { exit 3; }; host=h; port=1"
    done = app.run("bash", "-c", f"{helpers}; true & SCRIPT_PID=$!; wait; . {folder}/after.sh")
    assert done.returncode == 3
    assert "ended before it answered" in done.stdout
    well = app.run("bash", "-c", f"wait_until_port_used() {{ :; }}; SCRIPT_PID=$$ host=h port=1; . {folder}/after.sh")
    assert well.returncode == 0
    assert "listens on port 1" in well.stdout


def test_scripts_are_shells(app: App) -> None:
    folder = app.staged()
    for name in ("before.sh", "script.sh", "after.sh"):
        assert app.run("bash", "-n", str(folder / name)).stderr == ""
        assert not (folder / f"{name}.erb").exists()
    view = app.run(
        app.ruby, "-rerb", "-e", 'host, port, password = "n1", 80, "x"; puts ERB.new($stdin.read).result(binding)',
        stdin=(app.folder / "ood/af-jupyter/view.html.erb").read_text(),
    )  # fmt: skip
    assert 'action="/node/n1/80/login"' in view.stdout
    assert 'value="x"' in view.stdout


def test_text_of_the_spec_is_text_in_a_template(ruby: str, tmp_path: Path) -> None:
    """Ruby reads back what was written as its literal, and a shell what was written outside of the tags."""
    texts = [*HOSTILE, "a %> b", "<% raise %>", "\\", '\\"', "#{1}", "%w[x]", "<%% x", "'"]
    value = {"list": texts, "none": None, "flag": True, "number": 7}
    template = f"<%- require 'json' -%>\nprintf '%s\\n' <%= {quoting.ruby(value)}.to_json.shellescape %>"
    template += "".join(f" {quoting.erb(text)}" for text in texts)
    script = "puts ERB.new($stdin.read, trim_mode: '-').result"
    options: dict[str, Any] = {"text": True, "timeout": 30, "cwd": tmp_path, "stdout": subprocess.PIPE}
    command = [ruby, "-rerb", "-rshellwords", "-e", script]
    made = subprocess.run(command, input=template, check=True, **options).stdout
    printed = subprocess.run(["bash", "-c", made], check=True, **options).stdout.splitlines()
    lines = [quoting.one_line(text) for text in texts]
    assert json.loads(printed[0]) == {**value, "list": lines}
    assert printed[1:] == lines
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "change",
    [
        ("title: Jupyter on the farm\n    stance: promised", "title: Jupyter on the farm"),
        ("kind: open_ondemand", "kind: hub_vm"),
        ("scheduler: slurm\n    stance: promised", "scheduler: slurm\n    stance: planned"),
        ("pool: slurm", "pool: other"),
    ],
)
def test_it_applies_where_open_ondemand_is_offered_on_a_slurm(change: tuple[str, str]) -> None:
    assert Ood().applies(site())
    assert not Ood().applies(site("/nowhere", change))


def test_it_needs_something_to_run() -> None:
    nothing = [
        ("paste_in: true", "paste_in: false"),
        (", setup: /nowhere/site", ""),
        ("images:\n  stance: promised", "images:"),
    ]
    assert not Ood().applies(site("/nowhere", *nothing))


def test_same_bytes_every_time() -> None:
    assert rendered(site()) == rendered(site())

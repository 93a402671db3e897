"""The generator slurm: what the scripts ask of a partition, what they do in a shell, what the replica declares."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from afspec.generators.slurm import Slurm
from afspec.generators.slurm.job import Job, plain
from support import facility

from afspec.generators import Artifact, Format
from afspec.generators.images import image_file, pull_reference, unpacked_path

BODY = """
batch:
  - name: main
    scheduler: slurm
    stance: promised
    accounts: ["atlas:usatlas", other]
    qos: [normal, preemptable]
    max_walltime: 10-00:00:00
    default_partition: roma
    scratch_variable: LSCRATCH
    unset: [KRB5CCNAME]
    binds: [/var]
    partitions:
      - {name: roma, stance: promised, cores: 120, memory: 480G, features: ["CPU_GEN:RME"], note: The usual one.}
      - {name: ampere, stance: promised, cores: 112, memory: 952G, gpus: [{name: a100, count: 4}]}
      - {name: quick, stance: best_effort, cores: 3, memory: 1G, max_walltime: 1 h, qos: [preemptable]}
      - {name: silent, cores: 8, memory: 8G}
      - {name: closed, stance: not_promised, cores: 8, memory: 8G}
images:
  stance: promised
  runtime: apptainer
  unpacked: /cvmfs/unpacked.cern.ch
  binds: [/usr, /no/such/path]
  named:
    - {name: base, reference: "hub.example.org/iris-hep/base:1"}
"""
HOSTILE = """Site "$(touch pwned)" `touch pwned`'; touch pwned; #\\\\"""


def rendered(body: str = BODY, title: str | None = None) -> dict[str, Artifact]:
    head = f"afspec: 1\nname: toy\ntitle: '{(title or 'A toy').replace(chr(39), chr(39) * 2)}'\ndeclared_by: site\n"
    return {artifact.path: artifact for artifact in Slurm().render(facility(body, head))}


def pool(**changes: Any) -> str:
    """A spec with one pool and one partition, `changes` being keys of the pool."""
    lines = "".join(f"    {key}: {value}\n" for key, value in changes.items())
    return f"batch:\n  - name: main\n    scheduler: slurm\n    stance: promised\n{lines}"


def asked(script: Artifact) -> dict[str, str]:
    """The options of the #SBATCH lines, read as sbatch does: up to the first line that is no comment."""
    options = {}
    for line in script.text.splitlines():
        if line and not line.startswith("#"):
            break
        if line.startswith("#SBATCH"):
            (option,) = shlex.split(line.removeprefix("#SBATCH"))
            key, _, value = option.removeprefix("--").partition("=")
            options[key] = value
    return options


def seconds(time: str) -> int:
    days, clock = time.split("-")
    hours, minutes, rest = map(int, clock.split(":"))
    return ((int(days) * 24 + hours) * 60 + minutes) * 60 + rest


def run(script: Artifact, folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The script in bash, in `folder`, with hardly any environment."""
    path = folder / "slurm_script"
    path.write_text(script.text)
    return subprocess.run(
        ["bash", str(path), *command],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def program(folder: Path, name: str, text: str) -> str:
    """A program of that name, first on the PATH that is returned."""
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / "bin" / name).chmod(0o755)
    return f"{folder / 'bin'}:{os.environ['PATH']}"


def lines(conf: Artifact, key: str) -> list[dict[str, str]]:
    """Every line of slurm.conf or gres.conf that starts with `key`, as a map (slurm.conf(5))."""
    return [
        dict(word.split("=", 1) for word in line.split())
        for line in conf.text.splitlines()
        if line.startswith(f"{key}=")
    ]


def settings(conf: Artifact) -> dict[str, str]:
    return dict(
        line.split("=", 1) for line in conf.text.splitlines() if "=" in line and " " not in line.split("=", 1)[0]
    )


def test_only_offered_pools_and_partitions_get_files() -> None:
    paths = set(rendered())
    assert {path.split("/")[1] for path in paths} == {"roma", "ampere", "quick", "replica"}
    assert not Slurm().applies(facility(pool().replace("promised", "planned")))
    assert Slurm().applies(facility(pool()))


def test_gpu_scripts_are_made_where_there_are_gpus() -> None:
    paths = set(rendered())
    assert {path for path in paths if path.endswith("gpu.sh")} == {"slurm/ampere/gpu.sh"}
    assert asked(rendered()["slurm/ampere/gpu.sh"])["gpus"] == "a100:1"
    assert "gpus" not in asked(rendered()["slurm/ampere/cpu.sh"])


def test_a_core_asks_for_its_share_of_a_node() -> None:
    options = asked(rendered()["slurm/roma/cpu.sh"])
    assert options == {
        "job-name": "roma-cpu",
        "account": "atlas:usatlas",
        "partition": "roma",
        "qos": "normal",
        "nodes": "1",
        "ntasks": "1",
        "cpus-per-task": "1",
        "mem": "4096M",
        "time": "0-04:00:00",
        "output": "%x-%j.out",
    }


def test_a_gpu_asks_for_its_share_of_a_node() -> None:
    options = asked(rendered()["slurm/ampere/gpu.sh"])
    assert (options["cpus-per-task"], options["mem"]) == ("28", f"{952 * 1024 // 4}M")


@pytest.mark.parametrize("default", ["1 GB", "480G", "900G"])
def test_no_script_asks_for_more_memory_than_a_node_has(default: str) -> None:
    for path, script in rendered(BODY.replace("    accounts", f"    default_memory: {default}\n    accounts")).items():
        if "replica" not in path and script.path.endswith(".sh"):
            node = {"roma": 480, "ampere": 952, "quick": 1}[path.split("/")[1]] * 1024
            assert 0 < int(asked(script)["mem"].removesuffix("M")) <= node


def test_the_walltime_is_four_hours_or_the_partitions_limit() -> None:
    files = rendered()
    assert seconds(asked(files["slurm/quick/cpu.sh"])["time"]) == 3600
    assert seconds(asked(files["slurm/ampere/container.sh"])["time"]) == 4 * 3600


def test_a_partitions_own_qos_wins() -> None:
    assert asked(rendered()["slurm/quick/cpu.sh"])["qos"] == "preemptable"
    assert "best effort" in rendered()["slurm/quick/cpu.sh"].text
    assert "The usual one." in rendered()["slurm/roma/cpu.sh"].text


def test_a_pool_that_says_little_asks_for_little() -> None:
    options = asked(rendered(pool())["slurm/default/cpu.sh"])
    assert set(options) == {"job-name", "nodes", "ntasks", "cpus-per-task", "time", "output"}


def test_the_output_follows_the_log_directory_where_sbatch_can_name_it() -> None:
    assert asked(rendered(pool(log_directory="/logs/<user>"))["slurm/default/cpu.sh"])["output"] == "/logs/%u/%x-%j.out"
    assert asked(rendered(pool(log_directory="/x/<u>/<user>"))["slurm/default/cpu.sh"])["output"] == "%x-%j.out"


def test_two_pools_have_a_folder_each() -> None:
    second = pool().removeprefix("batch:\n").replace("name: main", "name: hpc")
    paths = set(rendered(pool() + second))
    assert {"slurm/main/default/cpu.sh", "slurm/hpc/replica/slurm.conf"} <= paths
    nodes = lines(rendered(pool() + second)["slurm/hpc/replica/slurm.conf"], "NodeName")
    assert [node["NodeName"] for node in nodes] == ["hpc-n1", "hpc-n2"]


@pytest.mark.parametrize("value", ["two words", "a\nb", "$(x)", "'q'", "a#b", ""])
def test_what_cannot_be_quoted_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        plain(value)
    with pytest.raises(ValueError, match="cannot be written"):
        _ = Job("cpu", value, None, None, 1, None, 60, None, "x").directives


def test_every_file_is_ascii_and_ends_with_a_line_end() -> None:
    for artifact in rendered(title="Universit\u00e9 \u201cX\u201d").values():
        assert artifact.text.isascii()
        assert not artifact.text or artifact.text.endswith("\n")


def test_rendering_twice_gives_the_same() -> None:
    assert list(rendered().items()) == list(rendered().items())


def test_shellcheck_and_bash_accept_every_script(tmp_path: Path) -> None:
    bare = pool(scratch="/scratch/<user>")
    for number, files in enumerate((rendered(), rendered(title=HOSTILE), rendered(bare))):
        for script in files.values():
            if script.format is Format.SHELL:
                assert script.executable
                (tmp_path / f"{number}-{script.path.replace('/', '-')}").write_text(script.text)
    scripts = [str(path) for path in tmp_path.iterdir()]
    assert len(scripts) > 10
    shellcheck = Path(sys.executable).parent / "shellcheck"
    found = subprocess.run([str(shellcheck), *scripts], capture_output=True, text=True, check=False)
    assert found.stdout == ""
    for written in scripts:
        assert subprocess.run(["bash", "-n", written], check=False).returncode == 0


def test_a_script_runs_its_command_and_returns_its_status(tmp_path: Path) -> None:
    script = rendered()["slurm/roma/cpu.sh"]
    done = run(script, tmp_path, "sh", "-c", 'echo "$1:${KRB5CCNAME-gone}"; exit 7', "x", "two words", KRB5CCNAME="k")
    assert (done.stdout, done.returncode) == ("two words:gone\n", 7)


def test_a_script_without_a_command_says_how_to_use_it(tmp_path: Path) -> None:
    done = run(rendered()["slurm/roma/cpu.sh"], tmp_path)
    assert done.returncode == 64
    assert "sbatch [OPTION...] slurm/roma/cpu.sh COMMAND" in done.stderr


def test_temporary_files_go_to_the_sites_scratch_folder(tmp_path: Path) -> None:
    done = run(rendered()["slurm/roma/cpu.sh"], tmp_path, "sh", "-c", "echo $TMPDIR", LSCRATCH=str(tmp_path))
    assert done.stdout.strip() == str(tmp_path)


def test_a_scratch_folder_that_the_script_makes_is_removed(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    script = rendered(pool(scratch=str(scratch)))["slurm/default/cpu.sh"]
    done = run(script, tmp_path, "sh", "-c", "ls -d $TMPDIR; exit 3")
    assert (done.stdout.startswith(f"{scratch}/job."), done.returncode) == (True, 3)
    assert list(scratch.iterdir()) == []


def test_nothing_of_a_hostile_title_is_executed(tmp_path: Path) -> None:
    for script in rendered(title=HOSTILE).values():
        if script.format is Format.SHELL and "replica" not in script.path:
            path = program(tmp_path, "nvidia-smi", "echo 'GPU 0: A100'")
            program(tmp_path, "apptainer", 'echo "$@"')
            done = run(script, tmp_path, "echo", "ran", PATH=path)
            assert done.stdout.endswith("ran\n"), done.stderr
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("smi", ["exit 127", "echo No devices found.", "echo broken >&2; exit 9"])
def test_a_gpu_job_without_a_gpu_fails_at_once(tmp_path: Path, smi: str) -> None:
    done = run(rendered()["slurm/ampere/gpu.sh"], tmp_path, "echo", "ran", PATH=program(tmp_path, "nvidia-smi", smi))
    assert (done.stdout, done.returncode) == ("", 69)
    assert "no GPU is visible" in done.stderr


def test_a_gpu_job_shows_its_gpus_and_runs(tmp_path: Path) -> None:
    path = program(tmp_path, "nvidia-smi", "echo 'GPU 0: A100'; echo 'GPU 1: A100'")
    done = run(rendered()["slurm/ampere/gpu.sh"], tmp_path, "echo", "ran", PATH=path)
    assert (done.stdout, done.returncode) == ("ran\n", 0)
    assert "GPU 1" in done.stderr


@pytest.fixture
def container(tmp_path: Path) -> dict[str, Any]:
    """What a containerised job needs of a machine: a GPU, and an apptainer that writes what it is asked."""
    program(tmp_path, "nvidia-smi", "echo 'GPU 0: A100'")
    pull = 'if [ "$1" = pull ]; then echo image >"$2"; fi'
    path = program(tmp_path, "apptainer", f'echo "$*" >>{tmp_path}/asked\n{pull}')
    return {"PATH": path, "USER": "alice"}


def calls(folder: Path) -> list[list[str]]:
    return [line.split() for line in (folder / "asked").read_text().splitlines()]


def test_a_container_takes_the_unpacked_image_and_the_binds_that_exist(
    tmp_path: Path, container: dict[str, str]
) -> None:
    unpacked = tmp_path / "cvmfs"
    (unpacked / "hub.example.org/iris-hep/base:1").mkdir(parents=True)
    body = BODY.replace("/cvmfs/unpacked.cern.ch", str(unpacked))
    done = run(rendered(body)["slurm/ampere/container.sh"], tmp_path, "python3", "x.py", **container)
    assert done.returncode == 0, done.stderr
    image = f"{unpacked}/hub.example.org/iris-hep/base:1"
    binds = ["--bind", "/usr", "--bind", "/var"]
    assert calls(tmp_path) == [["exec", "--nv", *binds, image, "python3", "x.py"]]


def test_a_container_without_cvmfs_or_store_comes_from_the_registry(tmp_path: Path, container: dict[str, str]) -> None:
    cache = tmp_path / "cache"
    body = BODY.replace("  unpacked: /cvmfs/unpacked.cern.ch\n", f"  cache: {cache}/<u>\n")
    done = run(rendered(body)["slurm/roma/container.sh"], tmp_path, "true", **container)
    assert done.returncode == 0, done.stderr
    assert calls(tmp_path)[-1][-2:] == ["docker://hub.example.org/iris-hep/base:1", "true"]
    assert "--nv" not in calls(tmp_path)[-1]
    # The cache is the user's own even where the spec names a folder without the user.
    assert (cache / "a" / "alice" / "tmp").is_dir()


def test_an_image_is_pulled_to_the_store_once(tmp_path: Path, container: dict[str, str]) -> None:
    body = BODY.replace("  unpacked: /cvmfs/unpacked.cern.ch\n", f"  store: {tmp_path}/store/<user>\n")
    script = rendered(body)["slurm/roma/container.sh"]
    for _ in range(2):
        assert run(script, tmp_path, "true", **container).returncode == 0
    kept = tmp_path / "store/alice/hub.example.org/iris-hep/base+1.sif"
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]
    assert [call[0] for call in calls(tmp_path)] == ["pull", "exec", "exec"]
    assert calls(tmp_path)[-1][-2] == str(kept)


def test_a_pull_that_fails_ends_the_job(tmp_path: Path, container: dict[str, str]) -> None:
    program(tmp_path, "apptainer", "exit 5")
    body = BODY.replace("  unpacked: /cvmfs/unpacked.cern.ch\n", f"  store: {tmp_path}/store\n")
    done = run(rendered(body)["slurm/roma/container.sh"], tmp_path, "true", **container)
    assert done.returncode == 5
    assert [path for path in (tmp_path / "store").rglob("*") if not path.is_dir()] == []


def test_where_only_unpacked_images_run_nothing_is_pulled(tmp_path: Path, container: dict[str, str]) -> None:
    body = BODY.replace("  unpacked: /cvmfs/unpacked.cern.ch", f"  policy: unpacked\n  unpacked: {tmp_path}/none")
    done = run(rendered(body)["slurm/roma/container.sh"], tmp_path, "true", **container)
    assert done.returncode == 69
    assert not (tmp_path / "asked").exists()


def test_images_by_tag_and_by_digest() -> None:
    digest = "sha256:" + "0" * 64
    pinned = f"hub.example.org:5000/a/b:1@{digest}"
    assert pull_reference(pinned) == f"hub.example.org:5000/a/b@{digest}"
    assert unpacked_path("/cvmfs/x", pinned) is None
    assert unpacked_path("/cvmfs/x", "hub.example.org:5000/a/b") == "/cvmfs/x/hub.example.org:5000/a/b:latest"
    assert image_file(pinned) == f"hub.example.org+5000/a/b+1@{digest.replace(':', '+')}.sif"


def test_no_container_script_without_apptainer_or_image() -> None:
    assert "slurm/roma/container.sh" not in rendered(BODY.replace("runtime: apptainer", "runtime: podman"))
    assert "slurm/roma/container.sh" not in rendered(BODY.split("  named:", maxsplit=1)[0])


def test_the_replica_has_the_real_names_and_limits() -> None:
    conf = rendered()["slurm/replica/slurm.conf"]
    partitions = {line["PartitionName"]: line for line in lines(conf, "PartitionName")}
    assert list(partitions) == ["roma", "ampere", "quick"]
    assert partitions["roma"]["Default"] == "YES"
    assert seconds(partitions["quick"]["MaxTime"]) == 3600
    assert partitions["quick"]["AllowQos"] == "preemptable"
    assert partitions["ampere"]["Nodes"] == "n2"
    assert partitions["roma"]["Nodes"] == "n1,n2"


def test_the_replica_pretends_gpus_on_its_last_node_alone() -> None:
    files = rendered()
    first, last = lines(files["slurm/replica/slurm.conf"], "NodeName")
    assert "Gres" not in first
    assert last["Gres"] == "gpu:a100:4"
    (gres,) = lines(files["slurm/replica/gres.conf"], "NodeName")
    assert (gres["NodeName"], gres["Type"], gres["File"]) == ("n2", "a100", "/var/lib/afspec/gpu/a100-[0-3]")
    touched = re.findall(r"^pretend (.*)$", files["slurm/replica/prepare.sh"].text, re.MULTILINE)
    assert [word.rpartition("-")[2] for word in touched[0].split()] == ["0", "1", "2", "3"]


def test_every_compiled_script_fits_on_a_node_of_the_replica() -> None:
    files = rendered()
    node = lines(files["slurm/replica/slurm.conf"], "NodeName")[0]
    jobs = [asked(script) for path, script in files.items() if path.endswith(".sh") and "replica" not in path]
    assert max(int(job["cpus-per-task"]) for job in jobs) <= int(node["CPUs"])
    assert max(int(job["mem"].removesuffix("M")) for job in jobs) <= int(node["RealMemory"])


def test_the_replica_enforces_accounts_and_stays_on_the_machine() -> None:
    files = rendered()
    conf = settings(files["slurm/replica/slurm.conf"])
    assert conf["AccountingStorageEnforce"] == "associations,limits,qos"
    assert conf["AccountingStoragePass"] == "/run/munge/munge.socket.2"
    assert conf["CommunicationParameters"] == "NoCtldInAddrAny,NoInAddrAny"
    assert conf["SlurmctldHost"] == "localhost(127.0.0.1)"
    database = files["slurm/replica/slurmdbd.conf"]
    assert settings(database)["DbdAddr"] == "127.0.0.1"
    assert "StoragePass" not in settings(database)
    assert "\nInclude /etc/slurm/storage-password\n" in database.text


def test_the_replicas_settings_come_from_the_spec() -> None:
    replica = "{directory: /srv/x, controller_port: 7000, node_port: 7010, nodes: 3, cores: 4, memory: 4G, host: h}"
    files = rendered(pool(replica=replica))
    conf = files["slurm/replica/slurm.conf"]
    assert settings(conf)["SlurmctldPort"] == "7000"
    assert [node["Port"] for node in lines(conf, "NodeName")] == ["7010", "7011", "7012"]
    assert {(node["CPUs"], node["RealMemory"], node["NodeHostname"]) for node in lines(conf, "NodeName")} == {
        ("4", "4096", "h")
    }
    assert files["slurm/replica/nodes.txt"].text == "n1\nn2\nn3\n"
    assert [line["PartitionName"] for line in lines(conf, "PartitionName")] == ["main"]


def test_jobs_of_the_replica_find_their_scratch_folder(tmp_path: Path) -> None:
    """What slurmd takes from the prolog's output (slurm.conf(5), TaskProlog) is a folder that is there."""
    scratch = tmp_path / "lscratch"
    files = rendered(pool(scratch=str(scratch), scratch_variable="LSCRATCH"))
    (line,) = [line for line in files["slurm/replica/slurm.conf"].text.splitlines() if line.startswith("TaskProlog=")]
    assert line.endswith("/task-prolog.sh")
    done = run(files["slurm/replica/task-prolog.sh"], tmp_path, SLURM_JOB_USER="alice", SLURM_JOB_ID="7")
    assert done.stdout == f"export LSCRATCH={scratch}/alice-7\n"
    assert (scratch / "alice-7").is_dir()
    (scratch / "alice-77").mkdir()
    run(files["slurm/replica/epilog.sh"], tmp_path, SLURM_JOB_USER="alice", SLURM_JOB_ID="7")
    assert [path.name for path in scratch.iterdir()] == ["alice-77"]


def test_a_replica_without_scratch_has_no_prolog() -> None:
    files = rendered(pool(scratch="/scratch"))
    assert "slurm/replica/task-prolog.sh" not in files
    assert "TaskProlog" not in files["slurm/replica/slurm.conf"].text


def test_the_word_default_cannot_name_a_partition() -> None:
    with pytest.raises(ValueError, match="keeps the partition name"):
        rendered(pool(partitions="[{name: Default, stance: promised}]"))


def test_accounts_are_made_once(tmp_path: Path) -> None:
    """With a sacctmgr that knows the QOS `normal` alone: what is known is not made again."""
    answer = f'echo "$*" >>{tmp_path}/asked; case $* in *"list qos"*) echo normal ;; esac'
    done = run(rendered()["slurm/replica/accounts.sh"], tmp_path, "alice", PATH=program(tmp_path, "sacctmgr", answer))
    assert done.returncode == 0, done.stderr
    made = [call[3:] for call in calls(tmp_path) if call[3] in {"add", "modify"}]
    assert ["add", "cluster", "main"] in made
    assert ["add", "qos", "preemptable"] in made
    assert ["add", "qos", "normal"] not in made
    assert ["add", "account", "atlas:usatlas"] in [call[:3] for call in made]
    assert ["modify", "user", "alice"] in [call[:3] for call in made]


def test_an_unreachable_database_ends_the_script(tmp_path: Path) -> None:
    done = run(
        rendered()["slurm/replica/accounts.sh"], tmp_path, PATH=program(tmp_path, "sacctmgr", "echo no >&2; exit 1")
    )
    assert done.returncode == 1
    assert done.stderr.count("no\n") == 1

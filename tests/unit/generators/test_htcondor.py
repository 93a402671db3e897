"""The generator htcondor: what the submit files ask for, what the wrapper does, what the replica declares."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from afspec.generators.htcondor import HTCondor
from support import facility

from afspec.generators import Artifact, Format
from afspec.generators.quoting import submit_literal

BNL = """
batch:
  - name: htcondor
    scheduler: htcondor
    stance: promised
    accounting_groups: [group_atlas.general, group_atlas.tier3]
    default_memory: 2.5G
    default_disk: 20 GB
    log_directory: /logs/<user>
    container_universe: vanilla
    gpu_attributes: {want_gpus: true}
    proxy: true
    unset: [KRB5CCNAME]
gpus: {stance: promised}
images:
  stance: promised
  unpacked: /cvmfs/unpacked.cern.ch
  named:
    - {name: base, reference: "hub.example.org/iris-hep/base:1"}
"""
UCHICAGO = """
batch:
  - name: htcondor
    scheduler: htcondor
    stance: promised
    queues:
      - {name: long, stance: promised, max_walltime: 72 h}
      - {name: short, stance: promised, max_walltime: 4 h, attributes: {queue: short}}
      - {name: silent}
    elastic:
      - {stance: promised, kind: overflow, mechanism: MWT2, attributes: {ALLOW_MWT2: true}}
gpus: {stance: promised, models: [{name: a100, compute_capability: "8.0"}, {name: t4, compute_capability: "7.5"}]}
images:
  stance: promised
  unpacked: /cvmfs/unpacked.cern.ch
  named:
    - {name: base, reference: "hub.example.org/usatlas/ml:latest"}
"""
HOSTILE = """Site "$(touch pwned)" `touch pwned`'; touch pwned; $ENV(HOME) #\\\\"""
DIRECTIVE = re.compile(r"(\+?[A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*)")


def rendered(body: str, title: str = "A toy") -> dict[str, Artifact]:
    head = f"afspec: 1\nname: toy\ntitle: '{title.replace(chr(39), chr(39) * 2)}'\ndeclared_by: site\n"
    return {artifact.path: artifact for artifact in HTCondor().render(facility(body, head))}


def submitted(artifact: Artifact, *defined: str) -> dict[str, str]:
    """The commands of a submit file as condor_submit reads it, with the macros that `defined` names."""
    commands: dict[str, str] = {}
    taken = True
    lines = artifact.text.splitlines()
    assert lines[-1] == "queue"
    for line in lines[:-1]:
        # A backslash at the end would join the next line, in a comment too.
        assert not line.endswith("\\")
        if not line or line.startswith("#"):
            continue
        if line.startswith("if defined "):
            taken = line.removeprefix("if defined ") in defined
        elif line == "endif":
            taken = True
        else:
            match = DIRECTIVE.fullmatch(line.strip())
            assert match, line
            assert match[1] not in commands
            if taken:
                commands[match[1]] = match[2]
    return commands


def macros(artifact: Artifact) -> dict[str, str]:
    """The macros of a configuration file."""
    found = {}
    for line in artifact.text.splitlines():
        assert not line.endswith("\\")
        if line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            assert equals
            found[key.strip()] = value.strip()
    return found


def replica(body: str) -> dict[str, str]:
    return macros(rendered(body)["htcondor/replica/99-afspec.conf"])


def test_only_offered_pools_and_queues_get_files() -> None:
    assert {path.split("/")[1] for path in rendered(UCHICAGO)} == {"long", "short", "replica"}
    assert {path.split("/")[1] for path in rendered(BNL)} == {"default", "replica"}
    assert not HTCondor().applies(facility(BNL.replace("stance: promised\n    acc", "stance: planned\n    acc")))


def test_two_pools_have_a_folder_each() -> None:
    second = UCHICAGO.split("\ngpus", maxsplit=1)[0].removeprefix("\nbatch:\n").replace("name: htcondor", "name: other")
    paths = set(rendered(BNL.replace("\ngpus", f"\n{second}\ngpus", 1)))
    assert {"htcondor/htcondor/default/cpu.sub", "htcondor/other/short/run.sh"} <= paths


def test_a_job_asks_as_the_sites_documents_show() -> None:
    assert submitted(rendered(BNL)["htcondor/default/cpu.sub"]) == {
        "universe": "vanilla",
        "executable": "$Fp(SUBMIT_FILE)run.sh",
        "arguments": '"$(command)"',
        "accounting_group": "group_atlas.general",
        "request_cpus": "1",
        "request_memory": "2560 MB",
        "request_disk": "19073 MB",
        "x509userproxy": "$ENV(X509_USER_PROXY:)",
        "should_transfer_files": "IF_NEEDED",
        "when_to_transfer_output": "ON_EXIT",
        "output": "cpu-$(ClusterId).$(ProcId).out",
        "error": "cpu-$(ClusterId).$(ProcId).err",
        "log": "/logs/$ENV(USER)/cpu-$(ClusterId).log",
    }


def test_a_queue_is_selected_by_its_attributes_and_bounds_the_walltime() -> None:
    files = rendered(UCHICAGO)
    short = submitted(files["htcondor/short/cpu.sub"])
    assert (short["+queue"], short["allowed_job_duration"]) == ('"short"', "14400")
    assert "x509userproxy" not in short
    long = submitted(files["htcondor/long/cpu.sub"])
    assert "+queue" not in long
    assert long["allowed_job_duration"] == str(72 * 3600)
    assert "-append '+ALLOW_MWT2 = True' (MWT2)" in files["htcondor/long/cpu.sub"].text


def test_a_gpu_job_asks_for_a_gpu_as_the_site_wants() -> None:
    gpu = submitted(rendered(BNL)["htcondor/default/gpu.sub"])
    assert (gpu["request_gpus"], gpu["+want_gpus"]) == ("1", "True")
    assert "gpus_minimum_capability" not in gpu
    assert "request_gpus" not in submitted(rendered(BNL)["htcondor/default/cpu.sub"])


def test_gpus_that_queues_name_belong_to_those_queues() -> None:
    body = UCHICAGO.replace("max_walltime: 4 h,", "max_walltime: 4 h, gpus: [{name: a100}, {name: t4}],")
    files = rendered(body)
    assert "htcondor/long/gpu.sub" not in files
    assert submitted(files["htcondor/short/gpu.sub"])["gpus_minimum_capability"] == "7.5"


def test_no_gpus_no_gpu_job() -> None:
    body = UCHICAGO.replace("gpus: {stance: promised", "gpus: {stance: not_promised")
    assert not [path for path in rendered(body) if path.endswith("gpu.sub")]
    assert "gpus" not in rendered(body)["htcondor/long/container.sub"].text


def test_a_container_is_named_as_the_site_wants() -> None:
    vanilla = submitted(rendered(BNL)["htcondor/default/container.sub"])
    assert vanilla["+SingularityImage"] == '"/cvmfs/unpacked.cern.ch/hub.example.org/iris-hep/base:1"'
    # A container sees neither the submit file's folder nor the user's.
    assert (vanilla["universe"], vanilla["should_transfer_files"]) == ("vanilla", "YES")
    container = submitted(rendered(UCHICAGO)["htcondor/short/container.sub"])
    assert container["container_image"] == "docker://hub.example.org/usatlas/ml:latest"
    assert (container["universe"], container["should_transfer_files"]) == ("container", "YES")
    docker = submitted(rendered(BNL.replace("vanilla", "docker"))["htcondor/default/container.sub"])
    assert (docker["universe"], docker["docker_image"]) == ("docker", "hub.example.org/iris-hep/base:1")


def test_an_image_that_only_cvmfs_has_is_not_transferred() -> None:
    body = UCHICAGO.replace("  unpacked:", "  policy: unpacked\n  unpacked:")
    container = submitted(rendered(body)["htcondor/short/container.sub"])
    assert container["container_image"] == "/cvmfs/unpacked.cern.ch/hub.example.org/usatlas/ml:latest"
    assert container["transfer_container"] == "False"


def test_a_pinned_image_comes_from_the_registry() -> None:
    digest = "sha256:" + "0" * 64
    container = submitted(rendered(BNL.replace("base:1", f"base:1@{digest}"))["htcondor/default/container.sub"])
    assert container["+SingularityImage"] == f'"docker://hub.example.org/iris-hep/base@{digest}"'


def test_a_containers_gpu_is_asked_for_on_the_command_line() -> None:
    script = rendered(BNL)["htcondor/default/container.sub"]
    assert "request_gpus" not in submitted(script)
    assert submitted(script, "gpus")["request_gpus"] == "$(gpus)"
    assert submitted(script, "gpus")["+want_gpus"] == "True"


def test_no_submit_file_sets_a_startds_macro() -> None:
    for body in (BNL, UCHICAGO):
        assert not [file.path for file in rendered(body).values() if "SINGULARITY_BIND_EXPR" in file.text]


def test_jobs_that_see_no_home_transfer_their_files() -> None:
    body = BNL.replace("    proxy", "    shared_home: false\n    proxy")
    job = submitted(rendered(body)["htcondor/default/cpu.sub"])
    assert (job["should_transfer_files"], job["transfer_input_files"]) == ("YES", "$(inputs)")


def test_a_log_directory_that_the_submit_language_cannot_name_is_left_out() -> None:
    body = BNL.replace("/logs/<user>", "/logs/<u>/<user>")
    assert submitted(rendered(body)["htcondor/default/cpu.sub"])["log"] == "cpu-$(ClusterId).log"


def test_memory_is_bounded_by_the_queues_nodes() -> None:
    body = UCHICAGO.replace("max_walltime: 72 h", "max_walltime: 72 h, memory: 1G")
    assert submitted(rendered(body)["htcondor/long/cpu.sub"])["request_memory"] == "1024 MB"
    assert submitted(rendered(body)["htcondor/short/cpu.sub"])["request_memory"] == "2048 MB"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "True"),
        (3, "3"),
        ("short", '"short"'),
        ("$ENV(HOME)", '"$(DOLLAR)ENV(HOME)"'),
        ('a"b\\', '"a\\"b\\\\"'),
    ],
)
def test_no_macro_is_expanded_in_an_attribute(value: Any, written: str) -> None:
    assert submit_literal(value) == written


def test_nothing_of_a_hostile_title_leaves_its_comment() -> None:
    for body in (BNL, UCHICAGO):
        for path, file in rendered(body, HOSTILE).items():
            assert [line for line in file.text.splitlines() if "pwned" in line and not line.startswith("#")] == []
            if path.endswith(".sub"):
                assert submitted(file) == submitted(rendered(body)[path])


def run(script: Artifact, folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The script in the shell of its first line, in `folder`, with hardly any environment."""
    path = folder / "condor_exec.exe"
    path.write_text(script.text)
    path.chmod(0o755)
    return subprocess.run(
        [str(path), *command],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wrapper_runs_the_command_in_the_jobs_scratch_folder(tmp_path: Path) -> None:
    script = rendered(BNL, HOSTILE)["htcondor/default/run.sh"]
    environment = {"_CONDOR_SCRATCH_DIR": str(tmp_path), "KRB5CCNAME": "k"}
    done = run(script, tmp_path, "sh", "-c", 'echo "$1 $TMPDIR ${KRB5CCNAME-gone}"; exit 7', "x", "a  b", **environment)
    assert (done.stdout, done.returncode) == (f"a  b {tmp_path} gone\n", 7)
    assert not (tmp_path / "pwned").exists()


def test_the_wrapper_without_a_command_says_how_to_use_it(tmp_path: Path) -> None:
    done = run(rendered(UCHICAGO)["htcondor/short/run.sh"], tmp_path)
    assert done.returncode == 64
    assert "condor_submit htcondor/short/cpu.sub" in done.stderr


def test_shellcheck_accepts_every_script(tmp_path: Path) -> None:
    for number, files in enumerate((rendered(BNL), rendered(UCHICAGO), rendered(BNL, HOSTILE))):
        for script in files.values():
            if script.format is Format.SHELL:
                assert script.executable
                (tmp_path / f"{number}-{script.path.replace('/', '-')}").write_text(script.text)
    scripts = [str(path) for path in tmp_path.iterdir()]
    shellcheck = Path(sys.executable).parent / "shellcheck"
    found = subprocess.run([str(shellcheck), *scripts], capture_output=True, text=True, check=False)
    assert found.stdout == ""
    for written in scripts:
        assert subprocess.run(["bash", "-n", written], check=False).returncode == 0


def test_every_file_is_ascii_and_rendering_is_deterministic() -> None:
    title = "Universit\u00e9 \u201cX\u201d"
    assert list(rendered(BNL, title).items()) == list(rendered(BNL, title).items())
    assert all(file.text.isascii() and file.text.endswith("\n") for file in rendered(BNL, title).values())


def test_the_replica_has_a_startd_for_each_node() -> None:
    body = UCHICAGO.replace(
        "    elastic", "    replica: {nodes: 3, directory: /srv/x, collector_port: 7000}\n    elastic"
    )
    conf = replica(body)
    assert conf["DAEMON_LIST"].split() == [
        "MASTER",
        "COLLECTOR",
        "NEGOTIATOR",
        "SCHEDD",
        "STARTD_N1",
        "STARTD_N2",
        "STARTD_N3",
    ]
    assert conf["COLLECTOR_HOST"] == "127.0.0.1:7000"
    for node in ("n1", "n2", "n3"):
        assert conf[f"STARTD_{node.upper()}"] == "$(STARTD)"
        assert conf[f"STARTD_{node.upper()}_ARGS"] == f"-f -local-name {node}"
        assert conf[f"{node}.EXECUTE"] == f"/srv/x/execute/{node}"
        assert f'"$directory/execute"/{node}' in rendered(body)["htcondor/replica/prepare.sh"].text
    assert [key for key in conf if key.endswith("STARTD_DETECT_GPUS")] == ["n3.STARTD_DETECT_GPUS"]


def test_the_replica_stays_on_the_machine() -> None:
    conf = replica(BNL)
    assert (conf["NETWORK_INTERFACE"], conf["ENABLE_IPV6"], conf["BIND_ALL_INTERFACES"]) == (
        "127.0.0.1",
        "False",
        "False",
    )


def test_the_replica_removes_what_outruns_its_queue() -> None:
    conf = replica(UCHICAGO)
    assert conf["AFSPEC_LONGEST"] == 'ifThenElse((MY.queue =?= "short"), 14400, 259200)'
    assert conf["START"] == "True"
    assert "AFSPEC_LONGEST" not in replica(BNL)


def test_without_a_queue_for_all_others_a_job_must_select_one() -> None:
    body = UCHICAGO.replace("max_walltime: 72 h", "max_walltime: 72 h, attributes: {queue: long, big: true}")
    conf = replica(body)
    assert conf["START"] == '((TARGET.queue =?= "long") && (TARGET.big =?= True)) || ((TARGET.queue =?= "short"))'
    # The more special queue is asked first; a job of none has no limit.
    assert conf["AFSPEC_LONGEST"].startswith('ifThenElse((MY.queue =?= "long") && (MY.big =?= True), 259200, ')
    assert conf["AFSPEC_LONGEST"].endswith("undefined))")


def test_the_replica_knows_the_accounting_groups_and_those_above() -> None:
    conf = replica(BNL)
    assert conf["GROUP_NAMES"] == "group_atlas, group_atlas.general, group_atlas.tier3"
    assert float(conf["GROUP_QUOTA_DYNAMIC_group_atlas.tier3"]) == 0.5
    assert '"group_atlas.general,group_atlas.tier3"' in conf["SUBMIT_REQUIREMENT_AccountingGroup"]
    assert "GROUP_NAMES" not in replica(UCHICAGO)


def test_a_node_of_the_replica_holds_what_a_job_asks_for() -> None:
    assert int(replica(BNL)["MEMORY"]) >= 2560


def test_the_replica_runs_containers_as_the_site_does() -> None:
    body = """
batch: [{name: htc, scheduler: htcondor, stance: promised, container_universe: vanilla}]
images: {stance: promised, runtime: apptainer}
"""
    conf = rendered(body)["htcondor/replica/99-afspec.conf"].text
    assert "SINGULARITY_IMAGE_EXPR = TARGET.SingularityImage" in conf
    assert "SINGULARITY_BIND_EXPR" not in conf
    body = """
batch: [{name: htc, scheduler: htcondor, stance: promised, container_universe: container, binds: [/etc/condor]}]
images: {stance: promised, runtime: apptainer, executable: /opt/bin/apptainer, binds: [/data, /more]}
"""
    other = rendered(body)
    conf = other["htcondor/replica/99-afspec.conf"].text
    # Its own universe needs no attribute.
    assert "SINGULARITY_JOB" not in conf
    assert "SINGULARITY = /opt/bin/apptainer" in conf
    assert 'SINGULARITY_BIND_EXPR = "/data /more /etc/condor"' in conf
    assert "for bind in /data /more /etc/condor; do" in other["htcondor/replica/prepare.sh"].text


def test_the_replica_leaves_the_kernel_alone_and_enforces_memory() -> None:
    conf = rendered(BNL)["htcondor/replica/99-afspec.conf"].text
    assert "ENABLE_KERNEL_TUNING = False" in conf
    assert "SYSTEM_PERIODIC_HOLD = (JobStatus == 2) && (MemoryUsage > RequestMemory)" in conf
    assert (
        "SINGULARITY"
        not in rendered("batch: [{name: htc, scheduler: htcondor, stance: promised}]")[
            "htcondor/replica/99-afspec.conf"
        ].text
    )

"""What a session asks of Slurm, of HTCondor and of the machine."""

from __future__ import annotations

from typing import Any

from hub_spec import CILOGON, HTCONDOR, IMAGES, LOCAL, ON_HTCONDOR, ON_SLURM, SLURM, hub, script


def test_sessions_find_the_sites_kernels_and_those_of_images(load: Any) -> None:
    path = load(IMAGES + LOCAL).Spawner.environment["JUPYTER_PATH"]
    assert path == "/u0b/software/jupyter:/opt/env/share/jupyter"
    bare = LOCAL.replace("    kernels: /u0b/software/jupyter/kernels\n", "")
    assert "environment" not in load(bare).Spawner


def test_a_slurm_session_asks_for_what_the_choice_says(load: Any) -> None:
    settings = load(ON_SLURM)
    assert settings.JupyterHub.spawner_class == "batchspawner.SlurmSpawner"
    small = script(settings).splitlines()
    assert small[0] == "#!/bin/bash"
    for line in (
        "#SBATCH --account=atlas:usatlas",
        "#SBATCH --partition=roma",
        "#SBATCH --qos=normal",
        "#SBATCH --cpus-per-task=1",
        "#SBATCH --mem=1024M",
        "#SBATCH --time=0-08:00:00",
        "#SBATCH --chdir=/home/alice",
        "#SBATCH --export=A,B",
    ):
        assert line in small
    assert not [line for line in small if "gres" in line]
    assert small[-2:] == ["unset KRB5CCNAME", "exec CMD"]
    gpu = script(settings, profile="gpu").splitlines()
    for line in ("#SBATCH --partition=ampere", "#SBATCH --qos=preemptable", "#SBATCH --gres=gpu:a100:1"):
        assert line in gpu
    # A node of that partition has no more.
    assert "#SBATCH --mem=1024M" in gpu


def test_without_choices_a_session_is_small_and_has_the_partitions_time(load: Any) -> None:
    settings = load(CILOGON + SLURM + hub("slurm"))
    lines = script(settings)
    assert "#SBATCH --cpus-per-task=1\n" in lines
    assert "#SBATCH --mem=2048M\n" in lines
    assert "#SBATCH --time=1-00:00:00\n" in lines
    assert "options_form" not in settings.Spawner


def test_commands_of_the_scheduler_are_the_users_own(load: Any) -> None:
    said = load(ON_SLURM).BatchSpawnerBase
    assert said.exec_prefix.format(username="alice") == "runuser -u alice --"
    assert said.batchspawner_singleuser_cmd == "/opt/hub/bin/batchspawner-singleuser"


def test_an_htcondor_session_asks_for_what_the_pool_wants(load: Any) -> None:
    settings = load(ON_HTCONDOR)
    assert settings.JupyterHub.spawner_class == "batchspawner.CondorSpawner"
    lines = script(settings).splitlines()
    for line in (
        "accounting_group = group_atlas.tier3",
        "request_cpus = 1",
        "request_memory = 2560 MB",
        "request_disk = 9536 MB",
        "allowed_job_duration = 14400",
        '+queue = "short"',
        "initialdir = /home/alice",
    ):
        assert line in lines
    assert lines[-1] == "queue"
    assert not [line for line in lines if "gpu" in line]


def test_an_htcondor_gpu_session_has_the_pools_attributes(load: Any) -> None:
    profile = "    profiles: [{name: gpu, gpus: 2, slots: short}]\n"
    lines = script(load(CILOGON + HTCONDOR + hub("htcondor", profile))).splitlines()
    assert "request_gpus = 2" in lines
    assert "+want_gpus = True" in lines


def test_no_token_is_left_where_condor_q_shows_it(load: Any) -> None:
    settings = load(ON_HTCONDOR)
    lines = script(settings).splitlines()
    assert "getenv = False" in lines
    assert "arguments = \"-c '. /home/alice/.jupyterhub.env; exec CMD'\"" in lines
    assert not [line for line in lines if line.startswith("environment")]
    submit = settings.BatchSpawnerBase.batch_submit_cmd.format(homedir="/home/alice")
    assert submit == "sh -c 'umask 077 && export -p > /home/alice/.jupyterhub.env && exec condor_submit'"

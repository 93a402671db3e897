"""What users may choose, and that nothing else reaches a job."""

from __future__ import annotations

from typing import Any

import pytest
from hub_spec import ON_HTCONDOR, ON_SLURM, RefusalError, choose


def test_no_option_but_the_choice_reaches_the_script(load: Any) -> None:
    settings = load(ON_SLURM)
    evil = "x\n#SBATCH --account=other"
    spawner = choose(settings, profile="small", homedir=evil, cmd="evil", options=evil)
    assert spawner.user_options == {"profile": "small"}
    names: tuple[Any, ...] = ("no-such", "", evil, ["small"], {}, 1)
    for name in names:
        with pytest.raises(RefusalError, match="400"):
            choose(settings, profile=name)
    single = choose(load(ON_HTCONDOR), profile="whatever", cmd="evil")
    assert single.user_options == {"profile": "default"}


def test_the_form_shows_titles_as_text(load: Any) -> None:
    settings = load(ON_SLURM)
    form = settings.Spawner.options_form
    assert '<option value="small">A core &amp; &lt;some&gt; memory</option>' in form
    assert '<option value="gpu">gpu</option>' in form
    assert settings.Spawner.options_from_form({"profile": ["gpu"]}) == {"profile": "gpu"}
    assert settings.Spawner.options_from_form({}) == {"profile": "small"}


NAMED = ("    hub:\n", "    hub:\n      named_servers: 2\n")


@pytest.mark.parametrize("body", [ON_SLURM, ON_HTCONDOR])
def test_sessions_of_one_user_write_to_files_of_their_own(body: str, load: Any) -> None:
    settings = load(body.replace(*NAMED))
    hosts = []
    for name in ("", "second", "../x; id"):
        spawner = choose(settings, name)
        host = getattr(spawner, "req_host", "")
        hosts.append(host)
        text = settings.BatchSpawnerBase.batch_script + settings.BatchSpawnerBase.get("batch_submit_cmd", "")
        filled = text.format(cmd="", homedir="/h", keepvars="", options="", prologue="", host=host)
        assert f"/h/.jupyterhub{host}.log" in filled
    assert hosts[0] == ""
    assert len(set(hosts)) == 3
    assert all(character in "-0123456789abcdef" for host in hosts for character in host)


MIXED = ON_SLURM.replace(
    "slots: ampere}", "slots: ampere}\n      - {name: here, spawner: local, cpu: 2, memory: 1 GiB}"
)


def test_choices_may_differ_in_where_they_run(load: Any) -> None:
    settings = load(MIXED)
    assert settings.JupyterHub.spawner_class == "wrapspawner.ProfilesSpawner"
    # Patience for a queue, which a wrapper has not by itself.
    assert settings.Spawner.start_timeout == 300
    kinds = {key: kind for _, key, kind, _ in settings.ProfilesSpawner.profiles}
    assert kinds == {
        "small": "batchspawner.SlurmSpawner",
        "gpu": "batchspawner.SlurmSpawner",
        "here": "jupyterhub.spawner.LocalProcessSpawner",
    }
    ((_, key, kind, traits),) = choose(settings, profile="here").profiles
    assert (key, kind) == ("here", kinds["here"])
    assert traits == {"cpu_limit": 2, "mem_limit": 1 << 30, "ip": "127.0.0.1"}
    ((_, _, kind, traits),) = choose(settings, profile="gpu").profiles
    assert kind == "batchspawner.SlurmSpawner"
    assert "--gres=gpu:a100:1" in traits["req_options"]
    with pytest.raises(RefusalError, match="400"):
        choose(settings, profile="there")


def test_what_one_user_chose_is_not_the_next_ones(load: Any) -> None:
    settings = load(MIXED)
    ((_, _, _, traits),) = choose(settings, profile="small").profiles
    # As wrapspawner does with what a session had before the hub was started again.
    traits["req_options"] = "changed"
    settings.ProfilesSpawner.profiles[0][3]["req_options"] = "changed"
    ((_, _, _, again),) = choose(settings, profile="small").profiles
    assert "--partition=roma" in again["req_options"]

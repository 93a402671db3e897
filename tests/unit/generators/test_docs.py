"""The generator docs: what a reader of the page is told, and that hostile words stay words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from afspec.generators.docs import Docs

from afspec.facility import Facility, Stance

HOSTILE = "a | b `c` <script>x</script> **d** [e](f) \u2014 \u00e9 \u65e5"


def page(**sections: Any) -> str:
    """The page of a site with those sections."""
    base = {"afspec": 1, "name": "site", "title": "A site", "declared_by": "site"}
    (made,) = Docs().render(Facility.model_validate({**base, **sections}))
    assert made.path == "docs/index.md"
    return str(made.text)


def tables(text: str) -> list[list[list[str]]]:
    """Cells of every table, split as Markdown does: at each pipe without a backslash, in code too."""
    found: list[list[list[str]]] = []
    inside = False
    for line in text.splitlines():
        if line.startswith("|"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"))]
            if not inside:
                found.append([])
            found[-1].append(cells)
        inside = line.startswith("|")
    return found


def row(text: str, first: str) -> list[str]:
    """The first row that begins so."""
    return next(cells for table in tables(text) for cells in table if cells[0] == first)


FULL: dict[str, Any] = {
    "declared_by": "public_documents",
    "organisation": HOSTILE,
    "contact": "help@example.org",
    "access": {
        "ssh": {
            "stance": "promised",
            "bastion": {"host": "gate.example.org", "legacy": "old.example.org"},
            "hosts": [{"name": "login", "host": "login[01-03].example.org"}, {"name": "iana", "host": "iana"}],
        },
        "urls": [{"name": "portal", "url": "https://portal.example.org", "title": HOSTILE}],
    },
    "logins": [
        {
            "name": "own",
            "stance": "promised",
            "method": "keycloak",
            "federated": False,
            "opens": ["ssh"],
            "note": HOSTILE,
        }
    ],
    "batch": [
        {
            "name": "slurm",
            "scheduler": "slurm",
            "stance": "promised",
            "note": HOSTILE,
            "unset": ["KRB5CCNAME"],
            "partitions": [
                {"name": "roma", "stance": "promised", "memory": "480 GB"},
                {"name": "ampere", "stance": "best_effort", "gpus": [{"name": "a100", "count": 4}], "note": HOSTILE},
            ],
        },
        {
            "name": "condor",
            "scheduler": "htcondor",
            "stance": "on_request",
            "lead_time": "2 d",
            "log_directory": "/var/log/users/<user>",
            "queues": [{"name": "short", "stance": "promised", "attributes": {"queue": "a | `b`"}}],
        },
    ],
    "gpus": {"stance": "promised", "models": [{"name": "a100", "product": "A100", "ask": "--gpus | `a100`"}]},
    "images": {
        "stance": "promised",
        "runtime": "apptainer",
        "policy": "any",
        "unpacked": "/cvmfs/unpacked.cern.ch",
        "named": [
            {
                "name": "base",
                "reference": "hub.example.org/base:1",
                "prefix": "/opt/env",
                "kernel": {"name": "base", "title": HOSTILE},
                "batch_client": "htcondor",
            }
        ],
    },
    "jupyter": [{"name": "hub", "kind": "hub_vm", "stance": "promised", "title": HOSTILE, "limits": {"cpu": 4}}],
    "dask": {"stance": "promised", "jobqueue": {"stance": "promised", "slots": "roma"}},
    "storage": {
        "areas": [
            {"name": "home", "stance": "promised", "path": "/home/<u>/<user>", "quota": "25 GB", "backup": True},
            {"name": "scratch", "stance": "promised", "path": "/scratch", "purge": "30 d", "note": HOSTILE},
        ],
        "rses": [{"name": "SITE_LOCALGROUPDISK", "quota": "15 TB"}],
        "xcache": [{"name": "x", "stance": "promised", "door": "root://x.example.org:1094", "source_port": True}],
    },
    "services": {
        "coffea_casa": {"stance": "not_promised"},
        "triton": {"stance": "planned", "upload": HOSTILE, "grpc": "triton.svc:8001"},
    },
    "agc": {"stance": "best_effort", "outcome": "ran_with_workarounds", "environment": {"AF": HOSTILE}},
    "sources": {
        "/gpus": {"doc": HOSTILE, "as_of": "2023-05", "state": "unverified", "note": HOSTILE},
        "/access/ssh/bastion/host": {"doc": "a", "conflict": {"value": "older.example.org", "doc": HOSTILE}},
    },
}


def test_silence_is_undeclared_and_never_no() -> None:
    text = page()
    glance = tables(text)[0]
    assert len(glance) > 18
    assert {cells[1] for cells in glance[2:]} == {"undeclared"}
    assert not re.search(r"\bno\b", text.split("How firm")[0])


@pytest.mark.parametrize("stance", list(Stance))
def test_every_stance_is_shown(stance: Stance) -> None:
    text = page(services={"reana": {"stance": stance.value}}, gpus={"stance": stance.value, "lead_time": "3 d"})
    said = stance.value.replace("_", " ")
    assert row(text, "REANA")[1] == said
    assert row(text, "GPUs")[1] == f"{said}, within 3 d"


def test_each_item_of_a_list_has_its_own_stance() -> None:
    text = page(**FULL)
    assert row(text, "`roma`")[1] == "promised"
    assert row(text, "`ampere`")[1] == "best effort"
    assert row(text, "`SITE_LOCALGROUPDISK`")[1] == "undeclared"
    assert row(text, "Triton")[1] == "planned"
    assert "This pool is on request, within 2 d." in text


def test_parts_speak_for_a_whole_of_which_nothing_was_said() -> None:
    assert row(page(**FULL), "Storage")[1] == "promised"


def test_tables_have_equal_columns_whatever_the_words() -> None:
    for table in tables(page(**FULL)):
        assert len({len(cells) for cells in table}) == 1, table
        assert all(re.fullmatch("-{3,}", cell) for cell in table[1])


def test_hostile_words_stay_words() -> None:
    text = page(**{**FULL, "title": HOSTILE})
    assert text.isascii()
    outside_code = re.sub(r"```.*?```|(?<!\\)`[^`\n]*`", "", text, flags=re.DOTALL)
    assert "<script>" not in outside_code
    assert "](f)" not in outside_code.replace("\\](f)", "")
    assert text.splitlines()[0].startswith("# a \\| b \\`c\\` \\<script\\>")


def test_fences_are_closed_and_hold_ascii_quotes_only() -> None:
    text = page(**FULL)
    assert text.count("\n```") % 2 == 0
    assert "{{" not in text
    assert "None" not in text
    assert "\n\n\n" not in text


def test_commands_name_the_files_of_the_neighbours() -> None:
    text = page(**FULL)
    for line in (
        "ssh site-login01",
        "cp ssh/config ~/.ssh/afspec/site",
        "source user-setup/setup.sh",
        "sbatch slurm/roma/cpu.sh ./analysis.sh input.root",
        "sbatch slurm/ampere/gpu.sh ./train.sh",
        'condor_submit htcondor/short/cpu.sub "command=./analysis.sh input.root"',
        'mkdir -p "/var/log/users/${USER}"',
        "cp dask/dask.yaml dask/jobqueue.yaml ~/.config/dask/",
        'apptainer exec "$(af_image base)" python3 --version',
    ):
        assert line in text.splitlines()


def test_doubts_and_rival_values_are_shown() -> None:
    text = page(**FULL)
    assert "(unverified)" in row(text, "GPUs")[2]
    assert "(sources disagree)" in row(text, "SSH")[2]
    rival = [cells for table in tables(text) for cells in table if cells[0] == "`/access/ssh/bastion/host`"]
    assert rival[1][1:3] == ["`gate.example.org`", "`older.example.org`"]
    assert "not by the site" in text


def test_values_are_shown_as_a_spec_has_them() -> None:
    pool = {"name": "slurm", "scheduler": "slurm", "max_walltime": "72 h", "default_memory": "2 GB"}
    rival = {"conflict": {"value": "1 h", "doc": "b"}, "doc": "a"}
    area = {"name": "home", "path": "/home", "backup": True}
    pointers = (
        "/batch/slurm/max_walltime",
        "/batch/slurm/default_memory",
        "/storage/areas/home/backup",
        "/batch/slurm",
    )
    text = page(batch=[pool], storage={"areas": [area]}, sources=dict.fromkeys(pointers, rival))
    ours = {cells[0]: cells[1] for table in tables(text) if "Rival value" in table[0] for cells in table[2:]}
    assert list(ours.values()) == ["as above", "`2 GB`", "`3 d`", "`true`"]


def test_settled_conflict_is_history_and_no_doubt() -> None:
    pointer = "/access/ssh/bastion/host"
    rival = {"value": "older.example.org", "doc": HOSTILE}
    settled = {"by": "operations | support", "as_of": "2026-11-02", "how": HOSTILE}
    text = page(**{**FULL, "sources": {pointer: {"doc": "a", "conflict": rival, "resolved": settled}}})
    assert "disagree)" not in text
    assert "### Where documents disagree" not in text
    [[header, _, cells]] = [table for table in tables(text) if "Settled by" in table[0]]
    assert header[2:] == ["Ruled out", "Said by", "Settled by", "On", "Because"]
    assert cells[:3] == [f"`{pointer}`", "`gate.example.org`", "`older.example.org`"]
    assert cells[4:6] == ["operations \\| support", "2026-11-02"]
    assert row(text, f"`{pointer}`")[-1] == "resolved"


def test_only_problems_that_apply_are_told() -> None:
    assert "## Known problems" not in page()
    text = page(**FULL)
    assert "KRB5CCNAME" in text
    assert "`/opt/env/share/jupyter`" in text
    assert "model repository" not in text


def test_the_same_spec_gives_the_same_page() -> None:
    assert page(**FULL) == page(**FULL)

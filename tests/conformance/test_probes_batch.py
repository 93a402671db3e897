"""What Slurm and HTCondor say, in the forms that they have: parsed; and what is written for them."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afspec.conformance.clients.batch import Errand, Phase, Status
from afspec.conformance.clients.batch.htcondor import command_line, parse_ad
from afspec.conformance.clients.batch.slurm import parse_history, parse_job, parse_limits, parse_nodes, seconds_of
from afspec.conformance.trouble import FailedError

RUNNING = "JobState=RUNNING Reason=None ExitCode=0:0 SubmitTime=100 StartTime=130 EndTime=400 NodeList=sdfrome012"
WAITING = "JobState=PENDING Reason=Resources ExitCode=0:0 SubmitTime=100 StartTime=900 EndTime=Unknown NodeList=(null)"


def test_a_running_job() -> None:
    status = parse_job(RUNNING)
    assert status == Status(Phase.RUNNING, "RUNNING", "", "sdfrome012", None, 100, 130, None)
    assert (status.waited, status.ran, status.well) == (30, None, False)


def test_a_job_that_waits_has_not_started_when_the_scheduler_means_to_start_it() -> None:
    assert parse_job(WAITING) == Status(Phase.QUEUED, "PENDING", "Resources", "", None, 100, None, None)


@pytest.mark.parametrize(
    ("state", "code", "phase", "number", "well"),
    [
        ("COMPLETED", "0:0", Phase.ENDED, 0, True),
        ("FAILED", "3:0", Phase.ENDED, 3, False),
        ("FAILED", "0:9", Phase.ENDED, 137, False),
        ("CANCELLED", "0:0", Phase.ENDED, 0, False),
        ("OUT_OF_MEMORY", "0:125", Phase.ENDED, 253, False),
        ("COMPLETING", "0:0", Phase.ENDING, None, False),
        ("TIMEOUT", "0:0", Phase.ENDED, 0, False),
    ],
)
def test_how_a_job_ended(state: str, code: str, phase: Phase, number: int | None, *, well: bool) -> None:
    status = parse_job(f"JobState={state} ExitCode={code} SubmitTime=1 StartTime=2 EndTime=3")
    assert (status.phase, status.exit, status.well) == (phase, number, well)


def test_a_state_that_is_not_there_is_the_schedulers_fault() -> None:
    with pytest.raises(FailedError, match="does not say the state"):
        parse_job("<html>")


def test_history() -> None:
    assert parse_history("CANCELLED by 4201|0:15|n1|100|130|160\n").ran == 30
    assert parse_history("").phase is Phase.UNKNOWN


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("up|idle|3\n", ""),
        ("up|drained*|2\nup|mixed|1\n", ""),
        ("up|idle~|2\n", ""),
        ("up|drained|2\nup|down*|1\n", "no node of it takes jobs: 2 drained, 1 down*"),
        ("up|draining|1\n", "no node of it takes jobs: 1 draining"),
        ("inact|idle|3\n", "the partition is inact"),
        # Where nothing is said, nothing is claimed.
        ("", ""),
    ],
)
def test_whether_any_node_takes_jobs(text: str, why: str) -> None:
    assert parse_nodes(text) == why


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10-00:00:00", 864000), ("04:00:00", 14400), ("1-02:03:04", 93784), ("UNLIMITED", None), ("", None)],
)
def test_times(text: str, seconds: int | None) -> None:
    assert seconds_of(text) == seconds


def test_limits() -> None:
    text = "PartitionName=roma MaxNodes=1 MaxTime=10-00:00:00 State=UP\nPartitionName=free MaxTime=UNLIMITED\n\n"
    assert parse_limits(text) == {"roma": 864000, "free": None}


def test_an_ad() -> None:
    ad = {"JobStatus": 2, "RemoteHost": "slot1_3@acas0123.example.org", "QDate": 100, "JobCurrentStartDate": 104}
    status = parse_ad(ad)
    assert (status.phase, status.node, status.waited) == (Phase.RUNNING, "acas0123.example.org", 4)


def test_an_ad_of_a_job_that_was_held() -> None:
    status = parse_ad({"JobStatus": 5, "HoldReason": "The job took more memory than it had asked for.", "ExitCode": 0})
    assert (status.phase, status.reason[:12], status.exit) == (Phase.HELD, "The job took", None)


def test_an_ad_of_a_job_that_a_signal_ended() -> None:
    assert parse_ad({"JobStatus": 4, "ExitBySignal": True, "ExitSignal": 9}).exit == 137


@pytest.mark.parametrize("status", [None, "undefined", 99])
def test_a_status_that_htcondor_has_not(status: object) -> None:
    with pytest.raises(FailedError, match="status"):
        parse_ad({"JobStatus": status})


def words(line: str) -> list[str]:
    """Words of `arguments` as condor_submit(1) reads its new syntax, inside the double quotes of the submit file."""
    text, found, word, quoted = line.replace("$(DOLLAR)", "$").replace('""', '"'), [], "", False
    position = 0
    while position < len(text):
        mark = text[position]
        if mark == "'" and quoted and text[position + 1 : position + 2] == "'":
            word += "'"
            position += 1
        elif mark == "'":
            quoted = not quoted
        elif mark == " " and not quoted:
            found.append(word)
            word = ""
        else:
            word += mark
        position += 1
    assert not quoted
    return [*found, word]


@given(st.text(), st.lists(st.text(st.characters(exclude_characters="\n\x00")), max_size=3))
def test_arguments_reach_an_htcondor_job_as_they_are(script: str, args: list[str]) -> None:
    shell, option, _, coded, *rest = words(command_line(Errand("name", script, tuple(args))))
    assert (shell, option) == ("sh", "-c")
    assert base64.b64decode(coded).decode() == script
    assert rest == args


def test_a_dollar_begins_no_macro() -> None:
    assert "$(HOME)" not in command_line(Errand("name", "true", ("$(HOME)",)))


def test_a_line_break_is_no_argument_of_htcondor() -> None:
    with pytest.raises(ValueError, match="line break"):
        command_line(Errand("name", "true", ("a\nb",)))

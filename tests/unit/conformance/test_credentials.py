"""Who runs the kit: a file of references that says where it does not fit, and secrets that nothing shows."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from afspec.conformance.credentials import Credentials, CredentialsError, Wallet, default_path, load_credentials
from afspec.conformance.trouble import UnverifiedError
from afspec.facility.common import SecretRef
from afspec.verdict import Reason

if TYPE_CHECKING:
    from pathlib import Path

    from unit.conformance.toy import Box

CANARY = "canary-3f0b2c9d4e5a6b7c"
WHOLE = """
afspec_run: 1
site: toy
user: alice
vantages:
  login: {host: "ssh://iana", ssh_config: ~/.ssh/config, controlpath: ~/.ssh/c}
  session: {host: "local://"}
secrets:
  hub_token: {env: HUB_TOKEN}
consents:
  bad_credentials: {given_by: "help desk", since: 2026-11-20}
downtimes:
  - {capability: batch, start: 2026-11-22T08:00:00Z, end: 2026-11-22T18:00:00Z, notice: "https://example.org"}
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "toy.yaml"
    path.write_text(text)
    return path


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    found = load_credentials(written(tmp_path, WHOLE), "toy")
    assert (found.user, sorted(found.vantages), found.secrets["hub_token"].env) == (
        "alice",
        ["login", "session"],
        "HUB_TOKEN",
    )
    inside = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    assert found.downtime("batch", inside)
    assert not found.downtime("jupyter", inside)
    assert not found.downtime("batch", inside + dt.timedelta(days=1))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("site: [", "no YAML"),
        ("site: toy\nuser: 2026-02-30", "no YAML"),
        ("", "the whole: "),
        ("- site", "the whole: "),
        ("user: alice", "site: Field required"),
        ("site: other", "is for the site other, not toy"),
        ("site: toy\npassword: x", "password: Extra inputs are not permitted"),
        ("site: toy\nvantages: {moon: {host: 'local://'}}", "vantages.moon"),
        ("site: toy\nvantages: {login: {host: 'telnet://x'}}", "vantages.login.host"),
        ("site: toy\nsecrets: {hub_token: geheim}", "secrets.hub_token"),
        ("site: toy\nsecrets: {hub_token: {env: A, file: /b}}", "secrets.hub_token"),
        ("site: toy\nconsents: {bad_credentials: true}", "consents.bad_credentials"),
        ("site: toy\nconsents: {bad_credentials: {since: 2026-11-20}}", "consents.bad_credentials.given_by"),
        ("site: toy\nconsents: {anything: {given_by: x, since: 2026-11-20}}", "consents.anything"),
        (
            "site: toy\ndowntimes: [{capability: a, start: 2026-11-22T08:00:00, end: 2026-11-22, notice: x}]",
            "downtimes.0.start",
        ),
        ("afspec_run: 2\nsite: toy", "afspec_run"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_place(tmp_path: Path, text: str, words: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(CredentialsError) as caught:
        load_credentials(path, "toy")
    assert str(caught.value).startswith(str(path))
    assert words in str(caught.value)
    # Not even what does not fit is repeated: somebody may have put a secret there.
    assert "geheim" not in str(caught.value)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="No such file"):
        load_credentials(tmp_path / "none.yaml", "toy")
    (tmp_path / "bad.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(CredentialsError, match="no YAML"):
        load_credentials(tmp_path / "bad.yaml", "toy")


def test_its_usual_place_follows_the_base_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_path("toy") == tmp_path / "afspec/run/toy.yaml"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path("toy") == tmp_path / ".config/afspec/run/toy.yaml"


def test_a_secret_is_read_from_where_its_reference_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_TOKEN", CANARY)
    (tmp_path / "proxy").write_text(f"{CANARY}-proxy\n")
    wallet = Wallet({"hub_token": SecretRef(env="HUB_TOKEN"), "proxy": SecretRef(file=str(tmp_path / "proxy"))})
    assert not wallet.values
    assert (wallet.get("hub_token"), wallet.get("proxy")) == (CANARY, f"{CANARY}-proxy")
    assert wallet.values == (CANARY, f"{CANARY}-proxy")


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        (None, "this run has no hub token"),
        (SecretRef(env="NOT_THERE"), "the variable NOT_THERE holds none"),
        (SecretRef(file="/nowhere/at/all"), "the file that it names holds none"),
    ],
)
def test_a_secret_that_is_not_there_is_no_failure_of_the_site(ref: SecretRef | None, words: str) -> None:
    with pytest.raises(UnverifiedError) as caught:
        Wallet({"hub_token": ref} if ref else {}).get("hub_token")
    assert caught.value.reason is Reason.NO_CREDENTIALS
    assert words in caught.value.text
    assert "secrets: hub_token:" in caught.value.next_step


def test_a_wallet_shows_no_secret(box: Box) -> None:
    wallet = Wallet({}, {"hub_token": CANARY})
    wallet.add("other", f"{CANARY}-2")
    toy = box(secrets={"hub_token": CANARY})
    toy.run.wallet.get("hub_token")
    shown = [*map(repr, (wallet, toy.run, toy.run.request, toy.run.credentials)), f"{wallet}", f"{toy.run}"]
    assert not [text for text in shown if CANARY in text]


def test_credentials_hold_references_alone() -> None:
    found = Credentials(site="toy", secrets={"hub_token": SecretRef(env="HUB_TOKEN")})
    assert found.model_dump(mode="json")["secrets"] == {
        "hub_token": {"env": "HUB_TOKEN", "file": None, "kubernetes_secret": None}
    }

"""Secrets: what a person would do wrong is found, and what only looks like it is not."""

from __future__ import annotations

import json
import string
from random import Random

import pytest
from cluster_files import FILES, MODEL, VALUES, changed, line_of
from hypothesis import given
from hypothesis import strategies as st
from verify_support import ask, compiled, found

from afspec.verify import State
from afspec.verify.cluster.secrecy import is_secret_key

# Made up, and random as real ones are.
_HEX = "4f1c9d27b85e3a6090d4c7e1f2ab5638"
_BASE64 = "q7XvB2mTz9KfLw4RjNs8HcYd6PgAe3Uo"
_TOKEN = "ghp_" + "A1b2C3d4E5f6G7h8I9j0" * 2
_KEY = "-----BEGIN OPENSSH " + "PRIVATE KEY-----"

BAD = [
    (
        MODEL,
        "- name: LEVEL\n",
        "- {name: DB_PASSWORD, value: hunter2}\n        - name: LEVEL\n",
        "name: LEVEL",
        "value of a secret by its key",
    ),
    (
        MODEL,
        "- name: LEVEL\n",
        f"- {{name: LEVELS, value: {_BASE64}}}\n        - name: LEVEL\n",
        "name: LEVEL",
        "looks random",
    ),
    (MODEL, "level: info", f"level: '{_HEX}'", "level: info", "data.level: looks random"),
    (MODEL, "level: info", "api_token: abcdef", "level: info", "data.api_token: is the value of a secret by its key"),
    (MODEL, "level: info", f"level: {_TOKEN}", "level: info", "holds what looks like a token of GitHub"),
    (
        MODEL,
        "level: info",
        "level: postgres://reana:hunter2@db/reana",
        "level: info",
        "holds what looks like a password in an address",
    ),
    (MODEL, "level: info", f"level: |\n    {_KEY}", "level: info", "holds what looks like a private key"),
    (
        MODEL,
        "exec server --token-file",
        "export API_TOKEN='hunter2222'; exec server",
        "start.sh",
        "gives API_TOKEN a value",
    ),
    (
        MODEL,
        "exec server --token-file",
        "exec server --db-password=hunter22 --token-file",
        "start.sh",
        "gives --db-password a value",
    ),
    (
        VALUES,
        "  port: 8081",
        "  cookieSecret: abcdef0123",
        "port: 8081",
        "hub.cookieSecret: is the value of a secret by its key",
    ),
    (VALUES, "  port: 8081", "  db: {password: CHANGEME}", "port: 8081", "hub.db.password"),
    (VALUES, "  port: 8081", "  db: {password: 12345}", "port: 8081", "hub.db.password"),
    (VALUES, "  port: 8081", "  config: {A: {client_secret: hunter2}}", "port: 8081", "hub.config.A.client_secret"),
    (VALUES, "  port: 8081", "  api-tokens: [hunter2]", "port: 8081", "hub.api-tokens[0]"),
    (
        VALUES,
        "  port: 8081",
        "  extraConfig: {a: \"c.A.client_secret = 'hunter2'\"}",
        "port: 8081",
        "gives c.A.client_secret a value",
    ),
    (VALUES, "  port: 8081", "  aws: {accessKey: hunter2}", "port: 8081", "hub.aws.accessKey"),
]


def test_good_files_are_fine() -> None:
    assert ask("secrets", FILES).state is State.FINE


@pytest.mark.parametrize(("path", "old", "new", "line", "said"), BAD)
def test_what_a_person_would_do_wrong(path: str, old: str, new: str, line: str, said: str) -> None:
    files = changed(path, old, new)
    every = found("secrets", files)
    hits = [(name, at) for name, at, message in every if said in message]
    assert hits, every
    at = line_of(FILES, path, line)
    assert all(name == path and abs(number - at) <= 1 for name, number in hits), (hits, at)
    # The value itself is in no message: those end up in logs.
    assert not any("hunter2" in message or _BASE64 in message for _, _, message in every)


@pytest.mark.parametrize("part", ["data: {a: aHVudGVyMg==}", "stringData: {a: hunter2}"])
def test_secret_with_data(part: str) -> None:
    text = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a, namespace: model}}\n{part}\n"
    ((path, line, said),) = found("secrets", {MODEL: text})
    assert (path, line) == (MODEL, 4)
    assert "is the value of a secret" in said
    assert found("secrets", {MODEL: text.replace(part, "type: Opaque")}) == []


@pytest.mark.parametrize("path", ["run.sh", "jupyterhub_config.py", "docs/index.md", "a.pem"])
def test_any_file_is_looked_at(path: str) -> None:
    assert found("secrets", {path: f"a\n  {_KEY}\n"}) == [(path, 2, "holds what looks like a private key")]


FINE = [
    ("hub", "existingSecret: login"),
    ("hub", "token: login"),
    ("hub", "secret: {secretName: login}"),
    ("hub", "secretKey: client-secret"),
    ("hub", "passwordKey: client-secret"),
    ("hub", "tokenFile: /etc/token"),
    ("hub", "token: $(TOKEN)"),
    ("hub", "token: ''"),
    ("hub", "token_expires_in: 3600"),
    ("hub", "tokenTtl: 3600"),
    ("hub", "automountServiceAccountToken: true"),
    ("hub", "token_url: https://login.example.org/oauth2/token"),
    ("hub", "image: registry.example.org/a/b@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ("hub", "checksum: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    (
        "hub",
        "path: /cvmfs/sw.hsf.org/key4hep/releases/2024-10-03/x86_64-almalinux9-gcc14.2.0-opt/key4hep-stack/2024-10-03-rnaxpq",  # noqa: E501 - a long path
    ),
    ("hub", "name: mcgill-university-high-energy-physics-department-2026-workers"),
    ("hub", "address: postgres://reana:$(PASSWORD)@db/reana"),
    ("hub", "key: 'https://cern.ch/login'"),
    ("hub", "extraConfig: {a: \"c.A.client_secret = os.environ['CLIENT_SECRET']\"}"),
    ("hub", "ca: |\n    -----BEGIN CERTIFICATE-----"),
]


@pytest.mark.parametrize(("section", "line"), FINE)
def test_what_only_looks_like_one(section: str, line: str) -> None:
    text = f"# chart: toyhub 1.2.0\n{section}:\n  {line}\n"
    assert found("secrets", {VALUES: text, "model/requires.yaml": FILES["model/requires.yaml"]}) == []


@pytest.mark.parametrize("twin", ["local", "slac", "bnl"])
def test_compiled_files_hold_none(twin: str) -> None:
    assert found("secrets", compiled(twin)) == []


SECRET = [
    "password",
    "DB_PASSWORD",
    "dbPassword",
    "cookieSecret",
    "client_secret",
    "apiToken",
    "api-key",
    "accessKey",
    "AWS_SECRET_ACCESS_KEY",
    "privateKey",
    "passwords",
    "hub.config.token",
]
NONE = [
    "secretName",
    "passwordKey",
    "tokenFile",
    "TOKEN_PATH",
    "tokens_url",
    "key",
    "publicKey",
    "keyring",
    "tokenizer",
    "secretRef",
    "passwordPolicy",
    "monkey",
    "",
    "compass",
]


@pytest.mark.parametrize(("key", "is_one"), [*((key, True) for key in SECRET), *((key, False) for key in NONE)])
def test_keys_that_stand_for_secrets(key: str, *, is_one: bool) -> None:
    assert is_secret_key(key) is is_one


@given(st.integers(), st.integers(24, 64))
def test_random_text_is_found_wherever_it_stands(seed: int, length: int) -> None:
    """Whatever key it stands under: letters of both kinds and digits, as a generator of passwords gives them."""
    random = Random(seed)  # noqa: S311 - nothing is kept secret with it
    text = "aB3" + "".join(random.choices(string.ascii_letters + string.digits, k=length))
    files = {VALUES: f"# chart: toyhub 1.2.0\na: {json.dumps(text)}\n"}
    assert [(path, line) for path, line, _ in found("secrets", files)] == [(VALUES, 2)]


@given(st.binary(min_size=16, max_size=32))
def test_hexadecimal_digits_are_found(data: bytes) -> None:
    files = {VALUES: f"# chart: toyhub 1.2.0\na: '{data.hex()}'\nsha256: '{data.hex()}'\n"}
    assert [line for _, line, _ in found("secrets", files)] == [2]

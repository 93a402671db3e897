"""The kinds of text: what each accepts, what it refuses, and that the JSON Schema says the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError
from support import TEXT, facility, refused

from afspec.facility import words
from afspec.facility.quantities import Bytes, Date, Duration, Ports, Rate
from afspec.facility.words import door_url, expand_hosts, to_ascii
from afspec.source import Number

HOSTILE = ["../x", "a/b", "/", ".x", "..", "a\nb", "a b", "a;b", "$(id)", "`id`", "a|b", "a&b", "a'b", 'a"b', "a\\b"]
HOSTILE += ["{{x}}", "{%x%}", "<%x%>", "@@x@@", "-x", "", " ", "é", "a\x00", "a\x1b", "x" * 300, "a*", "a?", "~", "#a"]

FORMS: dict[str, tuple[Any, list[str], list[str]]] = {
    "name": (words.Name, ["roma", "R2", "a.b-c_d", "0", "x" * 63], [*HOSTILE, "x" * 64, "a:b", "_x"]),
    "word": (
        words.Word,
        ["atlas:usatlas", "nvidia.com/gpu", "AF_200", "a@b+c", "_x"],
        [w for w in HOSTILE if w != "a/b"],
    ),
    "host": (
        words.Host,
        ["a", "login.af.uchicago.edu", "a-b.c", "10.0.0.1"],
        [*HOSTILE, "a_b", "a.", "a-", "a." * 127 + "a"],
    ),
    "host and port": (
        words.HostPort,
        ["a", "triton-traefik.triton.svc.cluster.local:8001", "127.0.0.1:1", "h:65535"],
        [*HOSTILE, "a:0", "a:01", "a:65536", "a:99999", "a:", ":1", "a_b:1", "http://a:1", "a:1/", "a:1:2", "a:x"],
    ),
    "DNS label": (words.DnsLabel, ["a", "triton", "a-1", "1", "x" * 63], [*HOSTILE, "a_b", "A", "a.b", "a-", "x" * 64]),
    "DNS name": (
        words.DnsName,
        ["a", "letsencrypt-prod", "a.b-c.d", ".".join(["x" * 62] * 4)],
        [*HOSTILE, "a_b", "A", "a..b", "a.", ".".join(["x" * 63] * 4)],
    ),
    "key of a Secret": (
        words.SecretKey,
        [
            "tls.crt",
            ".dockerconfigjson",
            "hub.config.JupyterHub.cookie_secret",
            "A_b",
            "-",
            "_",
            "-x",
            "a..",
            "x" * 253,
        ],
        [h for h in HOSTILE if h not in {".x", "-x"} and h != "x" * 300] + ["..x", ".", "a/b", "x" * 254],
    ),
    "label's value": (
        words.LabelValue,
        ["NVIDIA-A100-SXM4-40GB-MIG-1g.5gb", "Tesla_V100", "a", "x" * 63],
        [*HOSTILE, "NVIDIA A100", "a-", "a_", "_a", "x" * 64],
    ),
    "resource": (
        words.ResourceName,
        ["nvidia.com/gpu", "nvidia.com/mig-1g.5gb", "nvidia.com/gpu.shared", "a/B_c"],
        [h for h in HOSTILE if h != "a/b"]
        + ["gpu", "nvidia.com/", "/gpu", "Nvidia.com/gpu", "a/b/c", "n_v.com/gpu", "a/b-"],
    ),
    "MIG profile": (
        words.MigProfile,
        ["1g.5gb", "7g.141gb", "1g.10gb+me", "1c.3g.20gb", "1g.24gb+me.all", "1g.24gb-me"],
        [*HOSTILE, "1g5gb", "8g.5gb", "0g.5gb", "1g.5GB", "mig-1g.5gb", "1g.5gb+", "1g.5gb ", "1g.5gb+ME"],
    ),
    "URL": (
        words.Url,
        ["https://af.uchicago.edu", "http://h:80/p?q=1#f", "https://<name>/x", "https://h:65535", "https://h:60000/"],
        [
            *HOSTILE,
            "https://h:65536",
            "https://h:0",
            "https://my_host/",
            "https://h:99999/p",
            "ftp://h",
            "https://",
            "https://u:p@h",
            "https://h/a b",
            "https://h/'",
            "https://h/<X>",
            "//h",
        ],
    ),
    "service": (
        words.ServiceUrl,
        ["s3://https://s3.example.org:443/models", "root://h:1094", "gateway://host:80"],
        [*HOSTILE, "root://h:70000", "h:80", "root://", "root://u@h", "ROOT://h"],
    ),
    "reference": (
        words.Reference,
        ["docker.io/library/python:3.12", "h:5000/a/b@sha256:" + "0" * 64, "h/a__b-c:1"],
        [w for w in HOSTILE if w != "a/b"] + ["python", "h/A", "h/a:", "h/a@sha256:0", "h/a:-x"],
    ),
    "EntityID": (
        words.EntityID,
        ["https://cern.ch/login", "urn:mace:incommon:uchicago.edu"],
        [*HOSTILE, "cern.ch", "urn:x"],
    ),
    "attribute": (words.Attribute, ["ALLOW_MWT2", "_x"], [*HOSTILE, "1x", "a-b", "a.b", "x" * 65]),
    "address": (words.Address, ["help@example.org", "https://example.org/x"], [*HOSTILE, "help", "a@", "@b", "a@b@c"]),
}
CASES = [(kind, value, True) for kind, (_, good, _) in FORMS.items() for value in good]
CASES += [(kind, value, False) for kind, (_, _, bad) in FORMS.items() for value in bad]


def accepts(form: Any, value: Any) -> bool:
    try:
        TypeAdapter(form).validate_python(value)
    except ValidationError:
        return False
    return True


def schema_accepts(form: Any, value: Any) -> bool:
    return bool(Draft202012Validator(TypeAdapter(form).json_schema()).is_valid(value))


@pytest.mark.parametrize(("kind", "value", "good"), CASES)
def test_form_and_its_schema(kind: str, value: str, good: bool) -> None:  # noqa: FBT001
    form = FORMS[kind][0]
    assert (accepts(form, value), schema_accepts(form, value)) == (good, good)


@pytest.mark.parametrize("kind", FORMS)
def test_line_break_at_the_end_is_refused(kind: str) -> None:
    form, good, _ = FORMS[kind]
    assert not any(accepts(form, value + "\n") for value in good)


# Where the model checks more than a pattern can say: the schema must never refuse what the model accepts.
LOOSER = {
    "text": words.Text,
    "path": words.Path,
    "user path": words.UserPath,
    "hosts": words.Hosts,
    "door": words.Door,
    "version": words.Version,
    "bytes": Bytes,
    "duration": Duration,
    "rate": Rate,
    "date": Date,
    "ports": Ports,
}
SAMPLES = st.one_of(
    TEXT,
    st.sampled_from(["480 GB", "2.5G", " 1  kB", "4 h", "1 d12h", "10-00:00:00", "50 kHz", "2026", "2026-03-01"]),
    st.sampled_from(["1:2", "1-2", "/", "/a/b/", "/a/<user>/<u>", "a[1-3]", "roots://h:1//", "1.30", "1-rc.1"]),
    st.integers(0, 3000),
    st.text(alphabet="/a.<u>-0", max_size=8),
    st.text(alphabet="0123456789.-: kMGTPiBshdmin", max_size=12),
)  # fmt: skip


@pytest.mark.parametrize("form", LOOSER.values(), ids=LOOSER.keys())
@given(value=SAMPLES)
def test_schema_refuses_nothing_that_the_model_accepts(form: Any, value: Any) -> None:
    if accepts(form, value):
        assert schema_accepts(form, value)


@pytest.mark.parametrize("form", [*LOOSER.values(), *(form for form, _, _ in FORMS.values())])
def test_examples_are_accepted(form: Any) -> None:
    for example in TypeAdapter(form).json_schema().get("examples", []):
        assert accepts(form, example)
        assert schema_accepts(form, example)


@pytest.mark.parametrize(
    ("value", "path"),
    [("/", "/"), ("/a", "/a"), ("/a/", "/a"), ("/a.b/c_d", "/a.b/c_d"), ("/a/...", "/a/...")],
)
def test_paths(value: str, path: str) -> None:
    assert TypeAdapter(words.Path).validate_python(value) == path


@pytest.mark.parametrize(
    "value", ["", "a", "a/b", "./a", "/a/../b", "/..", "/a/.", "//a", "/a//b", "/a b", "/a\n", "/$HOME", "/a;b", "/~"]
)
def test_paths_that_are_refused(value: str) -> None:
    assert not accepts(words.Path, value)
    assert not accepts(words.UserPath, value)


@pytest.mark.parametrize(
    ("value", "good"),
    [("/home/<user>", True), ("/home/<u>/<user>", True), ("/home/<name>", False), ("/home/<u><user>", True)],
)
def test_only_a_users_path_has_placeholders(value: str, good: bool) -> None:  # noqa: FBT001
    assert accepts(words.UserPath, value) is good
    assert not accepts(words.Path, value)


@pytest.mark.parametrize("mark", ["{{", "}}", "{%", "%}", "{#", "#}", "<%", "%>", "@@"])
def test_template_marks_are_refused_with_a_place(mark: str) -> None:
    [found] = refused(lambda: facility(f"organisation: 'a {mark} b'\n"))
    assert (found.code, found.span and found.span.line) == ("AF2007", 5)
    assert mark in found.message


@pytest.mark.parametrize(
    "text", ['"a\\nb"', '"\\e[31m"', '""', '" "', '"a\\u200bb"', '"a\\u202eb"', "a" * 501, '"a\\u2028b"']
)
def test_text_is_one_printable_line(text: str) -> None:
    [found] = refused(lambda: facility(f"organisation: {text}\n"))
    assert (found.code, found.span and found.span.line) == ("AF2005", 5)
    assert found.message.isprintable()


@pytest.mark.parametrize("text", ["a", "é", "$(x) `y` ; | & ' \" \\", "a" * 500, "# not a comment", "<user>"])
def test_text_is_otherwise_free(text: str) -> None:
    assert TypeAdapter(words.Text).validate_python(text) == text


@pytest.mark.parametrize(
    "name", ["../x", "a/b", ".x", "'a\\0'", "'a b'", "$(id)", "'{{x}}'", "'<%= x %>'", "'-x'", "''"]
)
def test_name_that_would_leave_its_folder_is_refused_with_a_place(name: str) -> None:
    head = f"afspec: 1\nname: {name}\ntitle: T\ndeclared_by: site\n"
    [found] = refused(lambda: facility(head=head))
    assert (found.code, found.span and (found.span.line, found.span.column)) == ("AF2005", (2, 7))


@pytest.mark.parametrize(
    ("line", "value", "advice"),
    [
        ("orchestration: {namespace: my_services}", "my_services", "no underscore"),
        ("orchestration: {ingress: {ingress_class: n_x}}", "n_x", "no underscore"),
        ("orchestration: {ingress: {issuer: lets_encrypt}}", "lets_encrypt", "no underscore"),
        ("dask: {operator: {namespace: af_jupyter}}", "af_jupyter", "no underscore"),
        ("dask: {gateway: {namespace: dask_gateway}}", "dask_gateway", "no underscore"),
        ("dask: {gateway: {url: 'https://my_hub.example.org/'}}", "'https://my_hub", "no underscore"),
        ("software: {cvmfs: {claim: cvmfs_claim}}", "cvmfs_claim", "no underscore"),
        (
            "services: {triton: {read_key: {kubernetes_secret: {name: triton_key, key: a}}}}",
            "triton_key",
            "no underscore",
        ),
        ("services: {triton: {read_key: {kubernetes_secret: {name: a, key: a/b}}}}", "a/b", "Use letters"),
        ("services: {triton: {grpc: 'a:99999'}}", "'a:99999'", "the port from 1 to 65535"),
        ("services: {triton: {grpc: 'a_b:8001'}}", "'a_b:8001'", "no underscore"),
        ("gpus: {models: [{name: a, product: NVIDIA A100}]}", "NVIDIA A100", "Use letters"),
        ("gpus: {models: [{name: a, resource: gpu}]}", "gpu", "nvidia.com/gpu"),
        ("gpus: {models: [{name: a, mig: {strategy: mixed, profiles: [1g5gb]}}]}", "1g5gb", "1g.5gb"),
    ],
)
def test_what_a_cluster_would_refuse_is_shown_where_it_is(line: str, value: str, advice: str) -> None:
    column = line.rindex(value) + 1
    [found] = refused(lambda: facility(line + "\n"))
    assert (found.code, found.span and (found.span.line, found.span.column)) == ("AF2005", (5, column))
    assert advice in found.hint


@pytest.mark.parametrize(
    ("pattern", "hosts"),
    [
        ("iana", ("iana",)),
        ("attsub[01-03]", ("attsub01", "attsub02", "attsub03")),
        ("n[8-10].example.org", ("n8.example.org", "n9.example.org", "n10.example.org")),
        ("n-[1-1]", ("n-1",)),
        ("n[099-101]", ("n099", "n100", "n101")),
    ],
)
def test_ranges_of_hosts(pattern: str, hosts: tuple[str, ...]) -> None:
    assert expand_hosts(pattern) == hosts


@pytest.mark.parametrize(
    "pattern",
    ["", "n[2-1]", "n[1-1001]", "n[001-02]", "n[1]", "n[1-]", "n[a-b]", "n[1-2", "n[1-2]x", "[1-2]", "n m", "n_1"],
)
def test_ranges_that_are_refused(pattern: str) -> None:
    assert not accepts(words.Hosts, pattern)


@pytest.mark.parametrize(
    ("value", "door"),
    [
        ("root://h:1094", "root://h:1094"),
        ("root://h:1094//", "root://h:1094"),
        ("roots://h/", "roots://h"),
        ("xroot://a.b", "xroot://a.b"),
    ],
)
def test_doors(value: str, door: str) -> None:
    assert door_url(value) == door


@pytest.mark.parametrize(
    "value", ["root://h//root://h2", "root://h/path", "http://h", "h:1094", "root://", "root://u@h", "root://h:123456"]
)
def test_doors_that_are_refused(value: str) -> None:
    assert not accepts(words.Door, value)


@pytest.mark.parametrize(
    ("value", "version"),
    [("1.30", "1.30"), (Number("1.30"), "1.30"), (9, "9"), ("23.9.6", "23.9.6"), ("1.2.3-rc.1", "1.2.3-rc.1")],
)
def test_versions(value: Any, version: str) -> None:
    assert TypeAdapter(words.Version).validate_python(value) == version


@pytest.mark.parametrize("value", [True, None, "", "v1", "1..2", ".5", Number("1e5"), -1, "1 2", [], "1.2.3.4.5.6"])
def test_versions_that_are_refused(value: Any) -> None:
    assert not accepts(words.Version, value)


def test_version_in_a_spec_keeps_its_zero_without_quotes() -> None:
    section = facility("orchestration: {version: 1.30}\n").orchestration
    assert section is not None
    assert section.version == "1.30"


@pytest.mark.parametrize(
    ("text", "plain"),
    [("a", "a"), ("é", "e"), ("“x” ‘y’", "\"x\" 'y'"), ("a–b—c…", "a-b-c..."), ("日", "?"), ("ﬁ", "fi")],  # noqa: RUF001
)
def test_ascii(text: str, plain: str) -> None:
    assert to_ascii(text) == plain


@given(st.text())
def test_ascii_is_ascii(text: str) -> None:
    assert to_ascii(text).isascii()

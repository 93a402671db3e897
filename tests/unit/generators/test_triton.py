"""The generator triton: how the server is started, what tenants may upload, what their keys may do."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from afspec.generators.triton import Triton
from support import facility
from triton_site import EXAMPLE, SITE, rendered, write

from afspec.generators import Format

HOSTILE = """Site "$(touch pwned)" `touch pwned`'; touch pwned; ''' \\\\"""


class Started:
    """What serve.sh starts a server with: a stand-in for tritonserver writes it down."""

    def __init__(self, folder: Path, body: str = SITE, **environment: str) -> None:
        fake = folder / "tritonserver"
        fake.write_text('#!/bin/bash\nprintf "%s\\n" "$@" > "$0.arguments"\nenv > "$0.environment"\n')
        fake.chmod(0o755)
        # The stand-in is no S3 store either: the wait for one is another test's.
        body = body.replace("/opt/triton/bin/tritonserver", str(fake))
        write(folder, rendered(body).values())
        self.done = subprocess.run(
            [str(folder / "triton/serve.sh"), "--log-verbose=1"],
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        self.arguments = (folder / "tritonserver.arguments").read_text().splitlines() if fake_ran(folder) else []
        lines = (folder / "tritonserver.environment").read_text().splitlines() if fake_ran(folder) else []
        self.environment = dict(line.split("=", 1) for line in lines if "=" in line)


def fake_ran(folder: Path) -> bool:
    return (folder / "tritonserver.arguments").exists()


LOCAL = SITE.replace("s3://http://127.0.0.1:5555/models/<user>", "/srv/models/<user>")


def test_it_applies_only_where_the_site_says_how_it_runs_triton_and_for_whom() -> None:
    assert Triton().applies(facility(SITE))
    without_server = SITE.split("    server:", maxsplit=1)[0]
    assert not Triton().applies(facility(without_server))
    for missing in ("stance: promised", "tenants: [alice, alice-b]", "http: http://127.0.0.1:9000"):
        assert not Triton().applies(facility(SITE.replace(missing, ""))), missing
    assert not Triton().applies(facility())


def test_the_server_gets_a_repository_a_tenant_and_one_bad_model_ends_nothing(tmp_path: Path) -> None:
    started = Started(tmp_path, LOCAL, READ_KEY="i:s")
    assert started.done.returncode == 0, started.done.stderr
    assert [a for a in started.arguments if a.startswith("--model-repository")] == [
        "--model-repository=/srv/models/alice",
        "--model-repository=/srv/models/alice-b",
    ]
    assert {"--exit-on-error=false", "--strict-readiness=false", "--log-verbose=1"} <= set(started.arguments)
    assert {"--model-control-mode=poll", "--repository-poll-secs=10"} <= set(started.arguments)
    assert "--backend-directory=/opt/triton/backends" in started.arguments


def test_the_server_listens_where_the_spec_says_and_takes_addresses_for_names(tmp_path: Path) -> None:
    body = LOCAL.replace("http://127.0.0.1:9000", "http://localhost:9000")
    arguments = set(Started(tmp_path, body, READ_KEY="i:s").arguments)
    assert {"--http-address=127.0.0.1", "--http-port=9000", "--grpc-address=127.0.0.1", "--grpc-port=9001"} <= arguments
    assert {"--metrics-address=127.0.0.1", "--metrics-port=9002"} <= arguments


def test_without_a_grpc_address_there_is_no_grpc(tmp_path: Path) -> None:
    arguments = Started(tmp_path, LOCAL.replace("grpc: 127.0.0.1:9001", ""), READ_KEY="i:s").arguments
    assert "--allow-grpc=false" in arguments
    assert not [argument for argument in arguments if argument.startswith("--grpc")]


def test_without_polling_the_server_is_told_what_to_load(tmp_path: Path) -> None:
    arguments = Started(tmp_path, LOCAL.replace("poll: 10 s", ""), READ_KEY="i:s").arguments
    assert {"--model-control-mode=explicit", "--load-model=*"} <= set(arguments)
    assert not [argument for argument in arguments if "poll" in argument]


def test_the_key_is_handed_on_by_reference_and_split(tmp_path: Path) -> None:
    started = Started(tmp_path, LOCAL, READ_KEY="THE-ID:se:cret")
    assert (started.environment["AWS_ACCESS_KEY_ID"], started.environment["AWS_SECRET_ACCESS_KEY"]) == (
        "THE-ID",
        "se:cret",
    )
    assert "READ_KEY" not in started.environment
    assert "cret" not in " ".join(started.arguments)


def test_the_key_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("THE-ID:secret\n")
    started = Started(tmp_path, LOCAL.replace("read_key: {env: READ_KEY}", f"read_key: {{file: {tmp_path}/key}}"))
    assert started.environment["AWS_SECRET_ACCESS_KEY"] == "secret"  # noqa: S105 - nobody's


def test_without_the_key_nothing_starts_and_the_variable_is_named(tmp_path: Path) -> None:
    started = Started(tmp_path, LOCAL)
    assert started.done.returncode != 0
    assert "READ_KEY" in started.done.stderr
    assert not started.arguments


def test_models_find_their_python_and_the_server_its_libraries(tmp_path: Path) -> None:
    body = LOCAL.replace("metrics_port", "modules: [/srv/modules]\n      metrics_port")
    environment = Started(tmp_path, body, READ_KEY="i:s", LD_LIBRARY_PATH="/mine").environment
    assert environment["LD_LIBRARY_PATH"] == "/opt/triton/lib:/opt/python/lib:/mine"
    assert environment["PATH"].split(":")[0] == "/opt/env/bin"
    assert environment["PYTHONPATH"] == "/srv/modules"


def test_copies_of_an_earlier_server_are_removed_and_nothing_else(tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    (copies / "folderAb12Cd/1").mkdir(parents=True)
    (copies / "mine").mkdir()
    body = SITE.replace("metrics_port", f"copies: {copies}\n      metrics_port").replace(
        "127.0.0.1:5555", "127.0.0.1:1"
    )
    script = rendered(body)["triton/serve.sh"].text.replace("SECONDS + 60", "SECONDS")
    (tmp_path / "serve.sh").write_text(script)
    done = subprocess.run(
        ["bash", str(tmp_path / "serve.sh")],
        env={"PATH": os.environ["PATH"], "READ_KEY": "i:s"},
        check=False,
        timeout=30,
    )
    assert [path.name for path in copies.iterdir()] == ["mine"]
    assert done.returncode == 69  # the store does not answer


def test_each_key_may_do_what_it_is_for() -> None:
    files = rendered()
    tenant = json.loads(files["triton/policies/tenant-alice.json"].text)["Statement"]
    assert tenant[0]["Resource"] == ["arn:aws:s3:::models/alice/alice-*"]
    assert "s3:PutObject" in tenant[0]["Action"]
    server = json.loads(files["triton/policies/server.json"].text)["Statement"]
    assert server[0]["Action"] == ["s3:GetObject"]
    assert server[0]["Resource"] == ["arn:aws:s3:::models/alice/*", "arn:aws:s3:::models/alice-b/*"]
    assert server[1] == {
        "Sid": "Names",
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": ["arn:aws:s3:::models"],
    }


def test_a_bucket_may_be_a_tenants_own() -> None:
    files = rendered(SITE.replace("/models/<user>", "/<user>"))
    assert "arn:aws:s3:::alice/alice-*" in files["triton/policies/tenant-alice.json"].text
    server = json.loads(files["triton/policies/server.json"].text)["Statement"]
    assert server[1]["Resource"] == ["arn:aws:s3:::alice", "arn:aws:s3:::alice-b"]


def test_a_repository_on_disk_needs_neither_keys_nor_uploads() -> None:
    assert set(rendered(LOCAL)) == {"triton/serve.sh", f"{EXAMPLE}/config.pbtxt", f"{EXAMPLE}/1/model.py"}


def test_the_example_computes_invariant_masses() -> None:
    np = pytest.importorskip("numpy")
    found: dict[str, Any] = {}
    tree = ast.parse(rendered()[f"{EXAMPLE}/1/model.py"].text)
    # The back end's own module exists in the server alone; here it hands arrays on as they are.
    tree.body = [node for node in tree.body if not isinstance(node, ast.Import)]
    found["np"] = np
    found["pb_utils"] = type(
        "Utilities",
        (),
        {
            "get_input_tensor_by_name": staticmethod(lambda request, name: request[name]),
            "Tensor": staticmethod(lambda name, values: (name, values)),
            "InferenceResponse": staticmethod(lambda *, output_tensors: dict(output_tensors)),
        },
    )
    exec(compile(tree, "model.py", "exec"), found)  # noqa: S102 - the compiled model is what is tested

    class Array:
        def __init__(self, values: list[list[float]]) -> None:
            self.values = values

        def as_numpy(self) -> Any:
            return np.array(self.values, dtype=np.float32)

    # Back to back, twice the momentum; side by side, nothing.
    request = {
        "PT": Array([[45.6, 45.6], [10, 20]]),
        "ETA": Array([[0, 0], [1.5, 1.5]]),
        "PHI": Array([[0, np.pi], [2, 2]]),
    }
    [response] = found["TritonPythonModel"]().execute([request])
    assert response["MASS"] == pytest.approx([91.2, 0], abs=1e-3)


def test_nothing_of_a_hostile_title_leaves_its_place(tmp_path: Path) -> None:
    files = rendered(SITE, HOSTILE)
    for path in ("triton/serve.sh", f"{EXAMPLE}/config.pbtxt"):
        assert [line for line in files[path].text.splitlines() if "pwned" in line and line[0] != "#"] == []
    write(tmp_path, files.values())
    done = subprocess.run(
        [sys.executable, "triton/upload.py", "--help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert not (tmp_path / "pwned").exists()


def test_shellcheck_accepts_the_script(tmp_path: Path) -> None:
    shellcheck = Path(sys.executable).parent / "shellcheck"
    bodies = (SITE, LOCAL, SITE.replace("{env: READ_KEY}", "{file: /etc/key}").replace("poll: 10 s", ""))
    for number, body in enumerate(bodies):
        script = tmp_path / f"{number}.sh"
        script.write_text(rendered(body, HOSTILE)["triton/serve.sh"].text)
        assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
        found = subprocess.run([str(shellcheck), str(script)], capture_output=True, text=True, check=False)
        assert found.stdout == ""


def test_every_file_is_ascii_names_its_origin_and_is_the_same_every_time() -> None:
    title = "Universit\u00e9 \u201cX\u201d"
    files = rendered(SITE, title)
    assert list(files.items()) == list(rendered(SITE, title).items())
    assert all(file.text.isascii() and file.text.endswith("\n") for file in files.values())
    # JSON has no comments.
    assert all("Generated by afspec" in file.text for file in files.values() if file.format is not Format.JSON)

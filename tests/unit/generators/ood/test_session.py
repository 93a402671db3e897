"""What a session runs: the pasted commands, images, the server and its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from afspec.generators.user_setup import UserSetup
from ood_site import REFERENCE, App, site, told

if TYPE_CHECKING:
    from pathlib import Path


def test_the_pasted_commands_start_jupyter(app: App) -> None:
    pasted = "export WHAT='two  words'\r\nfunction jupyter() {\r\n  printf '%s|' \"$WHAT\" \"$@\"\r\n}\r\n"
    done = app.start(image="commands", commands=pasted)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("two  words|lab|--config=")
    assert done.stdout.endswith("/config.py|")


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("", "no jupyter"),
        ("echo 'never closed", "unexpected EOF"),
        ("cat <<END\nexit 0", "no jupyter"),
        ("fi; esac; exit 0 #", "syntax error"),
        ("<%= File.write('pwned', '') %>", "no jupyter"),
        ("false", "ended with status 1"),
    ],
)
def test_broken_commands_break_nothing_else(pasted: str, said: str, app: App) -> None:
    done = app.start(image="commands", commands=pasted)
    assert done.returncode == 127, done.stderr
    assert said in done.stderr
    assert "no jupyter" in done.stderr
    assert not list(app.folder.rglob("pwned"))


def test_the_compiled_text_to_paste_fits(app: App) -> None:
    found = site(str(app.folder))
    paste = next(file.text for file in UserSetup().render(found) if file.path.endswith("jupyter.sh"))
    app.stub("apptainer", f'printf "%s\\n" "$@" > {app.folder}/apptainer.notes')
    done = app.start(image="commands", commands=paste.replace("\n", "\r\n"))
    assert done.returncode == 0, done.stderr
    words = (app.folder / "apptainer.notes").read_text().splitlines()
    assert words[0] == "exec"
    assert words[-4:-1] == [f"docker://{REFERENCE}", "jupyter", "lab"]


def test_an_image_is_taken_from_the_best_place_with_the_binds_that_exist(app: App) -> None:
    app.stub("apptainer", f'printf "%s\\n" "$@" > {app.folder}/apptainer.notes; echo "$APPTAINER_CACHEDIR"')
    (app.folder / "sdf").mkdir()

    def words() -> list[str]:
        done = app.start(image="image-base")
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == f"{app.folder}/scratch/jdoe"
        return (app.folder / "apptainer.notes").read_text().splitlines()

    first = words()
    assert first[:4] == ["exec", "--nv", "-B", str(app.folder / "sdf")]
    assert str(app.folder / "absent") not in first
    assert first[-4:-1] == [f"docker://{REFERENCE}", "jupyter", "lab"]
    unpacked = app.folder / "cvmfs" / REFERENCE
    unpacked.mkdir(parents=True)
    assert str(unpacked) in words()


def test_the_sites_own_environment_is_found_first(app: App) -> None:
    own = app.folder / "site/bin"
    own.mkdir(parents=True)
    (own / "jupyter").write_text('#!/bin/sh\necho own "$1"\n')
    (own / "jupyter").chmod(0o755)
    assert app.start().stdout == "own lab\n"


def test_the_servers_settings_are_the_users_alone(app: App, tmp_path: Path) -> None:
    folder = app.staged()
    helpers = "find_port() { echo 4711; }; create_passwd() { echo sesame; }; host=node1; KRB5CCNAME=x"
    script = f'{helpers}; cd {folder}; . ./before.sh; echo "$port $password ${{KRB5CCNAME-unset}} $CONFIG_FILE"'
    done = app.run("bash", "-euc", script)
    assert done.returncode == 0, done.stderr
    config = folder / "config.py"
    assert done.stdout.split() == ["4711", "sesame", "unset", str(config)]
    assert config.stat().st_mode & 0o777 == 0o600

    settings = told(config, tmp_path, "2.14.0")
    assert settings["IdentityProvider"] == {"token": "sesame"}
    assert settings["ServerApp"] == {
        "ip": "node1",
        "port": 4711,
        "port_retries": 0,
        "base_url": "/node/node1/4711/",
        "open_browser": False,
        "root_dir": str(tmp_path),
        "allow_remote_access": True,
        "disable_check_xsrf": True,
        "allow_origin": "https://ood.example.org",
    }
    assert settings["NotebookApp"] == {}
    # The servers that came before it want the same by other names.
    assert told(config, tmp_path, "1.24.0")["ServerApp"]["token"] == "sesame"  # noqa: S105 - of the stub above
    old = told(config, tmp_path, None)["NotebookApp"]
    assert (old["token"], old["notebook_dir"]) == ("sesame", str(tmp_path))


def test_a_server_that_ends_early_ends_the_job(app: App) -> None:
    folder = app.staged()
    helpers = "wait_until_port_used() { return 1; }; clean_up() { exit 3; }; host=h; port=1"
    done = app.run("bash", "-c", f"{helpers}; true & SCRIPT_PID=$!; wait; . {folder}/after.sh")
    assert done.returncode == 3
    assert "ended before it answered" in done.stdout
    well = app.run("bash", "-c", f"wait_until_port_used() {{ :; }}; SCRIPT_PID=$$ host=h port=1; . {folder}/after.sh")
    assert well.returncode == 0
    assert "listens on port 1" in well.stdout


def test_scripts_are_shells(app: App) -> None:
    folder = app.staged()
    for name in ("before.sh", "script.sh", "after.sh"):
        assert app.run("bash", "-n", str(folder / name)).stderr == ""
        assert not (folder / f"{name}.erb").exists()
    view = app.run(
        app.ruby, "-rerb", "-e", 'host, port, password = "n1", 80, "x"; puts ERB.new($stdin.read).result(binding)',
        stdin=(app.folder / "ood/af-jupyter/view.html.erb").read_text(),
    )  # fmt: skip
    assert 'action="/node/n1/80/login"' in view.stdout
    assert 'value="x"' in view.stdout

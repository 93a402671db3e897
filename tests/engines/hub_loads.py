"""Loads configurations as JupyterHub does, without starting it: run by the Python of the hub's environment.

On standard input a list: of each configuration its path, claims of users to let in, and choices of sessions to make.
What came of them is JSON on standard output.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import Any

from batchspawner.batchspawner import format_template
from jupyterhub.app import JupyterHub
from jupyterhub.utils import maybe_future
from tornado import web

SUBMITTED = {"cmd": "CMD", "job_id": "17"}


class Complaints(logging.Handler):
    """What is said as a warning, or worse; of an option that no class knows, traitlets says no more."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


async def entered(authenticator: Any, claims: dict[str, Any]) -> dict[str, Any] | None:
    """The user of the claims, as the authenticator makes it of what the issuer says; None if she may not enter."""
    # Globus gives other tokens along.
    token = {"access_token": "x", "scope": "", "resource_server": "auth", "other_tokens": []}
    state = authenticator.build_auth_state_dict(token, claims)
    name = authenticator.user_info_to_username(claims)
    model = {"name": authenticator.normalize_username(name), "admin": None, "auth_state": state}
    model["admin"] = model["name"] in authenticator.admin_users
    model = await authenticator.update_auth_model(model)
    if authenticator.manage_groups:
        model = await authenticator._apply_managed_groups(model)
    if not authenticator.validate_username(model["name"]):
        return None
    # A refusal is logged where it is raised; here it is an answer.
    log, authenticator.log = authenticator.log, logging.getLogger("refusals")
    authenticator.log.propagate = False
    try:
        if not await maybe_future(authenticator.check_blocked_users(model["name"], model)):
            return None
    except web.HTTPError:
        return None
    finally:
        authenticator.log = log
    allowed = await authenticator.check_allowed(model["name"], model)
    return {"name": model["name"], "admin": model["admin"], "groups": model.get("groups")} if allowed else None


async def started(app: Any, options: dict[str, Any]) -> dict[str, Any]:
    """A session of a choice: what batchspawner would give the scheduler."""
    spawner = app.spawner_class(config=app.config)
    spawner.req_username, spawner.req_homedir, spawner.req_keepvars = "alice", "/home/alice", "A,B"
    spawner.user_options = options
    # A refusal is logged where it is raised; here it is an answer.
    spawner.log = logging.getLogger("sessions")
    spawner.log.propagate = False
    try:
        await spawner._run_apply_user_options(options)
    except web.HTTPError as error:
        return {"refused": error.status_code, "why": error.log_message}
    variables = {**spawner.get_req_subvars(), **SUBMITTED} if hasattr(spawner, "batch_script") else {}
    if not variables:
        return {"options": spawner.user_options, "memory": spawner.mem_limit, "args": spawner.get_args()}
    variables.update(spawner.user_options)
    commands = {name: getattr(spawner, f"batch_{name}_cmd") for name in ("submit", "query", "cancel")}
    return {
        "options": spawner.user_options,
        "memory": spawner.mem_limit,
        "script": format_template(spawner.batch_script, **variables),
        **{name: format_template(command, **variables) for name, command in commands.items()},
    }


async def loaded(path: str, claims: list[dict[str, Any]], options: list[dict[str, Any]]) -> dict[str, Any]:
    """What a configuration says to the classes that it names."""
    complaints = Complaints()
    JupyterHub.clear_instance()
    app = JupyterHub.instance()
    app.log.addHandler(complaints)
    app.load_config_file(path)
    authenticator = app.authenticator_class(parent=app, _deprecated_db_session=None)
    app.proxy_class(parent=app, app=app)
    form = app.spawner_class(config=app.config, parent=app).options_form
    said = {
        "authenticator": type(authenticator).__name__,
        "spawner": app.spawner_class.__name__,
        "entered": [await entered(authenticator, one) for one in claims],
        "started": [await started(app, one) for one in options],
        "culler": [service["command"] for service in app.services if service["name"] == "idle-culler"],
        "form": bool(form),
        "limits": [app.concurrent_spawn_limit, app.active_server_limit, app.named_server_limit_per_user],
    }
    app.log.removeHandler(complaints)
    return said | {"complaints": complaints.said}


async def main() -> None:
    """Every configuration in turn."""
    sys.stdout.write(json.dumps([await loaded(**one) for one in json.load(sys.stdin)]))


if __name__ == "__main__":
    asyncio.run(main())

"""A real hub, configured as no hub should be: each line is a mistake that somebody could make."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from support import until

from afspec.twin.engines.jupyterhub import JupyterHub
from afspec.twin.engines.oidc import FOREIGN_IDP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engines.conftest import Miniature

CONFIG = "jupyterhub/jupyterhub_config.py"
MISTAKES = f"""

# Everybody of another identity provider is taken for the namesake here.
c.CILogonOAuthenticator.idps[{FOREIGN_IDP!r}] = {{
    "username_derivation": {{"username_claim": "eppn", "action": "strip_idp_domain", "domain": "cern.ch"}}
}}
c.Authenticator.admin_users = {{"alice"}}
_choices["small"]["req_options"] = _choices["small"]["req_options"].replace("1024 MB", "512 MB")
c.BatchSpawnerBase.batch_cancel_cmd = "true"

# A token that nobody knows is anybody's.
from jupyterhub import orm

_find = orm.APIToken.find.__func__


def _found(cls, db, token, **more):
    return _find(cls, db, token, **more) or db.query(cls).filter(cls.user_id.is_not(None)).first()


orm.APIToken.find = classmethod(_found)
"""


@contextmanager
def careless_hub(bnl: Miniature) -> Iterator[None]:
    """BNL's hub with all mistakes at once; afterwards it is as it was, its database too."""
    engine = bnl.engine("jupyterhub")
    assert isinstance(engine, JupyterHub)
    service = engine.services[0]
    config, state = bnl.files.host / CONFIG, service.settings.state
    good = config.read_text()
    database = f"{state}/jupyterhub.sqlite"
    _stop(bnl, service.daemon)
    bnl.room.run(["cp", database, f"{database}.good"])
    try:
        config.write_text(good + MISTAKES)
        bnl.heal()
        yield
    finally:
        _stop(bnl, service.daemon)
        config.write_text(good)
        bnl.room.run(["mv", f"{database}.good", database])
        bnl.heal()


def _stop(twin: Miniature, daemon: str) -> None:
    twin.room.kill(daemon, signal.SIGKILL)
    assert until(lambda: not twin.room.alive(daemon))

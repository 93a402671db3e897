"""Values that the chart takes, who signs in, limits and profiles."""

from __future__ import annotations

import pytest
from coffea_casa_site import LOGIN, SITES, facility, files, needs, session, values
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from support import TRICKY
from upstream import merged, upstream_data

from afspec.facility.words import TEMPLATE_MARKS
from afspec.generators.yamltext import dump


@pytest.mark.parametrize("name", SITES)
def test_the_chart_takes_the_values(name: str) -> None:
    defaults = upstream_data("z2jh", "4.4.0_values.yaml")
    schema = upstream_data("z2jh", "4.4.0_values.schema.yaml")
    Draft202012Validator(schema).validate(merged(defaults, values(SITES[name])))


@pytest.mark.parametrize("name", SITES)
def test_files_are_ascii_without_template_marks_and_always_the_same(name: str) -> None:
    for text in files(SITES[name]).values():
        assert text.isascii()
        assert not TEMPLATE_MARKS.search(text)
    assert files(SITES[name]) == files(SITES[name])


def test_nothing_is_made_where_it_is_not_offered_or_has_no_image() -> None:
    for site in (facility({"stance": "not_promised"}), facility({"image": None}), facility(orchestration=None)):
        assert files(site) == {}


@pytest.mark.parametrize("name", SITES)
def test_the_charts_open_door_is_never_left_in_force(name: str) -> None:
    config = values(SITES[name])["hub"]["config"]
    wanted = "null" if name == "closed" else "generic-oauth"
    assert config["JupyterHub"]["authenticator_class"] == wanted
    assert ("NOBODY CAN SIGN IN" in files(SITES[name])["coffea-casa/values.yaml"]) == (name == "closed")


def test_who_signs_in_is_the_login_that_opens_it() -> None:
    jupyter = {**LOGIN, "name": "other", "opens": ["jupyter"], "issuer": "https://other.example.org"}
    hub = values(facility(logins=[jupyter, LOGIN]))["hub"]
    config = hub["config"]["GenericOAuthenticator"]
    assert config["authorize_url"] == "https://iam.example.org/authorize"
    assert config["oauth_callback_url"] == "https://coffea.example.org/hub/oauth_callback"
    secret = {"secretKeyRef": {"name": "casa-login", "key": "secret"}}
    assert hub["extraEnv"] == {"OAUTH_CLIENT_SECRET": {"valueFrom": secret}}
    assert needs(SITES["usual"])["Secret", "casa-login"]["holds"] == ["secret"]
    assert values(SITES["below"])["hub"]["baseUrl"] == "/coffea/"


def test_limits_and_profiles() -> None:
    made = session(SITES["everything"])
    assert made["cpu"] == {"limit": 4}
    assert made["memory"]["limit"] == 16 * 10**9
    small, big = made["profileList"]
    assert small["display_name"] == "&lt;b&gt;Small&lt;/b&gt; &amp; neat"
    assert small["kubespawner_override"]["mem_limit"] == "2G"
    assert small["default"]
    assert "default" not in big
    assert values(SITES["everything"])["cull"] == {"enabled": True, "timeout": 7200, "every": 600, "maxAge": 259200}
    assert values(SITES["usual"])["cull"] == {"enabled": True}


def test_on_okd_the_chart_makes_no_ingress() -> None:
    assert values(SITES["okd"])["ingress"] == {"enabled": False}
    ingress = values(SITES["usual"])["ingress"]
    assert (ingress["hosts"], ingress["ingressClassName"]) == (["coffea.example.org"], "nginx")


@given(TRICKY | st.text(max_size=20))
def test_titles_stay_text(title: str) -> None:
    profile = {"name": "p", "title": title}
    try:
        site = facility({"profiles": [profile]})
    except ValueError:
        return  # no title that the language takes
    shown = session(site)["profileList"][0]["display_name"]
    assert not set('<>"') & set(shown)
    assert dump(shown).isascii()

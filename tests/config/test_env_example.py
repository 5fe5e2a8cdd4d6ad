"""`.env.example` lists every control and secret of the schema, and an unedited copy changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.catalogue import settings
from config.dotenv import read_dotenv
from config.env_example import example_text, variable_name
from config.environment import TIGHTENING
from tests.config.conftest import Load

pytestmark = pytest.mark.unit

FILE = Path(__file__).parents[2] / ".env.example"


def test_the_file_is_what_the_schema_says() -> None:
    remedy = "write it anew: python -m config.env_example > .env.example"
    assert FILE.read_text(encoding="utf-8") == example_text(), remedy


def test_every_control_and_secret_is_listed() -> None:
    text = example_text()
    for path, _ in settings():
        assert f"# {variable_name(path)}=" in text
    for control in TIGHTENING:
        assert f"# {control}=1" in text


def test_an_unedited_copy_sets_nothing() -> None:
    variables, problems = read_dotenv(FILE)
    assert (variables.values, problems) == ({}, [])


def test_the_defaults_it_shows_are_the_defaults(load: Load) -> None:
    lines = [
        line.removeprefix("# ") for line in example_text().splitlines() if line.startswith("# RAYDESK__")
    ]
    assignments = dict(line.split("=", 1) for line in lines if "<NAME>" not in line)
    # a secret is taken verbatim: empty is an address, or a token, and a wrong one
    del assignments["RAYDESK__REDIS__URL"], assignments["RAYDESK__METRICS__CONTROL_TOKEN"]
    assert len(assignments) > 50
    assert load(environ=assignments).hash == load().hash

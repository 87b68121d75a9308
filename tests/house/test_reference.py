"""Checks that docs/reference is what the code says now, and that nothing which belongs into it is missing."""

from dataclasses import fields

import pytest

from caravan import bootstrap, config
from caravan.web.api import OPERATIONS
from tests.house import reference

PAGES = reference.pages()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_of_the_reference_is_what_the_code_says(name: str) -> None:
    written = (reference.FOLDER / name).read_text(encoding="utf-8")

    assert written == PAGES[name], "write it anew: .venv/bin/python -m tests.house.reference"


@pytest.mark.parametrize("kind", sorted(bootstrap.KINDS))
def test_every_event_is_in_the_reference(kind: str) -> None:
    assert f"### {kind}\n" in PAGES["events.md"]


@pytest.mark.parametrize("flow", sorted({flow.__name__ for flow in reference.flows()}))
def test_every_flow_is_in_the_reference(flow: str) -> None:
    assert f"### {flow}\n" in PAGES["commands.md"]


@pytest.mark.parametrize("domain", reference.DOMAINS)
def test_every_command_and_query_of_a_domain_is_in_the_reference(domain: str) -> None:
    for module, page in (("commands", "commands.md"), ("queries", "queries.md")):
        missing = [name for name, _ in reference.public(domain, module) if f"| `{name}` |" not in PAGES[page]]
        assert not missing


def test_every_domain_is_in_the_reference() -> None:
    house = reference.FOLDER.parents[1] / "caravan"
    wings = ("trade", "insight", "cloud", "world")
    found = {f"{wing}.{face.parent.name}" for wing in wings for face in house.glob(f"{wing}/*/__init__.py")}

    assert found == set(reference.DOMAINS)


def test_every_refusal_is_in_the_reference_with_a_sentence() -> None:
    for kind in reference.refusals():
        assert f"| `{reference.code_of(kind)}` |" in PAGES["refusals.md"]
        assert (kind.__doc__ or "").split("\n", maxsplit=1)[0].endswith(".")


def test_two_refusals_never_share_a_code() -> None:
    codes = [reference.code_of(kind) for kind in reference.refusals()]

    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("setting", [field.name for field in fields(config.Settings)])
def test_every_setting_is_in_the_reference(setting: str) -> None:
    assert f"`CARAVAN_{setting.upper()}`" in PAGES["settings.md"]


@pytest.mark.parametrize("operation", [f"{operation.method} {operation.path}" for operation in OPERATIONS])
def test_every_operation_of_the_api_is_in_the_reference(operation: str) -> None:
    assert f"### {operation}\n" in PAGES["http.md"]

"""Checks what every file owes its reader: an opening sentence, no loose ends, no imports in hiding."""

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
MODULES = sorted(
    file.relative_to(REPOSITORY).as_posix()
    for folder in ["caravan", "tests", "benchmarks"]
    for file in (REPOSITORY / folder).rglob("*.py")
)
LOCKS = ["requirements.lock", "requirements-dev.lock"]
LOOSE_END = re.compile(r"\b(T[O]DO|FIX[M]E|X[X]X)\b")
BANNER = re.compile(r"^\s*#\s*[-=#*~_+]{3,}", re.MULTILINE)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_opens_with_a_sentence_that_says_what_it_is_for(module: str) -> None:
    docstring = ast.get_docstring(ast.parse(_text(module))) or ""
    opening = docstring.split("\n\n")[0]

    assert opening.endswith("."), f"{module} opens with: {opening!r}"


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_no_loose_ends_and_no_banners(module: str) -> None:
    text = _text(module)

    assert not LOOSE_END.search(text), "what is to be done is an issue"
    assert not BANNER.search(text), "a file that needs banners is several files"


@pytest.mark.parametrize("module", MODULES)
def test_no_import_hides_from_the_running_program(module: str) -> None:
    conditions = [node.test for node in ast.walk(ast.parse(_text(module))) if isinstance(node, ast.If)]

    assert not [test for test in conditions if "TYPE_CHECKING" in ast.unparse(test)]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_packages_and_hashes_only(lock: str) -> None:
    text = _text(lock)

    assert "--hash=sha256:" in text
    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|--index|--extra-index|--find-links|#)", text, re.MULTILINE)


def _text(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")

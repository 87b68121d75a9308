"""Checks that domains are strangers: any one of them can be taken away and the others never notice."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2] / "caravan"
WINGS = ["trade", "insight", "cloud", "world"]
DOMAINS = sorted(
    file.parent.relative_to(HOUSE).as_posix() for wing in WINGS for file in HOUSE.glob(f"{wing}/*/__init__.py")
)

# Runs on its own, in the copy: takes names of packages and imports each with all that is in it.
IMPORT_ALL = """
import importlib, pkgutil, sys
folder, *packages = sys.argv[1:]
# An installation in place would lend the module that was taken away.
sys.meta_path = [finder for finder in sys.meta_path if "__editable__" not in getattr(finder, "__module__", "")]
sys.path = [folder, *sys.path]
for package in packages:
    face = importlib.import_module(package)
    assert face.__file__.startswith(folder), face.__file__
    for module in pkgutil.walk_packages(face.__path__, package + "."):
        importlib.import_module(module.name)
"""


@pytest.mark.parametrize("taken", DOMAINS)
def test_a_domain_can_be_taken_away_and_the_others_never_notice(taken: str, tmp_path: Path) -> None:
    house = shutil.copytree(HOUSE, tmp_path / "caravan", ignore=shutil.ignore_patterns("__pycache__"))

    shutil.rmtree(house / taken)

    answer = _import_all(tmp_path, ["kernel", "events", "cell", *(domain for domain in DOMAINS if domain != taken)])
    assert answer.returncode == 0, answer.stderr


def test_an_import_of_what_was_taken_away_is_noticed(tmp_path: Path) -> None:
    house = shutil.copytree(HOUSE, tmp_path / "caravan", ignore=shutil.ignore_patterns("__pycache__"))
    (house / "kernel" / "stray.py").write_text("import caravan.events\n", encoding="utf-8")

    shutil.rmtree(house / "events")

    answer = _import_all(tmp_path, ["kernel"])
    assert "No module named 'caravan.events'" in answer.stderr


def _import_all(folder: Path, rooms: list[str]) -> subprocess.CompletedProcess[str]:
    packages = ["caravan." + room.replace("/", ".") for room in rooms]
    command = [sys.executable, "-P", "-B", "-c", IMPORT_ALL, str(folder), *packages]
    return subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=120)

"""Tests that what `make setup` installs is enough: nothing that only the tests' environment has is imported on the way."""

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
# Hides every module of a distribution that is not in requirements.lock, then does what a start and a first question do.
PROGRAM = r"""
import importlib.abc, importlib.metadata, re, sys
from pathlib import Path

def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()

base = {plain(found) for found in re.findall(r"^([A-Za-z0-9_.-]+)==", Path("requirements.lock").read_text(), re.M)}
owners = importlib.metadata.packages_distributions()
hidden = {module for module, of in owners.items() if not base & {plain(one) for one in of}} - {"caravan"}

class Hide(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}: requirements.lock does not have it", name=name)

sys.meta_path.insert(0, Hide())
assert "pytest" in hidden and "numpy" not in hidden, sorted(hidden)
import caravan.cli
from caravan import bootstrap
bootstrap.sql_writer()
bootstrap.printer()
print("enough")
"""


def test_what_is_set_up_alone_is_enough_to_start_and_to_ask() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False
    )

    assert done.stdout == "enough\n", done.stderr


def test_the_doors_can_be_imported_by_themselves() -> None:
    command = [sys.executable, "-c", "import caravan.web.app"]

    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stderr

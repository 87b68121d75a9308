"""Checks that every benchmark can be loaded: most run for minutes, and nobody would notice for long that one does not start."""

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def test_every_benchmark_can_be_loaded() -> None:
    names = sorted(file.stem for file in (REPOSITORY / "benchmarks").glob("*.py"))
    program = f"import importlib\nfor name in {names}: importlib.import_module('benchmarks.' + name)"

    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr

"""Runs the examples of README and docs, each document in a folder of its own, and follows every link."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
ADDRESS = "127.0.0.1:8000"  # What documents say; the server of the tests has another port.
FLIGHT = "127.0.0.1:8815"  # The same of the door for BI tools.
EXPORTS = "path/to/"  # Stands for the folders of real shops, which lie beside the repository or not at all.
START_TIMEOUT_S = 240
RUN_TIMEOUT_S = 240

# Commands that are shown and not run, and why. Each begins a command of some document.
NOT_RUN = {
    "make ": "sets up the environment that the tests themselves run in, or runs them",
    "pip install": "changes the environment that the tests themselves run in",
    "CARAVAN_FLIGHT_PORT=8815 caravan up": "serves until it is stopped; the shared server opens that door, too",
    "caravan up": "serves until it is stopped; the examples that need a server share one, started below",
    "caravan sandbox carrier": "serves until it is stopped; tests/adapters/test_easypost.py serves one and asks it",
    "caravan sandbox psp": "serves until it is stopped; tests/adapters/test_stripe.py serves one and asks it",
    ".venv/bin/pip": "changes the environment that the tests themselves run in",
    "export CARAVAN_LOG_URL": "needs a server; tests/adapters/test_logs.py runs the log on one",
    "caravan discovery train --on ray": "starts a Ray, or needs a cluster; tests/adapters/test_ray.py learns on one",
    "caravan bench": "takes minutes; tests/benchmarks/test_checkout.py goes through every door at tiny size",
    "kill -9": "would kill the shared server; tests/cell and tests/test_trust.py kill one of their own",
}
# Languages that are shown: settings of other programs, drawings, and what a program answers.
SHOWN = {"csv", "ini", "json", "mermaid", "nginx", "text"}


class Block(NamedTuple):
    """A fenced block: its language, what else its first line says, and its text."""

    language: str
    marks: tuple[str, ...]
    text: str
    line: int


def blocks(document: Path) -> list[Block]:
    found = []
    text = document.read_text(encoding="utf-8")
    for match in re.finditer(r"^```(\S*) ?(.*)\n((?:.*\n)*?)```$", text, re.MULTILINE):
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(match[1], tuple(match[2].split()), match[3], line))
    return found


def commands(block: Block) -> list[tuple[str, list[str]]]:
    """Give the commands of a console block, each with the output that is shown below it."""
    found: list[tuple[str, list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found and found[-1][0].endswith("\\") and not found[-1][1]:
            found[-1] = (f"{found[-1][0]}\n{line}", [])
        else:
            found[-1][1].append(line)
    return found


def reason_not_to_run(command: str) -> str | None:
    return next((why for start, why in NOT_RUN.items() if command.startswith(start)), None)


def name(document: Path) -> str:
    return document.relative_to(REPOSITORY).as_posix()


RUNNABLE = [
    document
    for document in DOCUMENTS
    if any(
        block.language == "python" or any(not reason_not_to_run(command) for command, _ in commands(block))
        for block in blocks(document)
        if block.language in {"python", "console"}
    )
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_example_is_run_or_says_why_it_is_not(document: Path) -> None:
    for block in blocks(document):
        assert block.language in SHOWN | {"console", "python"}, f"line {block.line}: {block.language!r}"
        if block.language == "python":
            assert "run" in block.marks, f"line {block.line}: an example of Python is marked `python run`"


@pytest.mark.parametrize("start", sorted(NOT_RUN))
def test_a_reason_not_to_run_is_still_needed(start: str) -> None:
    shown = [block for document in DOCUMENTS for block in blocks(document) if block.language == "console"]

    assert any(command.startswith(start) for block in shown for command, _ in commands(block))


@pytest.mark.parametrize("document", RUNNABLE, ids=name)
def test_the_examples_of_a_document_run(document: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if shutil.which("curl") is None and "$ curl" in document.read_text(encoding="utf-8"):
        pytest.skip("curl was not found")
    needs_server = any(ADDRESS in block.text for block in blocks(document) if _is_run(block))
    home: Path = request.getfixturevalue("served" if needs_server else "small_home")
    address = request.getfixturevalue("address") if needs_server else ADDRESS
    flight = request.getfixturevalue("flight") if needs_server else FLIGHT
    if needs_server:
        (tmp_path / "caravan-home").symlink_to(home)
    else:
        shutil.copytree(home, tmp_path / "caravan-home")

    script, expected = _script(document, tmp_path, {ADDRESS: address, FLIGHT: flight})

    (tmp_path / "script").write_text(script, encoding="utf-8")
    done = subprocess.run(
        ["bash", "script"], check=False, cwd=tmp_path, env=_environment(), capture_output=True, text=True,
        timeout=RUN_TIMEOUT_S,
    )  # fmt: skip
    said = [file.read_text(encoding="utf-8") for file in sorted(tmp_path.glob("said-*"))]
    assert done.returncode == 0, f"{done.stderr}\n{''.join(said[-1:])}"
    for output, lines in zip(said, expected, strict=True):
        for line in lines:
            assert re.search(re.escape(line).replace("…", ".*"), output), f"{line!r} is not in:\n{output}"


def _is_run(block: Block) -> bool:
    if block.language == "console":
        return any(not reason_not_to_run(command) for command, _ in commands(block))
    return block.language == "python"


def _script(document: Path, folder: Path, addresses: dict[str, str]) -> tuple[str, list[list[str]]]:
    """Write a document's examples as one script for bash, in which each writes what it says to a file of its own."""
    data = REPOSITORY.parent / "shared" / "data"
    script = ["set -eu -o pipefail"]
    expected: list[list[str]] = []
    for block in blocks(document):
        if EXPORTS in block.text and not data.is_dir():
            continue
        named = [mark.removeprefix("file=") for mark in block.marks if mark.startswith("file=")]
        if named:
            (folder / named[0]).write_text(block.text, encoding="utf-8")
        wanted = commands(block) if block.language == "console" else []
        if block.language == "python":
            source = f"example-{len(expected):03d}.py"
            (folder / source).write_text(_placed(block.text, addresses), encoding="utf-8")
            wanted = [(f"python {source}", [])]
        for command, lines in wanted:
            if reason_not_to_run(command):
                continue
            put = _placed(command, addresses).replace(f"{EXPORTS}online-retail", f"{data}/online_retail")
            put = put.replace(EXPORTS, f"{data}/")
            script.append(f"echo {name(document)}: line {block.line} >&2\n{{ {put}\n}} > said-{len(expected):03d} 2>&1")
            expected.append([line for line in lines if line.strip() not in {"", "…"}])
    return "\n".join(script) + "\n", expected


def _placed(text: str, addresses: dict[str, str]) -> str:
    for told, real in addresses.items():
        text = text.replace(told, real)
    return text


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CARAVAN_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return {**kept, "PATH": path, "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a home with the six lines of the how-to in it."""
    folder = tmp_path_factory.mktemp("small")
    (lines,) = [
        block.text
        for block in blocks(REPOSITORY / "docs" / "how-to" / "import-a-shop.md")
        if "file=lines.csv" in block.marks
    ]
    (folder / "lines.csv").write_text(lines, encoding="utf-8")
    command = ["caravan", "import", "online-retail", "lines.csv", "--home", "home"]
    subprocess.run(command, check=True, cwd=folder, env=_environment(), capture_output=True, timeout=RUN_TIMEOUT_S)
    return folder / "home"


@pytest.fixture(scope="session")
def address() -> str:
    """Choose where the shared server listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture(scope="session")
def flight() -> str:
    """Choose where the shared server's door for BI tools listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture(scope="session")
def served(address: str, flight: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Serve the demo market for all examples that need one; give its home."""
    folder = tmp_path_factory.mktemp("served")
    command = ["caravan", "up", "--port", address.rpartition(":")[2], "--home", str(folder / "home")]
    door = {"CARAVAN_FLIGHT_PORT": flight.rpartition(":")[2]}
    log = folder / "log"
    with log.open("w", encoding="utf-8") as file:
        server = subprocess.Popen(
            command, cwd=folder, env=_environment() | door, stdin=subprocess.DEVNULL, stdout=file, stderr=file
        )
    try:
        _wait_until_served(address, server, log)
        yield folder / "home"
    finally:
        server.terminate()
        server.wait(timeout=60)


def _wait_until_served(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until:
        if server.poll() is not None:
            pytest.fail(f"The server ended:\n{log.read_text(encoding='utf-8')}", pytrace=False)
        try:
            with urllib.request.urlopen(f"http://{address}/", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"The server did not start:\n{log.read_text(encoding='utf-8')}", pytrace=False)


LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)

    lost = [target for match in LINK.finditer(prose) if not _resolves(document, target := match[1] or match[2])]

    assert not lost


def test_every_document_is_linked_from_another() -> None:
    linked = set()
    for document in DOCUMENTS:
        for match in LINK.finditer(document.read_text(encoding="utf-8")):
            target = (match[1] or match[2]).partition("#")[0]
            if target and "://" not in target:
                linked.add((document.parent / target).resolve())

    assert not [name(document) for document in DOCUMENTS if document not in linked and document.name != "README.md"]


def _resolves(document: Path, target: str) -> bool:
    if "://" in target or target.startswith("mailto:"):
        return True
    path, _, anchor = target.partition("#")
    file = (document.parent / path).resolve() if path else document
    if not file.exists():
        return False
    return not anchor or file.suffix != ".md" or anchor in _anchors(file)


def _anchors(file: Path) -> set[str]:
    prose = re.sub(r"^```.*?^```$", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

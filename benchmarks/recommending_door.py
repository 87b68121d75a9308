"""How fast recommendations are answered through the HTTP door of a large shop: one worker, kept connections, at a pace and at full speed."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from benchmarks import recommending, runs, shop
from benchmarks.connections import Answered, keep_pace, work_off
from benchmarks.workload import Load as Goods
from caravan.kernel import ids
from caravan.kernel.ids import ProductId

SURFACES = ("home", "also_bought", "goes_with")
_LINKS = 16
_SEEN_TRIED = 50
_ROOT = Path(__file__).resolve().parent.parent
_STOPS_WITHIN_S = 60


class Load(NamedTuple):
    """A shop of so many products, looks and buyers, asked so many questions a run, at so many a second and at full speed."""

    products: int = 1_000_000
    looks: int = 10_000_000
    buyers: int = 1_000
    questions: int = 3_000
    rate: int = 200
    runs: int = 5
    seed: int = 1


class Server(NamedTuple):
    """The server in its process, and its port."""

    process: "subprocess.Popen[bytes]"
    port: int

    def cpu_s(self) -> float:
        """Give what the process has used of a core, from /proc: fields 14 and 15 are its ticks."""
        told = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> int:
        """Give the memory that the process holds now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") >> 20


def run(load: Load, progress: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Fill a home, serve it by another process, and ask."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="caravan-faces-")))
        goods = Goods(skus=load.products, seed=load.seed)
        shop.fill(home, goods, lambda _: progress("Filling the shop", 0, 1), categories=2_000, buyers=load.buyers)
        progress("Filling the shop", 1, 1)
        server = stack.enter_context(_serving(home, load))
        progress("Starting the server", 1, 1)
        links = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(_LINKS)]
        for link in links:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _measure(links, load, server, progress)


def _measure(
    links: Sequence[socket.socket], load: Load, server: Server, progress: Callable[[str, int, int], None]
) -> dict[str, Any]:  # fmt: skip
    dice = np.random.default_rng(load.seed)
    hearts = recommending.hearts(recommending.Load(products=load.products, seed=load.seed), load.questions)
    visitors = [f"visitor {number}" for number in range(load.questions)]
    questions = [
        _ask(who, heart, SURFACES[place % 3]) for place, (who, heart) in enumerate(zip(visitors, hearts, strict=True))
    ]
    paced: list[Answered] = []
    fast: list[Answered] = []
    used_paced: list[float] = []
    used: list[float] = []
    for lap in range(-1, load.runs):
        own = questions if lap >= 0 else questions[:200]
        at_first = server.cpu_s()
        answered = keep_pace(links, own, rate=load.rate)
        before = server.cpu_s()
        whole = work_off(links, own)
        assert (answered.statuses == 200).all(), set(answered.statuses.tolist())
        if lap >= 0:
            paced.append(answered)
            fast.append(whole)
            used_paced.append(before - at_first)
            used.append(server.cpu_s() - before)
        progress("Asking through the door", lap + 1, load.runs)
    return {
        "machine": runs.machine(), "door": "http", "workers": 1, "connections": _LINKS, "generator": "another process, same cores",
        "seed": load.seed, "products": load.products, "buyers": load.buyers, "looks": load.looks, "questions": load.questions, "rate": load.rate,
        "memory_mb": server.memory_mb(), "unseen_looks": _unseen(links[0], load, dice), "tried_looks": _SEEN_TRIED,
        "figures": [
            _figure(f"answers at {load.rate}/s p50", "ms", [float(np.percentile(one.seconds, 50)) * 1e3 for one in paced]),
            _figure(f"answers at {load.rate}/s p99", "ms", [float(np.percentile(one.seconds, 99)) * 1e3 for one in paced]),
            _figure(f"answers at {load.rate}/s", "ms of server CPU", [took / len(questions) * 1e3 for took in used_paced]),
            _figure("answers at full speed", "a second", [len(one.seconds) / one.ended_s for one in fast]),
            _figure("answers at full speed", "a server CPU second", [len(one.seconds) / took for one, took in zip(fast, used, strict=True)]),
            _figure("answers at full speed p99", "ms", [float(np.percentile(one.seconds, 99)) * 1e3 for one in fast]),
        ],
    }  # fmt: skip


def _figure(name: str, unit: str, values: list[float]) -> runs.Figure:
    return runs.figure(name, door="http", unit=unit, values=values)


def _unseen(link: socket.socket, load: Load, dice: np.random.Generator) -> int:
    """Count the looks that the very next answer to their visitor does not know of."""
    missed = 0
    for number in range(_SEEN_TRIED):
        product = int(1 + load.products * dice.random() ** 3)
        who = f"newcomer {number}"
        assert work_off([link], [_look(who, product)]).statuses[0] == 201
        link.sendall(_ask(who, product, "home").replace(b"?", b"?limit=50&", 1))
        said = b""
        while b"\r\n\r\n" not in said or not said.endswith(b"}"):
            heard = link.recv(1 << 20)
            assert heard, "The server has hung up."
            said += heard
        told = msgspec.json.decode(said.split(b"\r\n\r\n", 1)[1])
        name = ids.text(ProductId, product)
        missed += not any(name in {one["id"], one["because"]} for one in told["data"])
    return missed


def _ask(visitor: str, product: int, surface: str) -> bytes:
    about = "" if surface == "home" else f"&product={ids.text(ProductId, product)}"
    path = f"/v1/recommendations?surface={surface}&visitor={visitor.replace(' ', '%20')}{about}"
    return f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode()


def _look(visitor: str, product: int) -> bytes:
    body = msgspec.json.encode(
        {"visitor": visitor, "signals": [{"product": ids.text(ProductId, product), "signal": "viewed"}]}
    )
    head = (
        f"POST /v1/signals HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    )
    return head.encode() + b"\r\n\r\n" + body


@contextmanager
def _serving(home: Path, load: Load) -> Iterator[Server]:
    """Serve a home from a process of its own; ready when this yields."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    told = [str(home), str(port), str(load.products), str(load.looks), str(load.seed), str(load.questions)]
    command = [sys.executable, "-m", "benchmarks.recommended", *told]
    process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        said = process.stdout.readline().split()
        assert said == [b"ready"], "The server did not start; what it said stands above."
        while not _answers(port):
            assert process.poll() is None, "The server did not start; what it said stands above."
        yield Server(process, port)
    finally:
        process.stdin.close()
        try:
            process.wait(_STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0

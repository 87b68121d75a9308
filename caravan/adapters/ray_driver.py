"""The process that speaks with Ray: it shares arrays once, hands pieces out, and says what came of them, in order."""

import shutil
import sys
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any

from caravan.adapters.ray import PIECE_S_MAX, OtherCode, call, receive, send

TRIES_MAX = 3  # So many times more, where a worker died over it.


def main() -> None:
    """Serve one command, over the pipe that it handed down, until it closes its end."""
    import ray  # noqa: PLC0415  # Heavy and optional.

    pipe = Connection(int(sys.argv[1]))
    options = receive(pipe)
    try:
        _connect(ray, options)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        send(pipe, ("gone", f"Ray did not start, or there is no such cluster ({_words(error)})"))
        return
    task: Any = ray.remote(num_cpus=1, max_retries=TRIES_MAX)(call)
    send(pipe, ("found", None))
    try:
        while True:
            _hand_out(ray, pipe, task.remote, *receive(pipe))
    except (EOFError, BrokenPipeError, ConnectionResetError):  # The command is done, or was ended.
        ray.shutdown()
        shutil.rmtree(options["folder"], ignore_errors=True)  # Where the command was killed, nobody else does.


def _connect(ray: Any, options: dict[str, Any]) -> None:  # noqa: ANN401
    if options["address"]:
        ray.init(address=options["address"], log_to_driver=False, logging_level="error")
        return
    ray.init(
        address="local", num_cpus=options["workers"], num_gpus=0, object_store_memory=options["memory_bytes"],
        include_dashboard=False, log_to_driver=False, logging_level="error", _temp_dir=f"{options['folder']}/ray",
    )  # fmt: skip


def _hand_out(  # The last four are one message.
    ray: Any, pipe: Connection, begin: Callable[..., Any], work: Callable[..., Any], code: str, shared: Any,  # noqa: ANN401
    pieces: Sequence[Any],
) -> None:  # fmt: skip
    try:
        kept = ray.put(shared)
        waiting = [begin(work, code, kept, piece) for piece in pieces][::-1]
        while waiting:
            send(pipe, ("found", ray.get(waiting.pop(), timeout=PIECE_S_MAX)))  # Ray forgets it once it is sent.
    except ray.exceptions.GetTimeoutError:
        send(pipe, ("gone", f"No piece was done within {PIECE_S_MAX / 60:.0f} minutes: has Ray a processor free?"))
    except ray.exceptions.RayTaskError as error:
        is_other = isinstance(error.cause, OtherCode | ImportError)
        told = f"Caravan is not the same on all machines ({_words(error.cause)})" if is_other else str(error)
        send(pipe, ("gone" if is_other else "broken", told))
    except ray.exceptions.RayError as error:
        send(pipe, ("gone", f"Ray's workers are gone ({_words(error)})"))


def _words(error: object) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200].rstrip(".") if lines else type(error).__name__

"""Connections: single HTTP requests worked off over kept connections by one light loop, without an HTTP library."""

import select
import socket
import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

_ANSWERS_WITHIN_S = 120
_READ_BYTES = 65_536
_LENGTH = b"content-length: "


class Answered(NamedTuple):
    """What came back: the status of each request, how long it took from being sent, or due, and when the last was there."""

    statuses: np.ndarray
    seconds: np.ndarray
    ended_s: float = 0.0


def work_off(links: Sequence[socket.socket], requests: Sequence[bytes]) -> Answered:
    """Let each connection send its next request as soon as it was answered the last, until all are answered."""
    count, now = len(requests), time.perf_counter
    statuses, sent, ended = [0] * count, [0.0] * count, [0.0] * count
    by_number = {link.fileno(): link for link in links}
    at_work, halves, following = {}, dict[int, bytes](), min(len(by_number), count)
    with select.epoll() as poll:
        for row, (number, link) in enumerate(list(by_number.items())[:following]):
            poll.register(number, select.EPOLLIN)
            at_work[number], sent[row] = row, now()
            link.sendall(requests[row])
        while at_work:
            ready = poll.poll(_ANSWERS_WITHIN_S)
            assert ready, "The server has stopped answering."
            for number, _ in ready:
                link = by_number[number]
                said = link.recv(_READ_BYTES)
                assert said, "The server has hung up."
                said = halves.pop(number, b"") + said
                if not _is_whole(said):
                    halves[number] = said
                    continue
                row = at_work.pop(number)
                statuses[row], ended[row] = int(said[9:12]), now()
                if following < count:
                    at_work[number], sent[following] = following, now()
                    link.sendall(requests[following])
                    following += 1
    return Answered(np.array(statuses), np.array(ended) - np.array(sent), max(ended) - sent[0])


def keep_pace(links: Sequence[socket.socket], requests: Sequence[bytes], *, rate: float) -> Answered:
    """Send requests by the clock, each over a connection that is free; how long one took counts from when it was due."""
    count, now = len(requests), time.perf_counter
    statuses, ended, begun = [0] * count, [0.0] * count, now()
    due = begun + np.arange(count) / rate
    by_number = {link.fileno(): link for link in links}
    free, at_work, halves, following = deque(by_number), dict[int, int](), dict[int, bytes](), 0
    with select.epoll() as poll:
        for number in by_number:
            poll.register(number, select.EPOLLIN)
        while following < count or at_work:
            while following < count and free and now() >= due[following]:
                number = free.popleft()  # In turn: a server hangs up on who is silent.
                at_work[number] = following
                by_number[number].sendall(requests[following])
                following += 1
            waits = max(0.0, due[following] - now()) if following < count and free else _ANSWERS_WITHIN_S
            for number, _ in poll.poll(waits):
                heard = by_number[number].recv(_READ_BYTES)
                assert heard, "The server has hung up."
                said = halves.pop(number, b"") + heard
                if not _is_whole(said):
                    halves[number] = said
                    continue
                row = at_work.pop(number)
                statuses[row], ended[row] = int(said[9:12]), now()
                free.append(number)
    return Answered(np.array(statuses), np.array(ended) - due, max(ended) - begun)


def _is_whole(said: bytes) -> bool:
    end = said.find(b"\r\n\r\n")
    if end < 0:
        return False
    place = said.find(_LENGTH, 0, end)
    assert place >= 0, said[:200]
    return len(said) - end - 4 >= int(said[place + len(_LENGTH) : said.find(b"\r", place)])

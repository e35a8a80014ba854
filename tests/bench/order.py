"""In which order contenders run in a round.

A contender finds the machine as the one before it left it, so no fixed order is fair: neither who is first nor who
runs after whom may be always the same.
"""

from collections.abc import Sequence
from typing import TypeVar

Contender = TypeVar("Contender")


def rotated(contenders: Sequence[Contender], turn: int) -> list[Contender]:
    """The order of a round, counted from 1: a Williams square.

    In as many rounds as there are contenders, each is once at every place. Each runs equally often directly after
    every other in as many rounds, too, if the contenders are even in number; in twice as many, if they are odd.
    """
    count = len(contenders)
    square, shift = divmod(turn - 1, count)
    # 0, 1, -1, 2, -2 …: no two neighbours are as far apart as two others, in the same direction.
    zigzag = [(place + 1) // 2 if place % 2 else -place // 2 for place in range(count)]
    if square % 2 and count % 2:
        zigzag.reverse()
    return [contenders[(place + shift) % count] for place in zigzag]

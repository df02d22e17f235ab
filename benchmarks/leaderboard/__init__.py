"""The leaderboard: every method of ours beside published results and controls, in tables that cannot be mixed up.

    python -m benchmarks.leaderboard [--save]

`read` gives the pages the tables of the results file.
"""

from benchmarks.leaderboard import example
from benchmarks.leaderboard.board import Board, read

__all__ = ["Board", "example", "read"]

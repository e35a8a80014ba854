"""Groups of sizes with the least squares within them: every way to cut is weighed, no rule says where to look."""

import numpy as np


def cluster_starts(sizes: list[int], clusters: int) -> list[int]:
    """The smallest size of each cluster of log10(sizes); fewer clusters where there are fewer sizes.

    Equal sizes are one value with more weight: nothing is gained by parting them.
    """
    values, weights = np.unique(np.array(sizes, dtype=np.int64), return_counts=True)
    ends = np.arange(len(values) + 1)
    logs = np.log10(values)
    if len(values):
        # The result is the same around any middle; sums of large squares would lose digits.
        logs -= np.average(logs, weights=weights)
    weight, total, squares = (np.concatenate([[0.0], np.cumsum(weights * logs**power)]) for power in range(3))

    def within(first: np.ndarray, end: int) -> np.ndarray:
        """Sum of squares around the mean of values[first:end]."""
        return squares[end] - squares[first] - (total[end] - total[first]) ** 2 / (weight[end] - weight[first])

    # Of the values before each end: the least sum with so many clusters, and where the last of them begins.
    least = np.where(ends == 0, 0.0, np.inf)
    begins = []
    for _ in range(min(clusters, len(values))):
        begin, sums = np.zeros_like(ends), np.full(len(ends), np.inf)
        for end in ends[1:]:
            candidates = least[:end] + within(ends[:end], end)
            begin[end] = np.argmin(candidates)
            sums[end] = candidates[begin[end]]
        least = sums
        begins.append(begin)

    starts, end = [], len(values)
    for begin in reversed(begins):
        end = begin[end]
        starts.append(int(values[end]))
    return starts[::-1]

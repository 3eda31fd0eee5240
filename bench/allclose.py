"""Measures torch.allclose of two float32 tensors with small differences; prints the nanoseconds of a call
for each line it reads.

usage: allclose.py elements
"""

import sys
import time

import torch


def main() -> None:
    torch.manual_seed(1)
    want = torch.randn(int(sys.argv[1]))
    got = want * (1 + 1e-6 * (2 * torch.rand_like(want) - 1))
    for _ in sys.stdin:
        start = time.perf_counter_ns()
        close = torch.allclose(got, want)
        took = time.perf_counter_ns() - start
        assert close
        print(took, flush=True)


if __name__ == "__main__":
    main()

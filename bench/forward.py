"""Measures one forward of a scripted module in Python; prints nanoseconds per call, for each line it reads
those of a batch of calls.

usage: forward.py model_scripted.pt x.npy calls
"""

import sys
import time

import numpy as np
import torch


def main() -> None:
    torch.set_num_threads(1)
    module = torch.jit.load(sys.argv[1]).eval()
    x = torch.from_numpy(np.load(sys.argv[2]))
    calls = int(sys.argv[3])
    with torch.inference_mode():
        for _ in range(1000):
            module(x)
        for _ in sys.stdin:
            start = time.perf_counter_ns()
            for _ in range(calls):
                module(x)
            print((time.perf_counter_ns() - start) / calls, flush=True)


if __name__ == "__main__":
    main()

"""Measures one forward of a scripted module in Python; prints nanoseconds per call, a line for each batch.

usage: forward.py model_scripted.pt x.npy calls batches
"""

import sys
import time

import numpy as np
import torch


def main() -> None:
    torch.set_num_threads(1)
    module = torch.jit.load(sys.argv[1]).eval()
    x = torch.from_numpy(np.load(sys.argv[2]))
    calls, batches = int(sys.argv[3]), int(sys.argv[4])
    with torch.inference_mode():
        for _ in range(1000):
            module(x)
        for _ in range(batches):
            start = time.perf_counter_ns()
            for _ in range(calls):
                module(x)
            print((time.perf_counter_ns() - start) / calls, flush=True)


if __name__ == "__main__":
    main()

"""The Python side of bench/checkpoint: does what it is told, on the files it is told, and prints the seconds.

Reads lines "operation path" and answers each with a number.
"""

import os
import sys
import time

import torch

torch.set_num_threads(os.cpu_count() or 1)


def names(path: str) -> None:
    for name, tensor in torch.load(path, mmap=True, weights_only=True).items():
        _ = name, tensor.shape, tensor.dtype


def load(path: str) -> None:
    torch.load(path, weights_only=True)


OPERATIONS = {"names": names, "load": load}
kept = {}

print(torch.__version__, flush=True)
for line in sys.stdin:
    operation, path = line.rstrip("\n").split(" ", 1)
    if operation == "save":
        # What is saved is in memory before the clock starts.
        source, path = path.split(" ", 1)
        if source not in kept:
            kept.clear()
            kept[source] = torch.load(source, weights_only=True)
        began = time.perf_counter()
        torch.save(kept[source], path)
    else:
        began = time.perf_counter()
        OPERATIONS[operation](path)
    print(time.perf_counter() - began, flush=True)

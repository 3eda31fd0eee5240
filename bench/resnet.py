"""Measures one training step of torchvision's ResNet-18 in Python, eagerly; prints nanoseconds per step, for each line
it reads those of a batch of steps.

usage: resnet.py steps
"""

import sys
import time

import torch
import torchvision


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = torchvision.models.resnet18()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    criterion = torch.nn.CrossEntropyLoss()
    x, y = torch.randn(8, 3, 64, 64), torch.arange(8)
    steps = int(sys.argv[1])

    def step() -> None:
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()

    for _ in range(3):
        step()
    for _ in sys.stdin:
        start = time.perf_counter_ns()
        for _ in range(steps):
            step()
        print((time.perf_counter_ns() - start) / steps, flush=True)


if __name__ == "__main__":
    main()

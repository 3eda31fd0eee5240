"""Measures one training step of the model of scenario 1 in Python, eagerly; prints nanoseconds per step, for each
line it reads those of a batch of steps.

usage: step.py steps
"""

import sys

import torch
from torch import nn

from turns import each_turn, training_step


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()
    x, y = torch.randn(10, 4), torch.randint(0, 2, (10,))
    steps = int(sys.argv[1])
    step = training_step(model, optimizer, criterion, x, y)
    for _ in range(200):
        step()
    each_turn(step, steps)


if __name__ == "__main__":
    main()

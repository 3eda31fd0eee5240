"""Measures one training step of torchvision's ResNet-18 in Python, eagerly; prints nanoseconds per step, for each line
it reads those of a batch of steps.

usage: resnet.py steps
"""

import sys

import torch
import torchvision

from turns import each_turn, training_step


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = torchvision.models.resnet18()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    criterion = torch.nn.CrossEntropyLoss()
    x, y = torch.randn(8, 3, 64, 64), torch.arange(8)
    steps = int(sys.argv[1])
    step = training_step(model, optimizer, criterion, x, y)
    for _ in range(3):
        step()
    each_turn(step, steps)


if __name__ == "__main__":
    main()

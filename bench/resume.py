"""Measures how long Python takes to resume a training from a checkpoint that the Go program wrote; prints nanoseconds,
for each line it reads those of a batch.

usage: resume.py checkpoint.pt times
"""

import sys

import torch
from torch import nn

from turns import each_turn


def main() -> None:
    torch.set_num_threads(1)
    times = int(sys.argv[2])

    def resume() -> None:
        saved = torch.load(sys.argv[1], weights_only=True)
        model = nn.Sequential(*(nn.Linear(2048, 2048) for _ in range(saved["hyperparams"]["layers"])))
        model.load_state_dict(saved["model_state_dict"])
        optimizer = torch.optim.Adam(model.parameters())
        optimizer.load_state_dict(saved["optimizer_state_dict"])

    each_turn(resume, times)


if __name__ == "__main__":
    main()

"""What the article's Python script does to answer cmd/verify's question in its simplest form.

usage: verify.py model_scripted.pt model_state.pt x.npy
"""

import sys

import numpy as np
import torch
from torch import nn


class MyModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(x)


def main() -> int:
    scripted = torch.jit.load(sys.argv[1]).eval()
    rebuilt = MyModel()
    rebuilt.load_state_dict(torch.load(sys.argv[2], weights_only=True))
    rebuilt.eval()
    x = torch.from_numpy(np.load(sys.argv[3]))
    with torch.inference_mode():
        got, want = rebuilt(x), scripted(x)
    same = torch.allclose(got, want)
    print(f"SAME? state_dict: {same}   max |d| {(got - want).abs().max().item()}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())

"""Loads what Go saved in the current folder, and says whether it computes the same: load.py SCENARIO"""

import sys

import numpy as np
import torch


def same(model: torch.nn.Module, folder: str) -> bool:
    """Says whether a model computes expected.npy of x.npy."""
    x, before = (torch.from_numpy(np.load(f"{folder}/{name}.npy")) for name in ("x", "expected"))
    with torch.no_grad():
        return torch.allclose(model.eval()(x), before)


def safe_model_save() -> None:
    from safe_model_save import MyModel

    rebuilt = MyModel()
    rebuilt.load_state_dict(torch.load("model_state.pt", weights_only=True))
    print("SAME? state_dict:", same(rebuilt, "."))
    print("SAME? TorchScript:", same(torch.jit.load("model_scripted.pt"), "."))


def dynamic_model_safe_save() -> None:
    from dynamic_model_safe_save import DynamicModel

    for folder, title in (("buffer", "SAME?"), ("attribute", "SAME? (bad)")):
        saved = torch.load(f"{folder}/checkpoint.pt", weights_only=True)
        rebuilt = DynamicModel(**saved["model_args"])
        rebuilt.load_state_dict(saved["model_state_dict"])
        print(title, same(rebuilt, folder))
        assert same(torch.jit.load(f"{folder}/model_scripted.pt"), folder)


{"safe_model_save": safe_model_save, "dynamic_model_safe_save": dynamic_model_safe_save}[sys.argv[1]]()

"""The folded CAM++ against the network as published."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.config import Settings
from pipeline.engines import weights
from pipeline.engines.campplus import CampPlus
from tests.pipeline.campplus_reference import ReferenceNetwork

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def file(model_settings: Settings) -> Path:
    return weights.verified_folder("campplus", model_settings.models) / "campplus_cn_en_common.pt"


@pytest.fixture(scope="module")
def network(file: Path) -> CampPlus:
    return CampPlus(file)


@pytest.mark.parametrize("frames", [37, 100, 200, 330])
def test_the_folded_network_gives_what_the_published_one_gives(network: CampPlus, file: Path, frames: int) -> None:
    reference = ReferenceNetwork()
    reference.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    reference.eval()
    windows = torch.randn(3, frames, 80, generator=torch.Generator().manual_seed(frames)) * 3 - 5
    with torch.inference_mode():
        expected = torch.nn.functional.normalize(reference(windows - windows.mean(1, keepdim=True)), dim=1)
    assert np.allclose(network.embed(windows), expected.numpy(), atol=1e-4)


def test_a_window_cut_from_a_stretch_sounds_as_one_cut_from_the_features(network: CampPlus) -> None:
    generator = torch.Generator().manual_seed(1)
    stretch = torch.randn(1, 400, 80, generator=generator).cumsum(1) * 0.2
    stretch = stretch - stretch.mean(1, keepdim=True)
    inside = stretch[:, 150:250]
    from_stretch = network.embed_heads(network.stretch(stretch[0])[None, 150:250])
    alone = network.embed(inside)
    assert float((from_stretch * alone).sum()) > 0.9


def test_no_windows_no_rows(network: CampPlus) -> None:
    assert network.embed(torch.zeros(0, 100, 80)).shape == (0, 192)


def test_other_weights_are_refused(tmp_path: Path) -> None:
    torch.save({"head.conv1.weight": torch.zeros(1)}, tmp_path / "other.pt")
    with pytest.raises(KeyError):
        CampPlus(tmp_path / "other.pt")

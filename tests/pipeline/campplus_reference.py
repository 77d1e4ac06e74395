"""CAM++ layer by layer as published, to hold the folded network of pipeline/engines/campplus_network.py against."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the customary name

MEL_BANDS = 80
DIMENSION = 192


class ReferenceNetwork(nn.Module):
    """The layers, named as in the published state dict."""

    def __init__(self) -> None:
        super().__init__()
        self.head = _Head()
        self.xvector = nn.Sequential()
        self.xvector.add_module("tdnn", _Tdnn(MEL_BANDS // 8 * 32, 128))
        channels = 128
        for number, (layers, dilation) in enumerate(((12, 1), (24, 2), (16, 2)), start=1):
            self.xvector.add_module(f"block{number}", _DenseBlock(layers, channels, dilation))
            channels += layers * _DenseLayer.GROWTH
            self.xvector.add_module(f"transit{number}", _Transit(channels, channels // 2))
            channels //= 2
        self.xvector.add_module("out_nonlinear", _nonlinear(channels))
        self.xvector.add_module("stats", _StatisticsPool())
        self.xvector.add_module("dense", _Embedding(2 * channels, DIMENSION))

    def forward(self, windows: Tensor) -> Tensor:
        """(batch, frames, 80) to (batch, 192)."""
        embedded: Tensor = self.xvector(self.head(windows.transpose(1, 2)))
        return embedded


class _Residual(nn.Module):
    def __init__(self, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(32, 32, 3, stride=(stride, 1), padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 32, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(32)
        self.shortcut = nn.Sequential()
        if stride != 1:
            self.shortcut = nn.Sequential(nn.Conv2d(32, 32, 1, stride=(stride, 1), bias=False), nn.BatchNorm2d(32))

    def forward(self, x: Tensor) -> Tensor:
        inner = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(inner + self.shortcut(x))


class _Head(nn.Module):
    """Two-dimensional front end: 80 mel bands in, 32 channels over 10 bands out."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        self.layer1 = nn.Sequential(_Residual(2), _Residual(1))
        self.layer2 = nn.Sequential(_Residual(2), _Residual(1))
        self.conv2 = nn.Conv2d(32, 32, 3, stride=(2, 1), padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(32)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x.unsqueeze(1))))
        x = F.relu(self.bn2(self.conv2(self.layer2(self.layer1(x)))))
        return x.flatten(1, 2)


def _nonlinear(channels: int) -> nn.Sequential:
    layers = nn.Sequential()
    layers.add_module("batchnorm", nn.BatchNorm1d(channels))
    layers.add_module("relu", nn.ReLU(inplace=True))
    return layers


class _Tdnn(nn.Module):
    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(channels_in, channels_out, 5, stride=2, padding=2, bias=False)
        self.nonlinear = _nonlinear(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.nonlinear(self.linear(x))
        return out


class _ContextMask(nn.Module):
    """Context-aware masking: the mean of the utterance and of each 1 s segment gate the local features."""

    SEGMENT_FRAMES = 100

    def __init__(self, channels_in: int, channels_out: int, dilation: int) -> None:
        super().__init__()
        self.linear_local = nn.Conv1d(channels_in, channels_out, 3, padding=dilation, dilation=dilation, bias=False)
        self.linear1 = nn.Conv1d(channels_in, channels_in // 2, 1)
        self.linear2 = nn.Conv1d(channels_in // 2, channels_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[-1]
        segments = F.avg_pool1d(x, self.SEGMENT_FRAMES, stride=self.SEGMENT_FRAMES, ceil_mode=True)
        context = x.mean(-1, keepdim=True) + segments.repeat_interleave(self.SEGMENT_FRAMES, dim=-1)[..., :length]
        gate = torch.sigmoid(self.linear2(F.relu(self.linear1(context))))
        out: Tensor = self.linear_local(x) * gate
        return out


class _DenseLayer(nn.Module):
    GROWTH = 32
    BOTTLENECK = 128

    def __init__(self, channels_in: int, dilation: int) -> None:
        super().__init__()
        self.nonlinear1 = _nonlinear(channels_in)
        self.linear1 = nn.Conv1d(channels_in, self.BOTTLENECK, 1, bias=False)
        self.nonlinear2 = _nonlinear(self.BOTTLENECK)
        self.cam_layer = _ContextMask(self.BOTTLENECK, self.GROWTH, dilation)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.cam_layer(self.nonlinear2(self.linear1(self.nonlinear1(x))))
        return out


class _DenseBlock(nn.Module):
    def __init__(self, layers: int, channels_in: int, dilation: int) -> None:
        super().__init__()
        self._layers: list[Callable[[Tensor], Tensor]] = []
        for number in range(layers):
            layer = _DenseLayer(channels_in + number * _DenseLayer.GROWTH, dilation)
            self.add_module(f"tdnnd{number + 1}", layer)
            self._layers.append(layer)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self._layers:
            x = torch.cat((x, layer(x)), dim=1)
        return x


class _Transit(nn.Module):
    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.nonlinear = _nonlinear(channels_in)
        self.linear = nn.Conv1d(channels_in, channels_out, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.linear(self.nonlinear(x))
        return out


class _StatisticsPool(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((x.mean(-1), x.std(-1)), dim=-1)


class _Embedding(nn.Module):
    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(channels_in, channels_out, 1, bias=False)
        self.nonlinear = nn.Sequential()
        self.nonlinear.add_module("batchnorm", nn.BatchNorm1d(channels_out, affine=False))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.nonlinear(self.linear(x.unsqueeze(-1)).squeeze(-1))
        return out

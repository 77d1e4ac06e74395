"""The layers of CAM++, for inference only: batch norms are folded into the convolutions, channels come last in memory.

Architecture: Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification Using Context-Aware Masking",
Interspeech 2023, in the 3D-Speaker variant whose weights weights.yaml names. Layer by layer as published it stands in
tests/pipeline/campplus_reference.py; the values are the same up to rounding, in about half of the processor time.

The front end (`head`) sees 0.1 s around a frame and nothing else, so it is computed once for a stretch of speech; the
rest (`embed`) looks at a window as a whole and is computed for each.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the customary name

MEL_BANDS = 80
HEAD_BANDS = 320  # 32 channels over 10 bands
DIMENSION = 192
GROWTH = 32  # channels that a dense layer adds
SEGMENT_FRAMES = 100  # of the masked context, in frames of 20 ms
BATCH_NORM_EPSILON = 1e-5
BLOCKS = ((12, 1), (24, 2), (16, 2))  # layers and dilation

State = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class _Convolution:
    """A convolution with the batch norm behind it. weight: (out, in, rows, columns), channels last."""

    weight: Tensor
    bias: Tensor | None
    stride: tuple[int, int] = (1, 1)
    dilation: int = 1

    def __call__(self, x: Tensor) -> Tensor:
        rows, columns = self.weight.shape[2:]
        padding = (rows // 2, columns // 2 * self.dilation)
        return F.conv2d(x, self.weight, self.bias, self.stride, padding, (1, self.dilation))


@dataclass(frozen=True, slots=True)
class _Norm:
    """A batch norm that stands before a ReLU: scale and shift, (channels,) each."""

    scale: Tensor
    shift: Tensor

    def rectified(self, x: Tensor, room: Tensor) -> Tensor:
        """relu(scale * x + shift) of x (windows, 1, frames, channels) as (windows, channels, 1, frames).

        room: at least as many numbers as x, overwritten; memory that is asked for anew costs more than the sum.
        """
        out = room[: x.numel()].view(x.shape)
        torch.addcmul(self.shift, x, self.scale, out=out)
        return F.relu_(out).permute(0, 3, 1, 2)


@dataclass(frozen=True, slots=True)
class _Residual:
    """Two convolutions beside a shortcut."""

    first: _Convolution
    second: _Convolution
    shortcut: _Convolution | None

    def __call__(self, x: Tensor) -> Tensor:
        inner = self.second(F.relu_(self.first(x)))
        inner += x if self.shortcut is None else self.shortcut(x)
        return F.relu_(inner)


@dataclass(frozen=True, slots=True)
class _DenseLayer:
    """A bottleneck and local features, gated by the context: the mean of the window and of each segment."""

    norm: _Norm
    bottleneck: _Convolution
    local: _Convolution
    context: _Convolution
    gate: _Convolution

    def __call__(self, x: Tensor, room: Tensor) -> Tensor:
        inner = F.relu_(self.bottleneck(self.norm.rectified(x, room)))
        frames = inner.shape[3]
        segments = F.avg_pool2d(inner, (1, SEGMENT_FRAMES), (1, SEGMENT_FRAMES), ceil_mode=True)
        if frames <= SEGMENT_FRAMES:
            segments = inner.mean(3, keepdim=True)
        context = inner.mean(3, keepdim=True) + segments
        gate = torch.sigmoid(self.gate(F.relu_(self.context(context))))
        if frames > SEGMENT_FRAMES:
            gate = gate.repeat_interleave(SEGMENT_FRAMES, 3)[..., :frames]
        return self.local(inner) * gate


class Network:
    """CAM++ with its weights. Raises KeyError or RuntimeError when the state is not that of the network."""

    def __init__(self, state: State, device: torch.device) -> None:
        weights = {name: tensor.to(device) for name, tensor in state.items()}
        with torch.inference_mode():
            self._head = _head(weights)
            self._first = _folded(weights, "xvector.tdnn.linear", "xvector.tdnn.nonlinear.batchnorm", stride=(1, 2))
            self._blocks = tuple(_block(weights, number) for number in range(1, len(BLOCKS) + 1))
            self._last = _norm(weights, "xvector.out_nonlinear.batchnorm")
            self._dense = _folded(weights, "xvector.dense.linear", "xvector.dense.nonlinear.batchnorm")

    @torch.inference_mode()
    def head(self, features: Tensor) -> Tensor:
        """Centred features (windows, frames, 80) to front-end features (windows, frames, 320)."""
        x = features.transpose(1, 2).unsqueeze(1).contiguous(memory_format=torch.channels_last)
        for layer in self._head:
            x = F.relu_(layer(x))
        return x.permute(0, 3, 1, 2).reshape(len(x), x.shape[3], HEAD_BANDS)

    @torch.inference_mode()
    def embed(self, heads: Tensor) -> Tensor:
        """Front-end features (windows, frames, 320) to embeddings (windows, 192), of any length each."""
        x = F.relu_(self._first(heads.transpose(1, 2).unsqueeze(2)))
        for layers, norm, transit in self._blocks:
            x = _dense(x, layers, norm, transit)
        x = F.relu_(self._last.scale[:, None, None] * x + self._last.shift[:, None, None])
        pooled = torch.cat((x.mean(3), x.std(3)), 1).unsqueeze(3)
        return self._dense(pooled)[:, :, 0, 0]


def _dense(x: Tensor, layers: tuple[_DenseLayer, ...], norm: _Norm, transit: _Convolution) -> Tensor:
    """A dense block: every layer sees what all before it gave, side by side in one piece of memory."""
    windows, channels, _, frames = x.shape
    grown = x.new_empty(windows, 1, frames, channels + GROWTH * len(layers))
    room = x.new_empty(grown.numel())
    grown[..., :channels] = x.permute(0, 2, 3, 1)
    for layer in layers:
        grown[..., channels : channels + GROWTH] = layer(grown[..., :channels], room).permute(0, 2, 3, 1)
        channels += GROWTH
    return transit(norm.rectified(grown, room))


def _head(weights: State) -> tuple[_Convolution | _Residual, ...]:
    def residual(name: str, stride: int) -> _Residual:
        return _Residual(
            _folded(weights, f"{name}.conv1", f"{name}.bn1", stride=(stride, 1)),
            _folded(weights, f"{name}.conv2", f"{name}.bn2"),
            None if stride == 1 else _folded(weights, f"{name}.shortcut.0", f"{name}.shortcut.1", stride=(stride, 1)),
        )

    return (
        _folded(weights, "head.conv1", "head.bn1"),
        *(residual(f"head.layer{number}.{i}", 2 - i) for number in (1, 2) for i in (0, 1)),
        _folded(weights, "head.conv2", "head.bn2", stride=(2, 1)),
    )


def _block(weights: State, number: int) -> tuple[tuple[_DenseLayer, ...], _Norm, _Convolution]:
    count, dilation = BLOCKS[number - 1]
    transit = f"xvector.transit{number}"

    def layer(name: str) -> _DenseLayer:
        return _DenseLayer(
            norm=_norm(weights, f"{name}.nonlinear1.batchnorm"),
            bottleneck=_folded(weights, f"{name}.linear1", f"{name}.nonlinear2.batchnorm"),
            local=_plain(weights, f"{name}.cam_layer.linear_local", dilation),
            context=_plain(weights, f"{name}.cam_layer.linear1"),
            gate=_plain(weights, f"{name}.cam_layer.linear2"),
        )

    layers = tuple(layer(f"xvector.block{number}.tdnnd{i}") for i in range(1, count + 1))
    return layers, _norm(weights, f"{transit}.nonlinear.batchnorm"), _plain(weights, f"{transit}.linear")


def _norm(weights: State, name: str) -> _Norm:
    variance, mean = weights[f"{name}.running_var"], weights[f"{name}.running_mean"]
    scale = torch.rsqrt(variance + BATCH_NORM_EPSILON)
    if f"{name}.weight" in weights:
        scale = scale * weights[f"{name}.weight"]
    return _Norm(scale, weights.get(f"{name}.bias", torch.zeros_like(mean)) - mean * scale)


def _folded(weights: State, convolution: str, norm: str, stride: tuple[int, int] = (1, 1)) -> _Convolution:
    """A convolution without a bias, and the batch norm that follows it."""
    behind = _norm(weights, norm)
    weight = _four(weights[f"{convolution}.weight"]) * behind.scale[:, None, None, None]
    return _Convolution(weight.contiguous(memory_format=torch.channels_last), behind.shift, stride)


def _plain(weights: State, name: str, dilation: int = 1) -> _Convolution:
    weight = _four(weights[f"{name}.weight"]).contiguous(memory_format=torch.channels_last)
    return _Convolution(weight, weights.get(f"{name}.bias"), dilation=dilation)


def _four(weight: Tensor) -> Tensor:
    """A kernel over time as one over a single row and time."""
    return weight if weight.dim() == 4 else weight.unsqueeze(2)

"""What each family's own tools do around its network, in torch: the whole track in, stems out. Written from the public
descriptions (MODELS.md 2), on purpose without anything of the engine."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

Network = Callable[..., Tensor]


def stft(x: Tensor, n_fft: int, hop: int, *, center: bool = True) -> Tensor:
    """``(channels, n)`` to complex ``(channels, bins, times)``."""
    return torch.stft(
        x, n_fft, hop, window=torch.hann_window(n_fft), center=center, pad_mode="reflect", return_complex=True
    )


def istft(z: Tensor, n_fft: int, hop: int, length: int) -> Tensor:
    """The inverse of the centred one."""
    return torch.istft(z, n_fft, hop, window=torch.hann_window(n_fft), center=True, length=length)


def planes(z: Tensor) -> Tensor:
    """Complex ``(2, bins, times)`` to ``(4, bins, times)``, L.re, L.im, R.re, R.im."""
    return torch.view_as_real(z).permute(0, 3, 1, 2).reshape(4, *z.shape[1:])


def complexed(x: Tensor) -> Tensor:
    """The inverse of `planes`, with leading axes."""
    *lead, _, bins, times = x.shape
    pairs = x.reshape(*lead, 2, 2, bins, times)
    return torch.complex(pairs[..., 0, :, :].contiguous(), pairs[..., 1, :, :].contiguous())


def filled(z: Tensor, bins: int) -> Tensor:
    """Zeros above the bins that a graph gives."""
    return F.pad(z, (0, 0, 0, bins - z.shape[-2]))


def uvr_mdx(
    mix: Tensor, network: Network, *, n_fft: int, hop: int, dim_f: int, dim_t: int, compensate: float, denoise: bool
) -> Tensor:
    """Ultimate Vocal Remover's MDX-Net: primary stem and complement."""
    chunk, trim = hop * (dim_t - 1), n_fft // 2

    def run(part: Tensor) -> Tensor:
        spectrum = planes(stft(part, n_fft, hop))[None, :, :dim_f].clone()
        spectrum[:, :, :3] = 0
        made = network(spectrum)
        if denoise:
            made = -network(-spectrum) * 0.5 + made * 0.5
        return istft(filled(complexed(made[0]), n_fft // 2 + 1), n_fft, hop, chunk)

    step = round(0.75 * chunk)
    padded = F.pad(mix, (trim, chunk))
    total, norm = torch.zeros(2, mix.shape[1] + trim + 2 * chunk), torch.zeros(mix.shape[1] + trim + 2 * chunk)
    window = torch.hann_window(chunk, periodic=False)
    for start in range(0, trim + mix.shape[1], step):
        part = padded[:, start : start + chunk]
        part = F.pad(part, (0, chunk - part.shape[1]))
        total[:, start : start + chunk] += run(part) * window
        norm[start : start + chunk] += window
    stem = (total / norm)[:, trim : trim + mix.shape[1]]
    return torch.stack([stem, mix - compensate * stem])


def bordered(mix: Tensor, run: Callable[[Tensor], Tensor], *, chunk: int, step: int, stems: int) -> Tensor:
    """Passages with mirrored borders and linear fades, as the tools for MDX23C and the RoFormers have it."""
    border, fade, length = chunk - step, int(chunk * 0.1), mix.shape[1]
    reach = min(border, length - 1)
    padded = F.pad(mix[None], (reach, reach), mode="reflect")[0]
    padded = F.pad(padded, (border - reach, border - reach + chunk))
    total = torch.zeros(stems, 2, padded.shape[1])
    norm = torch.zeros(padded.shape[1])
    window = torch.ones(chunk)
    window[:fade] = (torch.arange(fade) + 0.5) / fade
    window[-fade:] = window[:fade].flip(0)
    for start in range(0, length + border, step):
        total[:, :, start : start + chunk] += run(padded[:, start : start + chunk]) * window
        norm[start : start + chunk] += window
    return (total / norm)[:, :, border : border + length]


def mdx23c(mix: Tensor, network: Network, *, n_fft: int, hop: int, dim_f: int, dim_t: int, stems: int) -> Tensor:
    """TFC-TDF v3."""
    chunk = hop * (dim_t - 1)

    def run(part: Tensor) -> Tensor:
        made = network(planes(stft(part, n_fft, hop))[None, :, :dim_f])[0]
        z = filled(complexed(made), n_fft // 2 + 1)
        return istft(z.flatten(0, 1), n_fft, hop, chunk).reshape(stems, 2, chunk)

    return bordered(mix, run, chunk=chunk, step=round(chunk * 0.5), stems=stems)


def roformer(mix: Tensor, network: Network, *, n_fft: int, hop: int, times: int, stems: int) -> Tensor:
    """BS- and Mel-Band RoFormer: complex masks, no constant part."""
    chunk = hop * (times - 1)

    def run(part: Tensor) -> Tensor:
        z = stft(part, n_fft, hop)
        both = torch.view_as_real(z).permute(1, 0, 2, 3).flatten(0, 1)[None]
        masks = torch.view_as_complex(network(both)[0].contiguous())
        masks = masks.reshape(stems, -1, 2, masks.shape[-1]).permute(0, 2, 1, 3)
        out = masks * z[None]
        out[:, :, 0] = 0
        return istft(out.flatten(0, 1), n_fft, hop, chunk).reshape(stems, 2, chunk)

    return bordered(mix, run, chunk=chunk, step=round(chunk * 0.5), stems=stems)


def open_unmix(mix: Tensor, networks: list[Network], *, n_fft: int, hop: int) -> Tensor:
    """Open-Unmix without expectation maximisation: the estimated magnitude with the phase of the mixture."""
    z = stft(mix, n_fft, hop)
    magnitude = z.abs()[None]
    phase = torch.angle(z)
    return torch.stack(
        [istft(torch.polar(network(magnitude)[0], phase), n_fft, hop, mix.shape[1]) for network in networks]
    )


def spleeter(mix: Tensor, networks: list[Network], *, n_fft: int, hop: int, bins: int, times: int) -> Tensor:
    """Spleeter as sherpa-onnx runs it: ratio masks of the power, no centring, nothing above the highest bin; a
    window of silence before the track, as Spleeter itself has it."""
    length = mix.shape[1] + n_fft
    passages = -(-length // (hop * times))
    padded = F.pad(mix, (n_fft, passages * times * hop + n_fft - hop - length))
    z = stft(padded, n_fft, hop, center=False)
    frames = passages * times
    magnitude = z.abs()[:, :bins, :frames].transpose(1, 2).reshape(2, passages, times, bins)
    power = torch.stack([network(magnitude) ** 2 for network in networks])
    masks = (power + 1e-10 / len(networks)) / (power.sum(0) + 1e-10)
    masks = filled(masks.reshape(len(networks), 2, frames, bins).transpose(2, 3), n_fft // 2 + 1)
    window = torch.hann_window(n_fft)
    out = torch.zeros(len(networks), 2, padded.shape[1])
    norm = torch.zeros(padded.shape[1])
    pieces = torch.fft.irfft(masks * z[None, :, :, :frames], n=n_fft, dim=2)
    for index in range(frames):
        out[..., index * hop : index * hop + n_fft] += pieces[..., index] * window
        norm[index * hop : index * hop + n_fft] += window**2
    return (out / norm.clamp_min(1e-8))[..., n_fft:length]


def demucs_passages(mix: Tensor, run: Callable[[Tensor], Tensor], *, segment: int, stems: int) -> Tensor:
    """The passages of Demucs' own `apply_model` with split and without shifts, around the normalised track."""
    mono = mix.mean(0)
    mean, std = mono.mean(), mono.std() + 1e-8
    track = (mix - mean) / std
    length, stride = track.shape[1], int(0.75 * segment)
    weight = torch.cat([torch.arange(1, segment // 2 + 1), torch.arange(segment - segment // 2, 0, -1)]).float()
    weight = weight / weight.max()
    total, norm = torch.zeros(stems, 2, length), torch.zeros(length)
    for offset in range(0, length, stride):
        size = min(segment, length - offset)
        before = (segment - size) // 2
        start = offset - before
        part = track[:, max(start, 0) : start + segment]
        part = F.pad(part, (max(-start, 0), segment - part.shape[1] - max(-start, 0)))
        made = run(part)[:, :, before : before + size]
        total[:, :, offset : offset + size] += made * weight[:size]
        norm[offset : offset + size] += weight[:size]
    return total / norm * std + mean


def demucs_spectrum(x: Tensor, n_fft: int, hop: int) -> Tensor:
    """Demucs' `_spec`: as many frames as hops, the highest bin left out."""
    frames, pad = -(-x.shape[-1] // hop), hop // 2 * 3
    x = F.pad(x[None], (pad, pad + frames * hop - x.shape[-1]), mode="reflect")[0]
    z = torch.stft(x, n_fft, hop, window=torch.hann_window(n_fft), normalized=True, center=True, return_complex=True)[
        :, :-1
    ]
    return z[..., 2 : 2 + frames]


def demucs_inverse(z: Tensor, n_fft: int, hop: int, length: int) -> Tensor:
    """Demucs' `_ispec`; ``(stems, 2, bins, times)``."""
    z = F.pad(F.pad(z, (0, 0, 0, 1)), (2, 2))
    pad = hop // 2 * 3
    size = hop * -(-length // hop) + 2 * pad
    flat = torch.istft(
        z.flatten(0, 1), n_fft, hop, window=torch.hann_window(n_fft), normalized=True, center=True, length=size
    )
    return flat.reshape(*z.shape[:2], size)[..., pad : pad + length]


def demucs_core(
    mix: Tensor, network: Network, *, segment: int, stems: int, n_fft: int, hop: int, outside: bool
) -> Tensor:
    """Demucs with its transforms (and its normalisation, where `outside`) around the graph."""

    def run(part: Tensor) -> Tensor:
        spectrum = planes(demucs_spectrum(part, n_fft, hop))[None]
        wave = part[None]
        if not outside:
            spectra, waves = network(wave, spectrum)
        else:
            mean, std = spectrum.mean(), spectrum.std()
            mean_t, std_t = wave.mean(), wave.std()
            spectra, waves = network((wave - mean_t) / (1e-5 + std_t), (spectrum - mean) / (1e-5 + std))
            spectra, waves = spectra * std + mean, waves * std_t + mean_t
        spectra = spectra.reshape(stems, 4, *spectrum.shape[2:])
        return demucs_inverse(complexed(spectra), n_fft, hop, segment) + waves.reshape(stems, 2, -1)

    return demucs_passages(mix, run, segment=segment, stems=stems)


def spectral(
    mix: Tensor, network: Network, *, n_fft: int, hop: int, scale: float, masks: bool, bins: int, top: int
) -> Tensor:
    """Our own networks over the whole track at once, for tracks of one passage."""
    length = mix.shape[1]
    edge = n_fft - hop
    padded = F.pad(mix, (edge, edge + -(length + 2 * edge - n_fft) % hop))
    z = stft(padded, n_fft, hop, center=False)
    level = scale / _level(mix)
    feed = planes(z)[None, :, :bins] * level
    made = network(feed)[0]
    if masks:
        share = torch.softmax(made, 0)
        above = share[:, :, -top:].mean(2, keepdim=True).expand(-1, -1, z.shape[1] - bins, -1)
        out = torch.cat([share, above], 2) * z[None]
    else:
        out = complexed(made / level)
    window = torch.hann_window(n_fft)
    pieces = torch.fft.irfft(out, n=n_fft, dim=2)
    total, norm = torch.zeros(out.shape[0], 2, padded.shape[1]), torch.zeros(padded.shape[1])
    for index in range(out.shape[-1]):
        total[..., index * hop : index * hop + n_fft] += pieces[..., index] * window
        norm[index * hop : index * hop + n_fft] += window**2
    return (total / norm.clamp_min(1e-8))[..., edge : edge + length]


def _level(mix: Tensor) -> float:
    """Root mean square of the blocks that sound."""
    blocks = torch.split(mix, 16_384, dim=1)
    powers = torch.tensor([float((block.double() ** 2).mean()) for block in blocks], dtype=torch.float64)
    return float(powers[powers >= 0.01 * torch.quantile(powers, 0.95)].mean().sqrt())

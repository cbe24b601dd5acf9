"""Cost of a model on the validation pictures: lambda * 255^2 * MSE + bits a pixel, with hard rounding."""
import numpy as np
import torch

from data import as_pictures
from model import FLOAT


def picture_costs(net, pictures, anchors, ops=FLOAT, eight_bit=False):
    """Cost of each picture at each anchor: (anchors, N). pictures (N, H, W, 3) uint8; eight_bit: round the reconstruction
    as a decoder must."""
    device = next(net.parameters()).device
    costs = []
    for anchor in anchors:
        for batch in pictures.split(8):
            x = as_pictures(batch.to(device))
            with torch.no_grad():
                x_hat, bpp, _ = net(x, torch.full((len(x),), float(anchor), device=device), hard=True, ops=ops)
            x_hat = x_hat.clamp(0, 1)
            x_hat = torch.round(x_hat * 255) / 255 if eight_bit else x_hat
            costs.append(net.config.lagrangian(anchor) * ((x_hat - x) ** 2).mean((1, 2, 3)) + bpp)
    return torch.cat(costs).reshape(-1, len(pictures)).cpu().numpy()


def float_cost(net, pictures, anchors, ops=FLOAT, eight_bit=False):
    """Mean cost at each anchor."""
    return picture_costs(net, pictures, anchors, ops, eight_bit).mean(1).tolist()


def integer_cost(codec, pictures, anchors):
    """Mean cost, bits a pixel and bits a pixel of z at each anchor, of an IntegerCodec. -> three lists"""
    n_pixels = pictures.shape[1] * pictures.shape[2]
    rows = []
    for anchor in anchors:
        row = []
        for batch in pictures.split(8):
            quality = int(round(anchor * 1024))
            tensors = codec.code(batch, quality)
            y_bits, z_bits = codec.bits(tensors, quality)
            mse = ((tensors['pixels'].double() - batch.double()) ** 2).mean((1, 2, 3)).numpy() / 255 ** 2
            bpp = (y_bits + z_bits) / n_pixels
            row.append(np.stack([codec.config.lagrangian(anchor) * mse + bpp, bpp, z_bits / n_pixels]))
        rows.append(np.concatenate(row, 1).mean(1))
    return np.array(rows).T.tolist()


def geometric_mean(values):
    return float(np.exp(np.mean(np.log(values))))

"""Networks from files: checkpoints of train.py and weight files."""
import math
from dataclasses import replace

import numpy as np
import torch

from model import BRANCHES, CONFIGS, Codec, Depthwise
from quantize import column_factors, fixed_scales, is_exact, output_tensor
from tables import logistic_scale_of
from weight_file import MAGIC, unpack

# A weight file does not tell the binary points inside its networks, and any choice gives the same function (the
# activations are homogeneous). With this one the largest int16 stands for 8: activations of a size that trains well.
NOMINAL_SCALE = 2.0 ** 12


def load_network(path):
    """Network of a file."""
    with open(path, 'rb') as f:
        content = f.read(len(MAGIC))
        if content == MAGIC:
            return dequantize(unpack(content + f.read()))
    state = torch.load(path, map_location='cpu')
    return network_of(state['ema'], CONFIGS[state['config']])


def network_of(parameters, config):
    """Network of a state dict of config, which may lack residual branches."""
    for network in BRANCHES:
        if network + '.in.weight' not in parameters:
            config = config.without_branch(network)
    net = Codec(config)
    net.load_state_dict(parameters)
    return net


def transfer(net, config):
    """A network of another configuration with the parameters of net wherever both have them."""
    out = Codec(config)
    wanted = out.state_dict()
    out.load_state_dict({**wanted, **{k: v for k, v in net.state_dict().items()
                                      if k in wanted and v.shape == wanted[k].shape}})
    return out


def with_branches(net, config):
    """net with fresh residual branches where it has none and config does."""
    widths = {w: getattr(config, w) for names, _ in BRANCHES.values() for w in names if not getattr(net.config, w)}
    lists = {l: config.blocks[l] for names, ls in BRANCHES.values() for l in ls if names[0] in widths}
    return transfer(net, replace(net.config, blocks={**net.config.blocks, **lists}, **widths)) if widths else net


def dequantize(weights):
    """Weights -> a float network of the same function, up to roundings."""
    net = Codec(weights.config)
    scales = {output_tensor(name): NOMINAL_SCALE for name, _ in net.layers() if is_exact(name)}
    scales.update(fixed_scales(weights.config), z=2.0 ** weights.frac_z)
    with torch.no_grad():
        for name, layer in net.layers():
            dequantize_layer(layer, weights.layers[name], scales, weights.config)
        for name in ('gain_e8', 'gain_y', 'step', 'gain_d4'):
            getattr(net, name).copy_(torch.from_numpy(weights.quality[name] * (math.log(2) / 4096)))
        offset = weights.quality['scale_offset'] * (weights.config.scale_step / 256) + math.log(weights.config.sigma_min)
        net.scale_offset.copy_(torch.from_numpy(offset))
        z_scales = np.array([logistic_scale_of(t) for t in weights.z_tables])
        net.z_scale.copy_(torch.from_numpy(np.log(z_scales)[weights.z_table]))
        net.z_mean.copy_(torch.from_numpy(weights.z_mean / 2.0 ** weights.frac_z))
    return net


def dequantize_layer(layer, stored, scales, config):
    """Real weights and biases into layer."""
    flat = stored.weight.reshape(9, -1).T if isinstance(layer, Depthwise) else stored.weight
    weight, bias, steps = torch.from_numpy(flat).double(), torch.from_numpy(stored.bias).double(), stored.scale
    steps = torch.from_numpy(steps.astype(np.float64))
    if is_exact(layer.name):
        steps = steps / (2 ** 31 * scales[output_tensor(layer.name)])
        weight, bias = weight * column_factors(layer, scales, config), bias * steps
    layer.weight.copy_((weight * steps[:, None]).reshape(layer.weight.shape))
    layer.bias.copy_(bias)

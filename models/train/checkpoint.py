"""Networks from files: checkpoints of train.py and weight files."""
import math
from collections import Counter

import numpy as np
import torch

from model import CONFIGS, FILTERS, Codec, Depthwise
from quantize import column_factors, fixed_scales, is_exact, output_tensor
from tables import logistic_scale_of
from weight_file import MAGIC, unpack

# A weight file does not tell the binary points inside its networks, and any choice gives the same function (the
# activations are homogeneous). With this one the largest int16 stands for 8: activations of a size that trains well.
NOMINAL_SCALE = 2.0 ** 12

# Before or behind these, the channels of 2 x 2 positions lie side by side, so a larger one has no first channels to keep.
SHUFFLED = 'ha.down', 'hs.in.', 'hs.up.'


def load_network(path):
    """Network of a file."""
    with open(path, 'rb') as f:
        content = f.read(len(MAGIC))
        if content == MAGIC:
            return dequantize(unpack(content + f.read()))
    state = torch.load(path, map_location='cpu')
    return network_of(state['ema'], CONFIGS[state['config']])


def network_of(parameters, config, codec=Codec):
    """Network of a state dict of config, which may lack filters. codec: makes it of a configuration."""
    for network in FILTERS:
        if network + '.in.weight' not in parameters:
            config = config.without_filter(network)
    net = codec(config)
    net.load_state_dict(parameters)
    return net


def transfer(net, config):
    """A network of another configuration, equal or larger, with the parameters of net; -> it, {name: what was done}.

    Parameters that agree are taken. A larger one holds the old in its first rows and columns, zeros where the old rows
    would read new columns, and fresh values in new rows: the old channels compute what they did, and the new ones learn
    from the second step on. Blocks added to a list start as the identity. So growth leaves the function as it is; a
    filter that net lacks ends in zeros anyway. Parameters that do not fit start fresh. P, e4, d4, hidden widths and
    block counts can grow so, which is what the configurations differ in.
    """
    out, old = Codec(config), net.state_dict()
    done = {}
    with torch.no_grad():
        for name, new in out.state_dict().items():
            fits = name in old and (new.shape == old[name].shape or not name.startswith(SHUFFLED))
            done[name] = grow(new, old[name]) if fits else 'fresh'
        for name, layer in out.layers():
            if is_added_block(name, net) and name.endswith(('.w2', '.w4')):
                layer.weight.zero_()
    return out, done


def grow(new, old):
    """Put old into the first channels of new, in place. -> 'taken', 'grown' or 'fresh'"""
    if new.shape == old.shape:
        new.copy_(old)
        return 'taken'
    if new.ndim != old.ndim or any(n < o for n, o in zip(new.shape, old.shape)):
        return 'fresh'
    if new.ndim == 2:
        new[:len(old)] = 0
    new[tuple(slice(n) for n in old.shape)] = old
    return 'grown'


def is_added_block(name, net):
    """Whether a layer belongs to a block that net lacks, of a list of which it has some."""
    parts = name.split('.')
    if len(parts) != 4:
        return False
    names = dict(net.named_modules())
    return '.'.join(parts[:3]) not in names and '.'.join(parts[:2] + ['0']) in names


def describe_transfer(done):
    """Tensors of each network by what transfer did with them, in a line."""
    network = lambda name: name.split('.')[0] if '.' in name else 'tables'
    counts = {n: Counter(how for name, how in done.items() if network(name) == n) for n in sorted(set(map(network, done)))}
    return 'tensors ' + '; '.join('%s: %s' % (n, ', '.join('%d %s' % (k, how) for how, k in c.items())) for n, c in counts.items())


def coarsen(net, factor):
    """Make the steps of y so many times as wide, in place."""
    with torch.no_grad():
        net.gain_y -= math.log(factor)
        net.step += math.log(factor)
        net.scale_offset -= math.log(factor)


def dequantize(weights):
    """Weights -> a float network of the same function, up to roundings."""
    net = Codec(weights.config)
    scales = {output_tensor(name): NOMINAL_SCALE for name, _ in net.layers() if is_exact(name)}
    scales.update(fixed_scales(weights.config), z=2.0 ** weights.frac_z)
    with torch.no_grad():
        for name, layer in net.layers():
            dequantize_layer(layer, weights.layers[name], scales, weights.config)
        for name in ('gain_e4', 'gain_y', 'step', 'gain_d4'):
            getattr(net, name).copy_(torch.from_numpy(weights.quality[name] * (math.log(2) / 4096)))
        offset = weights.quality['scale_offset'] * (weights.config.scale_step / 256) + math.log(weights.config.sigma_min)
        net.scale_offset.copy_(torch.from_numpy(offset))
        z_scales = np.array([logistic_scale_of(t) for t in weights.z_tables])
        net.z_scale.copy_(torch.from_numpy(np.log(z_scales)[weights.z_table]))
        net.z_mean.copy_(torch.from_numpy(weights.z_mean / 2.0 ** weights.frac_z))
        net.z_weight.copy_(torch.from_numpy(weights.z_weight / 64))
    return net


def dequantize_layer(layer, stored, scales, config):
    """Real weights and biases into layer. scales are of exact layers only."""
    flat = stored.weight.reshape(9, -1).T if isinstance(layer, Depthwise) else stored.weight
    weight, bias, steps = torch.from_numpy(flat).double(), torch.from_numpy(stored.bias).double(), stored.scale
    steps = torch.from_numpy(steps.astype(np.float64))
    if is_exact(layer.name):
        steps = steps / (2 ** 31 * scales[output_tensor(layer.name)])
        weight, bias = weight * column_factors(layer, scales, config), bias * steps
    layer.weight.copy_((weight * steps[:, None]).reshape(layer.weight.shape))
    layer.bias.copy_(bias)

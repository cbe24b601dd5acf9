"""Networks from files: checkpoints of train.py, of the research prototype, and weight files."""
import torch

from model import CONFIGS, Codec, convert_prototype, is_prototype


def load_network(path, config_name='fast'):
    """Network of a checkpoint. config_name is used where the file does not name its configuration."""
    state = torch.load(path, map_location='cpu')
    net = Codec(CONFIGS[state.get('config', config_name)])
    if is_prototype(state):
        state = {'ema': convert_prototype(state)}
    net.load_state_dict(state['ema'])
    return net

"""Optimizers of train.py: Adam, AdamW and Muon over three groups of parameters, each with its peak learning rate."""
import inspect

import torch

BETAS = 0.9, 0.98
DECAY = 0.01           # AdamW and Muon, of the matrices: the learning rate times this is taken off a weight at each step
MOMENTUM = 0.95
NEWTON_SCHULZ = 3.4445, -4.7750, 2.0315   # a quintic that drives singular values towards 1 in few steps (Jordan 2024)
# From torch 2 on, AdamW has a fused kernel too, and such kernels leave out a step that `found_inf` marks.
HAS_FUSED = 'fused' in inspect.signature(torch.optim.AdamW).parameters
BASE = 'ga.base.', 'gs.base.'             # the linear base path wants a small learning rate, never decay


class Muon(torch.optim.Optimizer):
    """Muon for the groups marked `matrices`, Adam for the others.

    Muon replaces the gradient of a matrix by the nearest orthogonal matrix of its momentum. The step is scaled to the size
    of an Adam step (Liu et al. 2025, "Muon is scalable"), so that one learning rate suits both.
    """

    def __init__(self, groups, lr):
        super().__init__(groups, dict(lr=lr, matrices=False, weight_decay=0.0))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            direction = self.muon if group['matrices'] else self.adam
            for p in group['params']:
                if p.grad is not None:
                    p.mul_(1 - group['lr'] * group['weight_decay'])
                    p.sub_(group['lr'] * direction(p.grad, self.state[p]))

    @staticmethod
    def muon(gradient, state):
        if not state:
            state['momentum'] = torch.zeros_like(gradient)
        momentum = state['momentum'].mul_(MOMENTUM).add_(gradient)
        return orthogonal(gradient + MOMENTUM * momentum) * (0.2 * max(gradient.shape) ** 0.5)

    @staticmethod
    def adam(gradient, state):
        if not state:
            state.update(n=0, first=torch.zeros_like(gradient), second=torch.zeros_like(gradient))
        state['n'] += 1
        first = state['first'].lerp_(gradient, 1 - BETAS[0]) / (1 - BETAS[0] ** state['n'])
        second = state['second'].lerp_(gradient ** 2, 1 - BETAS[1]) / (1 - BETAS[1] ** state['n'])
        return first / (second.sqrt() + 1e-8)


def orthogonal(matrix, steps=5):
    """Nearly the orthogonal factor of the polar decomposition. bf16 suffices where it is fast, which is on GPUs."""
    a, b, c = NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.bfloat16() if matrix.is_cuda else matrix
    x = x.t() if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        square = x @ x.t()
        x = a * x + (b * square + c * square @ square) @ x
    return (x.t() if tall else x).to(matrix.dtype)


def make_optimizer(net, kind, lr, base_lr, capturable=False):
    """kind: 'adam', 'adamw' or 'muon', over the parameters of net that train. capturable: Adam whose learning rates are tensors,
    for CUDA graphs."""
    named = [(n, p) for n, p in net.named_parameters() if p.requires_grad]
    base = [p for n, p in named if n.startswith(BASE)]
    matrices = [p for n, p in named if p.ndim == 2 and n.endswith('.weight') and not n.startswith(BASE)]
    rest = [p for n, p in named if not n.startswith(BASE) and not (p.ndim == 2 and n.endswith('.weight'))]
    decay = 0.0 if kind == 'adam' else DECAY
    groups = [dict(params=matrices, peak=lr, weight_decay=decay), dict(params=rest, peak=lr, weight_decay=0.0),
              dict(params=base, peak=base_lr, weight_decay=0.0)]
    if kind == 'muon':
        groups[0]['matrices'] = True
        return Muon([g for g in groups if g['params']], lr)
    adam = torch.optim.Adam if kind == 'adam' else torch.optim.AdamW
    groups = [g for g in groups if g['params']]
    if not (named[0][1].is_cuda and HAS_FUSED):
        return adam(groups, lr=lr, betas=BETAS)
    if capturable:
        for group in groups:
            group['lr'] = torch.tensor(lr, device=named[0][1].device)
    return adam(groups, lr=lr, betas=BETAS, fused=True, capturable=capturable)


def resume_optimizer(optimizer, saved):
    """Go on from a state dict of an optimizer over the same parameters, as far as it is about them. Its groups also tell how the
    step was computed and where the learning rates lay, which is for this machine and this command to say: a rate that came back
    on the CPU would stay in a CUDA graph as it was when recorded."""
    groups = [{**own, 'params': old['params']} for own, old in zip(optimizer.state_dict()['param_groups'], saved['param_groups'])]
    optimizer.load_state_dict({**saved, 'param_groups': groups})

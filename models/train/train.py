#!/usr/bin/env python3
"""Train the codec, on one CPU core, one GPU, or several through torchrun.

    train.py CONFIG --data tiles.npy --out run.pt --minutes 60 [--init WEIGHTS] [--resume] [--quantize weights]

run.pt holds the whole state (network, moving average, optimizer, masks, step, time) and is replaced every few minutes;
run.pt.log is the plain record, run.pt.svg its picture. SIGTERM, SIGINT (Ctrl-C) and the end of a --piece finish the step and
save; the same command with --resume goes on where run.pt stopped, or starts. Every step seeds its random numbers from (seed,
step), so a resumed run of --steps equals an uninterrupted one; with --minutes the learning rate follows the clock, and so the
speed of the machine. Every process draws the numbers of the whole batch and takes its share, so several processes equal one with
the batch of all.

The loss is the mean logarithm of each picture's lambda * MSE + bits a pixel, so that all rates weigh the same. Two
learning rates: a large one for the networks, a small one for the linear base path, which starts as a DCT. y is rounded to whole
steps unless --trellis lets the encoder choose its symbols.
"""
import argparse
import copy
import json
import math
import os
import re
import signal
import time

import numpy as np
import torch
import torch.distributed as dist

from chart import draw_log
from checkpoint import coarsen, describe_transfer, load_network, network_of, transfer
from data import as_pictures, split
from model import CONFIGS, Codec, FloatArithmetic
from optimizers import HAS_FUSED, make_optimizer, resume_optimizer
from pruning import BlockPruning
from quantize import FakeQuantization, calibrate
from validate import describe_costs, picture_costs

EMA_DECAY, EMA_EVERY = 0.999, 4
HOLD, FLOOR = 0.3, 0.02           # learning rate: this share of the run at its peak, then a cosine down to this share of it
LOG_EVERY, PRUNE_EVERY = 50, 100
SYNTHESIS = r'gs\.|gain_d4'        # parameters behind the latents
# What a resumed run may change: its length, its machine, what it tells. Its beginning is over.
MAY_CHANGE = {'minutes', 'steps', 'piece', 'init', 'coarser', 'resume', 'data', 'out', 'device', 'threads', 'compile', 'graph', 'map',
              'save_minutes', 'validate_every'}


class Trainer:
    """State of a run and the steps that advance it."""

    def __init__(self, args):
        self.args = args
        self.rank, self.world, self.device = start_processes(args)
        # 'c', copy on write, because torch does not know read-only memory
        training, validation = split(torch.from_numpy(np.load(args.data, mmap_mode='c')))
        self.training, self.validation = training if args.map else training.to(self.device, copy=True), validation.clone()
        torch.manual_seed(args.seed)
        saved = torch.load(args.out, map_location='cpu') if args.resume and os.path.exists(args.out) else {}
        refuse_changes(saved.get('arguments', {}), args)
        self.step, self.seconds, self.stopping = saved.get('step', 0), saved.get('seconds', 0.0), False
        self.log_file = open(args.out + '.log', 'a' if saved else 'w') if self.rank == 0 else None
        self.net = self.initial_network(saved).to(self.device)
        self.config = self.net.config
        self.freeze_others()
        self.ema = {k: v.to(self.device) for k, v in saved.get('ema', self.net.state_dict()).items()}
        self.ema = {k: v.detach().clone() for k, v in self.ema.items()}
        self.optimizer = make_optimizer(self.net, args.optimizer, args.lr, args.base_lr, capturable=args.graph)
        if saved:
            resume_optimizer(self.optimizer, saved['optimizer'])
        self.pruning = BlockPruning(self.net, args.prune, saved.get('masks')) if args.prune else None
        self.ops = self.arithmetic(saved)
        self.ops.rank, self.ops.world = self.rank, self.world
        self.forward = self.parallel_forward()
        self.learn = RecordedStep(self.learn_from) if args.graph else self.learn_from

    def initial_network(self, saved):
        config = CONFIGS[self.args.config]
        if saved:
            return network_of(saved['net'], config)
        for network in self.args.without:
            config = config.without_filter(network)
        if not self.args.init:
            return Codec(config)
        net, done = transfer(load_network(self.args.init), config)
        self.log('%s: %s' % (self.args.init, describe_transfer(done)))
        coarsen(net, self.args.coarser)
        return net

    def freeze_others(self):
        """Only parameters that --train names learn. DistributedDataParallel wants no others, nor empty ones. Where the latents
        stay as they are, the synthesis learns from those of the encoder, if its search can be part of a step, and nothing before it
        needs gradients."""
        for name, p in self.net.named_parameters():
            p.requires_grad_(p.numel() > 0 and re.match(self.args.train, name) is not None)
        learning = [name for name, p in self.net.named_parameters() if p.requires_grad]
        if not learning:
            raise SystemExit('train.py: no parameter matches --train %s' % self.args.train)
        only_synthesis = all(re.match(SYNTHESIS, name) for name in learning)
        searches = self.args.trellis or (only_synthesis and not (self.args.compile or self.args.graph))
        self.hard = searches

    def arithmetic(self, saved):
        """Float, or the simulation of the integers with ranges measured on training tiles."""
        if not self.args.quantize:
            return FloatArithmetic()
        scales = saved.get('scales')
        if scales is None:
            scales = calibrate(self.net, as_pictures(self.training[:16].to(self.device)))
        return FakeQuantization(self.net, scales, round_activations=self.args.quantize == 'all')

    def parallel_forward(self):
        net = torch.compile(self.net, dynamic=False) if self.args.compile else self.net
        if self.world > 1:
            return torch.nn.parallel.DistributedDataParallel(net, broadcast_buffers=False)
        return net

    # ---- one step

    def progress(self):
        """Share of the run that is done, by time or by steps, whichever is further."""
        by_time = self.seconds / (60 * self.args.minutes) if self.args.minutes else 0
        by_step = self.step / self.args.steps if self.args.steps else 0
        return max(by_time, by_step)

    def set_learning_rate(self):
        fall = 0.5 * (1 + math.cos(math.pi * max(0, (self.progress() - HOLD) / (1 - HOLD))))
        factor = min(1, (self.step + 1) / self.args.warm_up) * (FLOOR + (1 - FLOOR) * fall)
        for group in self.optimizer.param_groups:
            rate = group['peak'] * factor
            group['lr'] = group['lr'].fill_(rate) if torch.is_tensor(group['lr']) else rate
        return factor

    def batch(self):
        """Random crops, mirrored and transposed at random, and qualities: this process's share of a batch.
        -> (B, 3, patch, patch) in 0..1, (B,)"""
        n, size, patch = len(self.training), self.training.shape[1], self.args.patch
        whole = self.world * self.args.batch
        share = slice(self.rank * self.args.batch, (self.rank + 1) * self.args.batch)
        tile, corner = torch.randint(n, (whole,))[share], torch.randint(size - patch + 1, (whole, 2))[share]
        flips, q = (torch.rand(whole, 2) < 0.5)[share], torch.rand(whole)[share]
        along = torch.arange(patch)
        rows, cols = corner[:, :1] + along, corner[:, 1:] + torch.where(flips[:, :1], along.flip(0), along)
        at = [v.to(self.training.device) for v in (tile[:, None, None], rows[:, :, None], cols[:, None])]
        x = self.training[tuple(at)].to(self.device)
        x = torch.where(flips[:, 1].to(self.device)[:, None, None, None], x.transpose(1, 2), x)
        return as_pictures(x), q.to(self.device) * (self.config.n_anchors - 1)

    def train_step(self):
        """-> (5,): loss, bpp, bpp of z, PSNR of this process's share, gradient norm"""
        seed_step(self.args.seed, self.step)
        values = self.learn(*self.batch())
        self.step += 1
        if self.pruning:
            self.prune()
        if self.step % EMA_EVERY == 0:
            self.update_average()
        return values

    def learn_from(self, x, q):
        """One step of the optimizer. x (B, 3, patch, patch), q (B,) -> (5,) as train_step"""
        # bf16 has eight bits and would take weights off the grids of --quantize by up to half a step
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.args.bf16 and not self.args.quantize):
            x_hat, bpp, z_bpp = self.forward(x, q, hard=self.hard, ops=self.ops)
        mse = ((x_hat - x) ** 2).mean((1, 2, 3))
        loss = self.loss(x, q, x_hat, mse, bpp)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        if self.optimizer.defaults.get('fused'):   # no waiting for the norm: the kernel itself skips the step
            self.optimizer.found_inf = (~torch.isfinite(norm)).float()
            self.optimizer.step()
        elif torch.isfinite(norm):
            self.optimizer.step()
        with torch.no_grad():
            return torch.stack([loss, bpp.mean(), z_bpp.mean(), (-10 * torch.log10(mse)).mean(), norm])

    def loss(self, x, q, x_hat, mse, bpp):
        return torch.log(self.config.lagrangian(q) * mse + bpp).mean()

    def prune(self):
        if self.step % PRUNE_EVERY == 0:
            self.pruning.update(self.net, self.progress())
            self.pruning.apply(self.ema)
        self.pruning.apply(self.net.state_dict())

    def update_average(self):
        decay = min(EMA_DECAY, (self.step + 1) / (self.step + 10)) ** EMA_EVERY
        averages, values = list(self.ema.values()), list(self.net.state_dict().values())
        torch._foreach_mul_(averages, decay)
        torch._foreach_add_(averages, values, alpha=1 - decay)

    # ---- the run

    def run(self):
        """Train until the end, that of the piece, or a signal."""
        handlers = {number: signal.signal(number, self.stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            self.advance()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def stop(self, number, frame):
        """The run ends after the step it is at, with a second signal at once."""
        self.stopping = True
        signal.signal(number, signal.SIG_DFL)

    def advance(self):
        self.log('%s, %d parameters, %d of them training, %d training tiles, %d process(es), %s, arguments %s' % (
            self.config.name, *self.count_parameters(), len(self.training), self.world, self.device,
            json.dumps(vars(self.args))))
        self.log('rates %.1e and %.1e for the base path: %d steps up, level to %d %% of the run, cosine down to %d %%' % (
            self.args.lr, self.args.base_lr, self.args.warm_up, 100 * HOLD, 100 * FLOOR))
        if self.step == 0:
            self.validate()
        started = clock = saved_at = time.time()
        recent = []
        while self.goes_on():
            factor = self.set_learning_rate()
            recent.append(self.train_step())
            now = time.time()
            self.seconds, clock = self.seconds + now - clock, now
            if self.step % LOG_EVERY == 0:
                self.log('step %d t %.0f loss %.4f bpp %.4f z %.4f psnr %.2f gradient %.2f rate %.1e' % (
                    self.step, self.seconds, *self.over_processes(torch.stack(recent).mean(0)), factor * self.args.lr))
                recent = []
            if now - saved_at > 60 * self.args.save_minutes:
                self.save()
                saved_at = time.time()
            if self.step % self.args.validate_every == 0:
                self.validate()
            if self.args.piece and time.time() - started > 60 * self.args.piece:
                self.stopping = True
        if self.progress() < 1:
            self.log('stopped at step %d, %.1f %% of the run' % (self.step, 100 * self.progress()))
        elif self.step % self.args.validate_every:
            self.validate()
        self.save()

    def count_parameters(self):
        """-> all, those that train"""
        sizes = [(p.numel(), p.requires_grad) for p in self.net.parameters()]
        return sum(n for n, _ in sizes), sum(n for n, trains in sizes if trains)

    def over_processes(self, values):
        """Mean over the processes."""
        if self.world > 1:
            dist.all_reduce(values)
        return (values / self.world).tolist()

    def goes_on(self):
        """Every process must take the same steps at the same rates, so rank 0 decides: its clock, and what told it to stop."""
        stopping = self.stopping
        if self.world > 1:
            state = torch.tensor([self.seconds, stopping], dtype=torch.float64, device=self.device)
            dist.broadcast(state, 0)
            self.seconds, stopping = state.tolist()
        return self.progress() < 1 and not stopping

    def validate(self):
        """Cost of the moving average at every anchor, with the symbols of the encoder; the log drawn."""
        if self.rank:
            return
        net = copy.deepcopy(self.net)
        net.load_state_dict(self.ema)
        costs = picture_costs(net, self.validation, range(self.config.n_anchors), self.ops)
        summary, by_anchor = describe_costs(self.config, costs)
        pruned = ', pruned %.3f' % self.pruning.pruned_share() if self.pruning else ''
        self.log('validation step %d t %.0f %s%s: %s' % (self.step, self.seconds, summary, pruned, by_anchor))
        draw_log(self.args.out + '.log', self.args.out + '.svg')

    def save(self):
        """Replace the file in one motion: a run that is killed leaves the old or the new state."""
        if self.rank:
            return
        state = {'config': self.config.name, 'arguments': vars(self.args), 'step': self.step, 'seconds': self.seconds,
                 'net': self.net.state_dict(), 'ema': self.ema, 'optimizer': self.optimizer.state_dict(),
                 'scales': getattr(self.ops, 'scales', None), 'masks': self.pruning.masks if self.pruning else None}
        torch.save(state, self.args.out + '.part')
        os.replace(self.args.out + '.part', self.args.out)

    def log(self, line):
        if self.rank == 0:
            print(line, flush=True)
            self.log_file.write(line + '\n')
            self.log_file.flush()


class RecordedStep:
    """A step recorded as a CUDA graph once compilation has settled, and replayed: a thousand small kernels need no launches."""
    WARM_UP = 5

    def __init__(self, step):
        self.step, self.calls, self.graph = step, 0, None

    def __call__(self, x, q):
        if self.calls < self.WARM_UP:
            self.calls += 1
            return self.step(x, q)
        if not self.graph:
            self.x, self.q, self.graph = x.clone(), q.clone(), torch.cuda.CUDAGraph()
            torch.cuda.synchronize()
            with torch.cuda.graph(self.graph):
                self.values = self.step(self.x, self.q)
        self.x.copy_(x)
        self.q.copy_(q)
        self.graph.replay()
        return self.values.clone()


def refuse_changes(saved, args):
    """saved: arguments that a state was saved with."""
    changed = ['%s %s, not %s' % (name, value, vars(args).get(name)) for name, value in saved.items()
               if name not in MAY_CHANGE and value != vars(args).get(name)]
    if changed:
        raise SystemExit('train.py: the run in %s has %s' % (args.out, '; '.join(changed)))


def start_processes(args):
    """Under torchrun, join the other processes. -> rank, number of processes, device"""
    torch.set_num_threads(args.threads)
    world = int(os.environ.get('WORLD_SIZE', 1))
    device = torch.device(args.device)
    if device.type == 'cuda':
        # in the base path bf16 costs quality, TF32 ('high') does not; neither holds the grids of --quantize
        torch.set_float32_matmul_precision('highest' if args.quantize else 'high')
    if world == 1:
        return 0, 1, device
    if device.type == 'cuda':
        device = torch.device('cuda', int(os.environ['LOCAL_RANK']))
        torch.cuda.set_device(device)
    dist.init_process_group('nccl' if device.type == 'cuda' else 'gloo')
    return dist.get_rank(), world, device


def seed_step(seed, step):
    """torch's generator on the CPU takes no more than 32 bits of a seed, so those of both numbers are mixed."""
    torch.manual_seed(int(np.random.SeedSequence((seed, step)).generate_state(1)[0]))


def recipe(config, device):
    """Batches and peak rates that go together, where the command names none: the config's on a GPU, and for a CPU, whose small
    batches cannot bear such rates once a network is trained."""
    if device.startswith('cuda'):
        return {'batch': config.batch, 'patch': 192, 'lr': config.lr, 'base_lr': config.base_lr}
    return {'batch': 8, 'patch': 128, 'lr': 5e-4, 'base_lr': 5e-5}


def parse_arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', choices=sorted(CONFIGS))
    parser.add_argument('--data', required=True, help='tiles made by data.py')
    parser.add_argument('--out', required=True, help='state of the run; the log is next to it')
    parser.add_argument('--minutes', type=float, help='length of the run by the clock')
    parser.add_argument('--steps', type=int, help='length of the run in steps; at least one of the two')
    parser.add_argument('--piece', type=float, metavar='MINUTES', help='stop after so long, and save; the schedule stays that of '
                        '--minutes and --steps')
    parser.add_argument('--init', help='start from these weights: checkpoint or weight file, of this '
                        'configuration or a smaller one')
    parser.add_argument('--coarser', type=float, default=1.0, metavar='FACTOR', help='make the steps of y so many times as wide '
                        'as those of --init; 1.33 for networks trained without --trellis (1)')
    parser.add_argument('--resume', action='store_true', help='continue the run whose state is in --out, with '
                        'the arguments it began with; start it if there is none')
    parser.add_argument('--without', nargs='+', choices=('ga', 'gs'), default=[], help='networks that shall have no filter '
                        'over samples')
    parser.add_argument('--train', metavar='PATTERN', default='', help='train only parameters whose names begin with this regular '
                        "expression, as 'gs|gain_d4' for the synthesis (all)")
    parser.add_argument('--prune', type=float, metavar='SHARE', help='prune this share of the blocks of the exact layers in the '
                        'course of the run (pruning.py); start from trained weights')
    parser.add_argument('--quantize', choices=('weights', 'all'), help='train on the grids of the integers: of the weights '
                        'only, or of the activations too')
    parser.add_argument('--trellis', action='store_true', help='train with the symbols of y that the encoder chooses; the search '
                        'runs on the CPU')
    parser.add_argument('--optimizer', choices=('adam', 'adamw', 'muon'), default='adam')
    parser.add_argument('--lr', type=float, help="peak learning rate of the networks (5e-4; the config's on a GPU: model.py)")
    parser.add_argument('--base-lr', type=float, help="of the linear base path (5e-5; the config's on a GPU)")
    parser.add_argument('--warm-up', type=int, default=300, metavar='STEPS')
    parser.add_argument('--batch', type=int, help="pictures a step and process (8; the config's on a GPU)")
    parser.add_argument('--patch', type=int, help='side of the crops (128; 192 on a GPU)')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--threads', type=int, default=1, help='CPU threads (1: more gain nothing at this batch size)')
    parser.add_argument('--no-bf16', dest='bf16', action='store_false', help='single precision instead of autocast')
    parser.add_argument('--compile', action='store_true', help='torch.compile, for GPUs')
    parser.add_argument('--graph', action='store_true', help='replay steps as a CUDA graph, for small models; one GPU')
    parser.add_argument('--map', action='store_true', help='leave the tiles on disk')
    parser.add_argument('--save-minutes', type=float, default=3.0)
    parser.add_argument('--validate-every', type=int, default=2000, metavar='STEPS')
    args = parser.parse_args(argv)
    if not (args.minutes or args.steps):
        parser.error('one of --minutes and --steps is needed')
    if args.coarser <= 0 or (args.coarser != 1 and not args.init):
        parser.error('--coarser is a positive factor for the steps of --init')
    if args.trellis and (args.compile or args.graph):
        parser.error('--trellis searches on the CPU: leave out --compile and --graph')
    if args.graph and not args.device.startswith('cuda'):
        parser.error('--graph records what a GPU does: it needs --device cuda')
    if args.graph and args.optimizer == 'muon':
        parser.error('--graph would replay the rate and the count of the step it recorded, which Muon keeps outside the GPU')
    if args.graph and int(os.environ.get('WORLD_SIZE', 1)) > 1:
        parser.error('--graph records the step of one GPU: leave it out with several processes')
    if args.graph and not HAS_FUSED:
        parser.error('--graph needs torch 2.1 or later')
    for name, value in recipe(CONFIGS[args.config], args.device).items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    return args


def main(argv=None):
    trainer = Trainer(parse_arguments(argv))
    trainer.run()
    if trainer.world > 1:
        dist.destroy_process_group()


if __name__ == '__main__':
    main()

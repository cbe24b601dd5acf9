#!/usr/bin/env python3
"""Self-test of the trainer and the quantizer on the smallest configuration: half a minute of one core."""
import contextlib
import copy
import io
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from functools import partial

try:
    import numpy as np
    import PIL
    import torch
    import xxhash
    from torch.utils._python_dispatch import TorchDispatchMode
except ImportError as missing:
    print('skipped: %s' % missing)
    sys.exit(77)
if not shutil.which('cc'):
    print('skipped: no C compiler to build entropy/trellis.c with')
    sys.exit(77)

import choose_limits
import data
import optimizers
import tables
import train
import trellis
from ablations import Ablation
from data import as_pictures
from checkpoint import dequantize, load_network, transfer
from fit_tables import fit_tables
from gptq import equalize_contexts, quantize_rows, quantize_weights
from integer_codec import IntegerCodec, z_residuals
from model import CONFIGS, Codec, kilo_macs, non_anchors
from pruning import BlockPruning, block_energies
from quantize import FakeQuantization, calibrate
from validate import float_cost, integer_cost
from weight_file import build_weights, pack, unpack

# Debian's torchrun 1.13 fails under Python 3.11 unless told where the output goes.
TORCHRUN = [sys.executable, '-m', 'torch.distributed.run', '--redirects', '1', '--tee', '1', '--standalone']


def make_tiles(path):
    """64 tiles of random gradients and rectangles, 48 of them for validation."""
    generator = np.random.RandomState(5)
    y, x = np.mgrid[0:160, 0:160] / 160.0
    tiles = np.empty((64, 160, 160, 3), np.uint8)
    for tile in tiles:
        slopes, offset = generator.uniform(-120, 120, (2, 3)), generator.uniform(60, 190, 3)
        picture = offset + slopes[0] * x[..., None] + slopes[1] * y[..., None]
        for _ in range(12):
            u, v, h, w = generator.randint(0, 140, 4)
            picture[u:u + h // 4 + 4, v:v + w // 4 + 4] = generator.uniform(0, 255, 3)
        tile[:] = np.clip(picture + generator.normal(0, 3, picture.shape), 0, 255)
    np.save(path, tiles)


def check_photographs(folder):
    """The last tiles as shuffled are for validation, and nothing else of their photographs stays."""
    pieces = [(photograph, piece) for photograph in range(60) for piece in range(2)]
    source = os.path.join(folder, 'pictures')
    os.mkdir(source)
    for photograph, piece in pieces:
        with open(os.path.join(source, '%02d_%d.ppm' % (photograph, piece)), 'wb') as f:
            f.write(b'P6 256 256 255 ' + bytes((photograph, piece, 0)) * 256 ** 2)
    out = os.path.join(folder, 'pictures.npy')
    data.main([source, out])
    random.Random(data.SEED).shuffle(pieces)
    training, validation = ([tuple(v) for v in part[:, 0, 0, :2].tolist()] for part in data.split(np.load(out)))
    assert validation == pieces[-data.N_VALIDATION:]
    held_out = {photograph for photograph, _ in validation}
    assert training == [(photograph, piece) for photograph, piece in pieces if photograph not in held_out]
    assert 0 < len(training) < len(pieces) - len(validation)


def check_macs():
    """The counts of MODELS.md."""
    for name, decoder, encoder in (('fast', 6.79, 6.20), ('standard', 22.84, 15.72), ('best', 172.95, 85.89)):
        macs = kilo_macs(Codec(CONFIGS[name]))
        assert round(macs['decoder'], 2) == decoder and round(macs['ga'] + macs['ha'], 2) == encoder, (name, macs)


# The machine of BITSTREAM.md section 4 once more: [quantizer][parity of the symbol]; odd states have quantizer 1.
FLIPS = (0, 117), (131, 246)


def next_state(state, k):
    return state >> 1 ^ FLIPS[state % 2][k % 2]


def point(state, k):
    """Half steps."""
    return 2 * k - state % 2 * ((k > 0) - (k < 0))


def states_by_hand(symbols, coded):
    """symbols, coded (B, h, w, n) -> the state before each coded element of a pass, zero elsewhere."""
    states = np.zeros(symbols.shape, np.int64)
    for b in range(len(symbols)):
        state = 0
        for at in np.argwhere(coded[b]):
            at = (b, *at)
            states[at], state = state, next_state(state, symbols[at])
    return states


def greedy_cost(wanted, scale_index, prices):
    """Of a pass whose every symbol is the cheapest of its state."""
    state, total = 0, 0.0
    for r, scale in zip(wanted, scale_index):
        costs = [((r - point(state, k) / 2) ** 2 + prices[state % 2, scale, min(abs(k), 31)], k)
                 for k in range(int(round(r)) - 2, int(round(r)) + 3)]
        cost, k = min(costs)
        state, total = next_state(state, k), total + cost
    return total


def check_trellis():
    """Symbols follow the machine whatever the mask, and cost no more, error and bits, than a path that never looks ahead."""
    generator, config = np.random.RandomState(2), CONFIGS['tiny']
    shape, n_skipped = (2, 6, 7, 8), 3
    scale_index = generator.randint(0, 50, shape)
    wanted = (generator.normal(0, 1, shape) * tables.sigmas(config)[scale_index]).astype(np.float32)
    per_channel = torch.arange(8)[None, None, None] % 4 == torch.arange(7)[:, None] % 4   # as of the pass quadtree
    for coded in (non_anchors(6, 7), ~non_anchors(6, 7), per_channel.expand(1, 6, 7, 8)):
        prices = trellis.normal_prices(config)
        symbols, points, quantizer = (v.numpy() for v in trellis.choose(
            prices, torch.from_numpy(wanted), torch.from_numpy(scale_index), coded, n_skipped))
        use = coded.expand(shape).numpy() & (scale_index >= n_skipped)
        states = states_by_hand(symbols, use)
        assert (symbols[~use] == 0).all() and (quantizer == states % 2).all()
        assert (points == 2 * symbols - states % 2 * np.sign(symbols)).all() and (abs(points) > 20).any()
        costs = (wanted - points / 2) ** 2 + prices[quantizer, scale_index, np.minimum(abs(symbols), 31)]
        for at in range(len(wanted)):
            greedy = greedy_cost(wanted[at][use[at]].tolist(), scale_index[at][use[at]], prices)
            assert costs[at][use[at]].sum() < greedy, (at, costs[at][use[at]].sum(), greedy)


def check_fitted_tables(folder):
    """Files keep the tables of both quantizers, the measured ones cost less, and y_hat is by the formula of BITSTREAM.md."""
    net, tiles = load_network(os.path.join(folder, 'run.pt')), torch.from_numpy(np.load(os.path.join(folder, 'tiles.npy')))
    net.fold_gains()
    weights = build_weights(net, calibrate(net, as_pictures(tiles[:8])))
    normal = integer_cost(IntegerCodec(weights), tiles[-4:], [1])[0][0]
    fit_tables(weights, tiles[:12])
    codec = IntegerCodec(unpack(pack(weights)))
    assert len(weights.y_tables) == len(codec.weights.y_tables) == 2 * weights.config.n_scales
    for written, read in zip(weights.y_tables, codec.weights.y_tables):
        assert written.offset == read.offset and (written.frequencies == read.frequencies).all()
    assert (codec.weights.z_weight == weights.z_weight).all() and (weights.z_weight != 0).any()
    fitted = integer_cost(codec, tiles[-4:], [1])[0][0]
    assert fitted < normal, 'cost %.5f with measured tables, %.5f without' % (fitted, normal)

    c, t = weights.config, codec.encode(tiles[-1:], 1024)
    step, ratio = (codec.gain(name, 1024).numpy() for name in ('step', 'ratio'))
    for k, (i, phase) in enumerate(c.passes):
        channels, coded = net.slice_range(i), net.coded(phase, *t['y'].shape[1:3], None).numpy()
        symbols, mean = t['symbols%d' % k].numpy(), t['mean%d' % k].numpy()
        use = coded & (t['scale_index'][..., channels].numpy() >= weights.n_skipped)
        points = 2 * symbols - states_by_hand(symbols, use) % 2 * np.sign(symbols)
        y_hat = (points * step[channels] * 2 ** c.frac_y + 2 * mean * ratio[channels] + 2 ** 20) // 2 ** 21
        assert (t['y_hat'].numpy()[..., channels] == y_hat.clip(-32768, 32767))[coded.repeat(y_hat.shape[-1], -1)].all()


def check_z_residuals():
    """What is left of z is by the formula of BITSTREAM.md."""
    generator = np.random.RandomState(6)
    k, weight = generator.randint(-40, 40, (2, 3, 4, 5)), generator.randint(-32, 33, (5, 2))
    left = z_residuals(torch.from_numpy(k), weight).numpy()
    for b, y, x, c in np.ndindex(*k.shape):
        west, north = (k[b, y, x - 1, c] if x else None), (k[b, y - 1, x, c] if y else None)
        if x == 0 or y == 0:
            west, north = (0, 0) if x == y == 0 else (west, west) if x else (north, north)
        assert k[b, y, x, c] == left[b, y, x, c] + (weight[c, 0] * west + weight[c, 1] * north + 32) // 64


def check_trellis_training(folder):
    """With the symbols of the encoder the entropy model and the synthesis learn from one of wider steps too."""
    run(folder, 'trellis.pt', '--init', os.path.join(folder, 'run.pt'), '--coarser', '1.33', '--steps', '20', '--trellis',
        '--train', 'hs|ctx|gs|scale_offset|step|gain_d4')
    before, after = losses(folder, 'trellis.pt')
    assert after < before, 'cost went from %.4f to %.4f' % (before, after)


def command(folder, out, *arguments):
    """Arguments of a run on the test tiles."""
    return ['tiny', '--data', os.path.join(folder, 'tiles.npy'), '--out', os.path.join(folder, out), '--warm-up', '5',
            '--lr', '1e-3', '--validate-every', '1000', *arguments]


def run(folder, out, *arguments, make=train.Trainer):
    make(train.parse_arguments(command(folder, out, *arguments))).run()
    return torch.load(os.path.join(folder, out), map_location='cpu')


def losses(folder, out):
    with open(os.path.join(folder, out + '.log')) as f:
        return [float(line.split(' mean ')[1].split()[0]) for line in f if line.startswith('validation')]


def check_training(folder):
    """Twenty steps must lower the cost of the block DCT the model starts as."""
    run(folder, 'start.pt', '--steps', '1', '--lr', '0', '--base-lr', '0')
    run(folder, 'run.pt', '--steps', '20')
    before, after = losses(folder, 'start.pt')[-1], losses(folder, 'run.pt')[-1]
    assert after < before, 'cost went from %.4f to %.4f' % (before, after)


def check_seeds(folder):
    """What a step draws is given by the seed of the run and the step, and by both of them."""
    trainer = train.Trainer(train.parse_arguments(command(folder, 'seeds.pt', '--steps', '1')))

    def drawn(seed, step):
        train.seed_step(seed, step)
        return *trainer.batch(), trainer.ops.noise(torch.zeros(1, 8))

    first = drawn(1, 0)
    assert all(torch.equal(a, b) for a, b in zip(first, drawn(1, 0)))
    for other in (drawn(2, 0), drawn(1, 1)):
        assert not any(torch.equal(a, b) for a, b in zip(first, other))


def check_resume(folder, *arguments, make=train.Trainer):
    """A run in pieces of a step ends in the same state as one without a break; pruning, if any, looks at every step."""
    train.PRUNE_EVERY = 1
    arguments = ['--steps', '6', '--batch', '2', '--no-bf16', *arguments]
    whole = run(folder, 'whole.pt', *arguments, make=make)
    for step in range(1, 7):
        parts = run(folder, 'parts.pt', *arguments, '--resume', '--piece', '1e-9', make=make)
        assert parts['step'] == step
    os.remove(os.path.join(folder, 'parts.pt'))
    for part in ('net', 'ema', 'masks'):
        for key, value in (whole[part] or {}).items():
            assert torch.equal(value, parts[part][key]), '%s %s differs after a resume with %s' % (part, key, arguments)


def check_signals(folder):
    """A run told to end finishes its step, saves, and can be resumed."""
    out, step = os.path.join(folder, 'told.pt'), 0
    for number in (signal.SIGTERM, signal.SIGINT):
        process = subprocess.Popen([sys.executable, train.__file__, *command(
            folder, 'told.pt', '--steps', '1000000', '--batch', '2', '--patch', '64', '--resume')], stdout=subprocess.PIPE)
        while not process.stdout.readline().startswith(b'step'):
            assert process.poll() is None
        process.send_signal(number)
        said = process.communicate()[0].decode().splitlines()[-1]
        assert process.returncode == 0 and said.startswith('stopped at step'), said
        before, step = step, torch.load(out)['step']
        assert step > before and said.split()[3] == '%d,' % step, (before, step, said)


def check_ablations(folder):
    """Other networks and losses train, and resume exactly: not as the network they began with."""
    trained = os.path.join(folder, 'run.pt')
    for variant in ('passes-quadtree', 'z-single', 'random-base', 'outputs:' + trained, 'latents:' + trained):
        check_resume(folder, '--init', trained, make=partial(Ablation, variant))


def check_resumed_rates():
    """Learning rates lie where this machine wants them, whatever a saved state says: tensors, for CUDA graphs, stay tensors."""
    net = Codec(CONFIGS['tiny'])
    saved, resumed = (optimizers.make_optimizer(net, 'adam', 1e-3, 1e-4) for _ in range(2))
    for group in resumed.param_groups:
        group['lr'] = torch.tensor(group['lr'])
    optimizers.resume_optimizer(resumed, saved.state_dict())
    assert all(torch.is_tensor(group['lr']) for group in resumed.param_groups)


def check_skipped(folder, optimizer):
    """A step whose gradient is not finite changes nothing."""
    trainer = train.Trainer(train.parse_arguments(command(folder, 'skipped.pt', '--steps', '2', '--optimizer', optimizer)))
    before = copy.deepcopy(trainer.net.state_dict())
    trainer.loss = lambda x, q, x_hat, mse, bpp: (mse / 0).mean()
    trainer.set_learning_rate()
    trainer.train_step()
    assert all(torch.equal(value, before[name]) for name, value in trainer.net.state_dict().items())


def check_refused(folder):
    """What --graph cannot do is refused, and a resumed run that would go on otherwise."""
    for arguments in (['--graph'], ['--graph', '--device', 'cuda', '--optimizer', 'muon'],
                      ['--trellis', '--graph', '--device', 'cuda']):
        try:
            with contextlib.redirect_stderr(io.StringIO()) as said:
                train.parse_arguments(command(folder, 'refused.pt', '--steps', '1', *arguments))
        except SystemExit:
            assert '--graph' in said.getvalue().splitlines()[-1]
        else:
            raise AssertionError('%s is not refused' % arguments)
    begun = ['--steps', '2', '--batch', '2', '--piece', '1e-9', '--seed']
    run(folder, 'refused.pt', *begun, '7')
    try:
        run(folder, 'refused.pt', *begun, '8', '--resume')
    except SystemExit as refusal:
        assert 'seed 7, not 8' in str(refusal)
    else:
        raise AssertionError('another seed is not refused')


def check_processes(folder):
    """Two processes take the same steps as one with the double batch, up to the order of sums: Adam divides by the size of
    a gradient, so where that is tiny a step may differ; the distance of the networks must be 1e-3 of the way they went."""
    arguments = ['--steps', '4', '--no-bf16', '--patch', '64', '--without', 'ga']
    done = subprocess.run([*TORCHRUN, '--nproc_per_node', '2', train.__file__,
                           *command(folder, 'two.pt', *arguments, '--batch', '2')], stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr.decode()
    start = run(folder, 'rest.pt', '--without', 'ga', '--steps', '1', '--lr', '0', '--base-lr', '0')
    one, two = run(folder, 'one.pt', *arguments, '--batch', '4'), torch.load(os.path.join(folder, 'two.pt'))
    for part in ('net', 'ema'):
        away, apart = (sum(((one[part][k] - other[part][k]) ** 2).sum() for k in one[part]) ** 0.5 for other in (start, two))
        print('%s of two processes and of one: %.1e of the way apart' % (part, apart / away))
        assert apart < 1e-3 * away


def check_gradients(folder, *arguments):
    """Every layer of a fresh network learns from the second step on."""
    trainer = train.Trainer(train.parse_arguments(
        ['tiny', '--data', os.path.join(folder, 'tiles.npy'), '--out', os.path.join(folder, 'fresh.pt'), '--warm-up', '1',
         '--steps', '2', *arguments]))
    for _ in range(2):
        trainer.set_learning_rate()
        trainer.train_step()
    for name, layer in trainer.net.layers():
        assert layer.weight.grad.abs().max() > 0, 'no gradient reaches %s' % name


def check_filters(folder):
    """Filters can be left out, survive a weight file like that, and are added again without changing the function."""
    run(folder, 'base.pt', '--init', os.path.join(folder, 'run.pt'), '--steps', '2', '--without', 'ga', 'gs')
    net = load_network(os.path.join(folder, 'base.pt'))
    assert net.config.e4 == net.config.d4 == 0
    tiles = torch.from_numpy(np.load(os.path.join(folder, 'tiles.npy')))
    scales = calibrate(net, as_pictures(tiles[:8]))
    net = dequantize(unpack(pack(build_weights(net, scales))))
    grown, _ = transfer(net, CONFIGS['tiny'])
    assert grown.config == CONFIGS['tiny']
    before, after = (float_cost(n, tiles[-8:], [1])[0] for n in (net, grown))
    assert abs(after / before - 1) < 1e-4, 'cost %.5f without filters, %.5f with fresh ones' % (before, after)


def check_growth(folder):
    """A larger configuration starts as the function of the smaller one, and all of it learns."""
    net, tiles = load_network(os.path.join(folder, 'run.pt')), torch.from_numpy(np.load(os.path.join(folder, 'tiles.npy')))
    blocks = {name: (count + 1, hidden + 16) for name, (count, hidden) in net.config.blocks.items()}
    grown, done = transfer(net, replace(net.config, P=48, e4=24, d4=24, blocks=blocks))
    before, after = (float_cost(n, tiles[-8:], [1])[0] for n in (net, grown))
    assert abs(after / before - 1) < 1e-4, 'cost %.5f, %.5f when grown' % (before, after)
    assert done['gs.in.weight'] == done['hs.out.bias'] == 'grown' and done['gs.base.weight'] == 'taken'


def check_frozen(folder):
    """--train leaves the other parameters alone."""
    path = os.path.join(folder, 'run.pt')
    start = torch.load(path)['ema']
    state = run(folder, 'filter.pt', '--init', path, '--steps', '4', '--train', 'gs|gain_d4')['net']
    changed = {name for name, value in state.items() if not torch.equal(value, start[name])}
    assert changed == {name for name in state if name.startswith(('gs.', 'gain_d4'))}


def check_pruning(folder):
    """Pruned blocks are zero in the moving average too, and after quantization."""
    net = load_network(os.path.join(folder, 'run.pt'))
    pruning = BlockPruning(net, 0.5)
    shares = []
    for progress in (0, 0.2, 0.5, 1):
        pruning.update(net, progress)
        pruning.apply(net.state_dict())
        shares.append(pruning.pruned_share())
    assert shares[0] == 0 and 0.2 < shares[1] < shares[2] and abs(shares[3] - 0.5) < 0.01, shares
    tiles = torch.from_numpy(np.load(os.path.join(folder, 'tiles.npy')))
    weights = build_weights(net, calibrate(net, as_pictures(tiles[:8])))
    for name, mask in pruning.masks.items():
        stored = block_energies(torch.from_numpy(weights.layers[name].weight))
        assert (stored[~mask] == 0).all(), 'a pruned block of %s is not zero' % name


def check_integers(folder):
    """Fake-quantized training runs, in single precision, and the integer model costs what the float model does."""
    arguments = ['--init', os.path.join(folder, 'run.pt'), '--steps', '5', '--quantize', 'all']
    single, plain = (run(folder, 'quantized.pt', *arguments, *more)['net'] for more in (['--no-bf16'], []))
    assert all(torch.equal(value, single[name]) for name, value in plain.items())
    net = load_network(os.path.join(folder, 'quantized.pt'))
    net.fold_gains()
    tiles = torch.from_numpy(np.load(os.path.join(folder, 'tiles.npy')))
    scales = calibrate(net, as_pictures(tiles[:8]))
    codec = IntegerCodec(build_weights(net, scales))
    real = float_cost(net, tiles[-8:], [1], eight_bit=True)[0]
    integer = integer_cost(codec, tiles[-8:], [1])[0][0]
    assert abs(integer / real - 1) < 0.02, 'float %.4f, integer %.4f' % (real, integer)


class CountCopies(TorchDispatchMode):
    """Counts what on a GPU would wait for it or copy to it, so that no CUDA graph could be recorded."""
    COPIES = 'aten._local_scalar_dense', 'aten.lift_fresh', 'aten.fake_quantize_per_channel'

    def __init__(self):
        super().__init__()
        self.n = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.n += str(function).startswith(self.COPIES)
        return function(*args, **(kwargs or {}))


def check_recordable(folder):
    """A quantized step copies no more than a plain one, which CUDA graphs are known to record; nor does one of other passes."""
    counts = []
    for make, quantize in ((train.Trainer, []), (train.Trainer, ['--quantize', 'all']), (partial(Ablation, 'passes-quadtree'), [])):
        trainer = make(train.parse_arguments(command(
            folder, 'copies.pt', '--steps', '1', '--init', os.path.join(folder, 'run.pt'), *quantize)))
        x, q = trainer.batch()
        with CountCopies() as copies:
            x_hat, bpp, _ = trainer.forward(x, q, ops=trainer.ops)
            trainer.loss(x, q, x_hat, ((x_hat - x) ** 2).mean((1, 2, 3)), bpp).backward()
        counts.append(copies.n)
    assert counts == counts[:1] * 3, counts


def check_gptq(folder):
    """On correlated inputs rows of four bits miss less by GPTQ than by the nearest weights. A network keeps its grid: the weights
    that quantize_layer finds cost the same (after twenty steps its filters do too little for rounding to cost anything)."""
    normal = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)
    generator = torch.Generator().manual_seed(3)
    x = normal(4000, 48) @ normal(48, 48)
    weight, hessian = normal(1, 32, 48), (x.T @ x / len(x))[None]
    steps = weight.abs().amax(2, keepdim=True) / 7
    grids = torch.round(weight / steps) * steps, quantize_rows(weight, hessian, 7)
    nearest, gptq = ((((grid - weight) @ hessian) * (grid - weight)).sum() for grid in grids)
    print('squared error of four bits: %.3f of the nearest weights' % (gptq / nearest))
    assert gptq < 0.8 * nearest

    net, tiles = load_network(os.path.join(folder, 'run.pt')), torch.from_numpy(np.load(os.path.join(folder, 'tiles.npy')))
    net.fold_gains()
    net.config = replace(net.config, weight_limit=7)
    net.ctx1['out'].weight.data[:, 3] = 10
    before = float_cost(net, tiles[-8:], [1])[0]
    equalize_contexts(net)
    assert net.ctx1['out'].weight.abs().max() < 4 and abs(float_cost(net, tiles[-8:], [1])[0] / before - 1) < 1e-5
    pictures = as_pictures(tiles[:6])
    scales = calibrate(net, pictures)
    quantize_weights(net, scales, pictures)
    real, stored = (float_cost(net, tiles[-8:], [1], *ops)[0] for ops in ((), (FakeQuantization(net, scales, False),)))
    assert abs(stored / real - 1) < 1e-3, 'cost %.5f, stored %.5f' % (real, stored)


def check_limits(folder):
    """Limits are found from none on, whatever the configuration has, and it keeps what it has."""
    choose_limits.ANCHORS = 1,
    CONFIGS['tiny'].limits['gs.base'] = 255
    with contextlib.redirect_stdout(io.StringIO()) as said:
        choose_limits.main([os.path.join(folder, 'run.pt'), '--data', os.path.join(folder, 'tiles.npy'), '--tiles', '1',
                            '--gptq', '2', '--bytes', '256400'])
    assert CONFIGS['tiny'].limits == {'gs.base': 255}
    del CONFIGS['tiny'].limits['gs.base']
    without, *_, limits, _ = said.getvalue().splitlines()
    assert int(without.split()[0]) > 256400 and "'gs.base': 255" in limits, said.getvalue()


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_macs()
        check_photographs(folder)
        check_trellis()
        check_z_residuals()
        make_tiles(os.path.join(folder, 'tiles.npy'))
        check_training(folder)
        check_seeds(folder)
        check_resume(folder)
        check_resume(folder, '--optimizer', 'adamw')
        check_resume(folder, '--optimizer', 'muon', '--init', os.path.join(folder, 'run.pt'), '--prune', '0.5')
        check_resume(folder, '--trellis', '--init', os.path.join(folder, 'run.pt'))
        check_signals(folder)
        check_ablations(folder)
        check_resumed_rates()
        check_skipped(folder, 'adam')
        check_skipped(folder, 'muon')
        check_refused(folder)
        check_processes(folder)
        check_gradients(folder)
        check_gradients(folder, '--trellis')
        check_trellis_training(folder)
        check_filters(folder)
        check_growth(folder)
        check_frozen(folder)
        check_pruning(folder)
        check_integers(folder)
        check_fitted_tables(folder)
        check_recordable(folder)
        check_gptq(folder)
        check_limits(folder)
    print('ok')


if __name__ == '__main__':
    main()

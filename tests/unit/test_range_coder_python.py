"""models/train/range_coder.py writes the bytes that the C encoder writes, and reads them.

    python3 test_range_coder_python.py RANGE_CODER_SCRIPT

RANGE_CODER_SCRIPT is the program built from range_coder_script.c. Standard library only.
"""
import os
import random
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', '..', 'models', 'train'))
from range_coder import CdfTable, DamagedStream, RangeDecoder, RangeEncoder  # noqa: E402

SEED = int(os.environ.get('GHM_TEST_SEED', '20261123'), 0)
PROGRAM = None


def frequencies(rng, length, concentration):
    """Random frequencies of at least 1 that sum to 2^16."""
    weights = [rng.random() ** concentration for _ in range(length)]
    spare = (1 << 16) - length
    f = [1 + int(w / sum(weights) * spare) for w in weights]
    f[rng.randrange(length)] += (1 << 16) - sum(f)
    return f


def random_script(rng, n):
    """n commands; tables are objects, the rest tuples of numbers."""
    table = CdfTable(-1, [10000, 40000, 15000, 536])
    commands = [('t', table)]
    for _ in range(n):
        kind = rng.choice('ebtsssss')
        if kind == 'e':
            precision = rng.randint(1, 16)
            lo = rng.randrange(1 << precision)
            commands.append(('e', lo, rng.randint(lo + 1, 1 << precision), precision))
        elif kind == 'b':
            bits = rng.randint(1, 16)
            commands.append(('b', rng.randrange(1 << bits), bits))
        elif kind == 't':
            length = rng.choice((2, 3, 20, 300))
            table = CdfTable(rng.randint(-200, 10), frequencies(rng, length, rng.choice((1, 8))))
            commands.append(('t', table))
        elif rng.random() < 0.05:
            commands.append(('s', table, rng.choice((-32768, 32767, rng.randint(-32768, 32767)))))
        else:
            commands.append(('s', table, rng.randint(table.offset - 2, table.last + 2)))
    return commands


def text(commands):
    lines = []
    for command in commands:
        if command[0] == 't':
            c = command[1].cumulative
            f = [b - a for a, b in zip(c, c[1:])]
            lines.append(' '.join(map(str, ('t', command[1].offset, len(f), *f))))
        elif command[0] == 's':
            lines.append(f's {command[2]}')
        else:
            lines.append(' '.join(map(str, command)))
    return '\n'.join(lines)


def encode(commands):
    encoder = RangeEncoder()
    for command in commands:
        if command[0] == 'e':
            encoder.encode(*command[1:])
        elif command[0] == 'b':
            encoder.encode_bits(*command[1:])
        elif command[0] == 's':
            encoder.encode_symbol(*command[1:])
    return encoder.finish()


def encode_in_c(commands):
    return subprocess.run([PROGRAM], input=text(commands).encode(), stdout=subprocess.PIPE, check=True).stdout


class RangeCoderTest(unittest.TestCase):
    def check_decodes(self, data, commands):
        decoder = RangeDecoder(data)
        for command in commands:
            if command[0] == 'e':
                lo, hi, precision = command[1:]
                self.assertTrue(lo <= decoder.target(precision) < hi)
                decoder.update(lo, hi, precision)
            elif command[0] == 'b':
                self.assertEqual(decoder.decode_bits(command[2]), command[1])
            elif command[0] == 's':
                self.assertEqual(decoder.decode_symbol(command[1]), command[2])
        self.assertEqual(decoder.bytes_left, 0)

    def test_random_scripts(self):
        rng = random.Random(SEED)
        for run in range(200):
            commands = random_script(rng, rng.randrange(3000 if run % 20 == 0 else 40))
            data = encode(commands)
            self.assertEqual(data, encode_in_c(commands))
            self.check_decodes(data, commands)

    def test_carry(self):
        """Keeps 2^63 inside the interval (as test_range_coder.c), then goes above it: 7F FF FF ... becomes 80 00 00 ..."""
        commands, encoder, distance = [], RangeEncoder(), 1 << 63
        for _ in range(3000):
            r = encoder._range >> 16
            v, size = distance // r, len(encoder._out)
            commands.append(('e', v, v + 1, 16))
            encoder.encode(v, v + 1)
            distance -= r * v
            if len(encoder._out) > size:
                distance <<= 32
        self.assertEqual(bytes(encoder._out[:100]), b'\x7f' + b'\xff' * 99)
        commands.append(('e', distance // (encoder._range >> 16) + 1, 65536, 16))
        data = encode(commands)
        self.assertEqual(data[:100], b'\x80' + b'\0' * 99)
        self.assertEqual(data, encode_in_c(commands))
        self.check_decodes(data, commands)

    def test_examples_of_the_specification(self):
        events = [('e', 3, 4, 2), ('e', 20000, 60000, 16), ('e', 43981, 43982, 16), ('e', 0, 1, 1), ('e', 77, 78, 16)]
        self.assertEqual(encode(events).hex(), 'edbef7d5e0')
        table = CdfTable(-1, [10000, 40000, 15000, 536])
        self.assertEqual(encode([('s', table, s) for s in (0, -1, 1, 0, 7, -300, 0)]).hex(), '3d666536ece8')
        self.assertEqual(encode([]), b'')

    def test_damage(self):
        table = CdfTable(0, [65000, 536])
        with self.assertRaises(DamagedStream):
            RangeDecoder(b'\xff' * 20).decode_symbol(table)

    def test_bad_tables(self):
        for offset, f in ((0, [65536]), (0, [65535, 2]), (0, [65536, 0]), (32767, [1, 1, 65534]), (-32769, [1, 65535])):
            with self.assertRaises(ValueError):
                CdfTable(offset, f)


if __name__ == '__main__':
    PROGRAM = sys.argv.pop(1)
    print(f'GHM_TEST_SEED={SEED}', file=sys.stderr)
    unittest.main()

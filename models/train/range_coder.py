"""The range coder of entropy/RANGE_CODER.md in plain Python: the same bytes as the C encoder, the same symbols as the C
decoder. Standard library only.

    encoder = RangeEncoder()
    encoder.encode_symbol(table, -3)
    encoder.encode_bits(5, 8)
    data = encoder.finish()

    decoder = RangeDecoder(data)
    decoder.decode_symbol(table)  # -3
    decoder.decode_bits(8)        # 5
"""
from bisect import bisect_right
from itertools import accumulate

PRECISION = 16
LENGTH_MIN, LENGTH_MAX = 2, 4096
INT16_MIN, INT16_MAX = -(1 << 15), (1 << 15) - 1
ESCAPE_LOG2_MAX = 15

MASK64 = (1 << 64) - 1
TWO32 = 1 << 32


class DamagedStream(ValueError):
    """An escape code that no encoder writes."""


class CdfTable:
    """Values offset ... offset + len(frequencies) - 2; the last frequency is that of the escape."""

    def __init__(self, offset, frequencies):
        self.offset = int(offset)
        self.cumulative = [0, *accumulate(map(int, frequencies))]
        self.length = len(self.cumulative) - 1
        self.last = self.offset + self.length - 2
        self._check()

    def _check(self):
        if not LENGTH_MIN <= self.length <= LENGTH_MAX:
            raise ValueError(f'a table of {self.length} entries')
        if self.offset < INT16_MIN or self.last > INT16_MAX:
            raise ValueError(f'values {self.offset} ... {self.last} do not fit 16 bits')
        if any(a >= b for a, b in zip(self.cumulative, self.cumulative[1:])):
            raise ValueError('a frequency below 1')
        if self.cumulative[-1] != 1 << PRECISION:
            raise ValueError(f'frequencies that sum to {self.cumulative[-1]}')


class RangeEncoder:
    def __init__(self):
        self._low, self._range, self._out = 0, MASK64, bytearray()

    def encode(self, cum_lo, cum_hi, precision=PRECISION):
        """The event that owns [cum_lo, cum_hi) of 2^precision."""
        r = self._range >> precision
        low = self._low + r * cum_lo
        if low > MASK64:
            self._carry()
            low &= MASK64
        self._range = r * (cum_hi - cum_lo)
        if self._range < TWO32:
            self._out += (low >> 32).to_bytes(4, 'big')
            low = low << 32 & MASK64
            self._range <<= 32
        self._low = low

    def encode_bits(self, value, n):
        """n raw bits, 1 ... 16."""
        self.encode(value, value + 1, n)

    def encode_symbol(self, table, symbol):
        """Any 16-bit value, with a CdfTable."""
        if not INT16_MIN <= symbol <= INT16_MAX:
            raise ValueError(f'symbol {symbol} does not fit 16 bits')
        c, i = table.cumulative, symbol - table.offset
        if 0 <= i < table.length - 1:
            self.encode(c[i], c[i + 1])
            return
        self.encode(c[-2], c[-1])
        if i < 0:
            self._encode_excess(1, -i)
        else:
            self._encode_excess(0, symbol - table.last)

    def finish(self):
        """End the stream; its bytes."""
        mask = MASK64
        while -self._low & mask >= self._range:
            mask >>= 1
        low = self._low + (-self._low & mask)
        if low > MASK64:
            self._carry()
        self._out += (low & MASK64).to_bytes(8, 'big')
        return bytes(self._out.rstrip(b'\0'))

    def _carry(self):
        i = len(self._out) - 1
        while self._out[i] == 0xff:
            self._out[i] = 0
            i -= 1
        self._out[i] += 1

    def _encode_excess(self, below, rest):
        m = rest.bit_length() - 1
        self.encode_bits(below, 1)
        for _ in range(m):
            self.encode_bits(1, 1)
        self.encode_bits(0, 1)
        if m:
            self.encode_bits(rest - (1 << m), m)


class RangeDecoder:
    def __init__(self, data):
        self._data, self._position = bytes(data), 8
        self._code = int.from_bytes(self._data[:8].ljust(8, b'\0'), 'big')
        self._range = MASK64

    @property
    def bytes_left(self):
        """Bytes not looked at; 0 after the last symbol of a sound stream."""
        return max(0, len(self._data) - self._position)

    def target(self, precision=PRECISION):
        """v: the next symbol is the one with cum_lo <= v < cum_hi."""
        return min(self._code // (self._range >> precision), (1 << precision) - 1)

    def update(self, cum_lo, cum_hi, precision=PRECISION):
        """Consume the symbol found for the target."""
        r = self._range >> precision
        self._code -= r * cum_lo
        self._range = r * (cum_hi - cum_lo)
        if self._range < TWO32:
            word = int.from_bytes(self._data[self._position:self._position + 4].ljust(4, b'\0'), 'big')
            self._position += 4
            self._code = (self._code << 32 | word) & MASK64
            self._range <<= 32

    def decode_bits(self, n):
        v = self.target(n)
        self.update(v, v + 1, n)
        return v

    def decode_symbol(self, table):
        c = table.cumulative
        i = bisect_right(c, self.target()) - 1
        self.update(c[i], c[i + 1])
        return table.offset + i if i < table.length - 1 else self._decode_excess(table)

    def _decode_excess(self, table):
        below, m = self.decode_bits(1), 0
        while self.decode_bits(1):
            m += 1
            if m > ESCAPE_LOG2_MAX:
                raise DamagedStream('an escape code of more than 31 bits')
        rest = (1 << m) + (self.decode_bits(m) if m else 0)
        symbol = table.offset - rest if below else table.last + rest
        if not INT16_MIN <= symbol <= INT16_MAX:
            raise DamagedStream(f'the escaped value {symbol} does not fit 16 bits')
        return symbol

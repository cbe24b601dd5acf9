"""The Python package: arrays of every kind, equality with the command, errors. GINGHAM_LIBRARY names the library.

    python3 test_gingham.py GINGHAM PICTURE.ppm
"""
import os
import subprocess
import sys
import tempfile
import threading
import unittest

try:
    import cffi  # noqa: F401
    import numpy
except ImportError as missing:
    print(f'skipped: {missing} (Debian packages: python3-cffi python3-numpy)')
    sys.exit(77)

import gingham

COMMAND, PICTURE = sys.argv[1:3]


def read_ppm(path):
    with open(path, 'rb') as file:
        magic, size, most, samples = file.read().split(b'\n', 3)
    width, height = map(int, size.split())
    assert magic == b'P6' and most == b'255'
    return numpy.frombuffer(samples, numpy.uint8).reshape(height, width, 3)


class TestGingham(unittest.TestCase):
    def test_command_and_package_agree(self):
        with tempfile.TemporaryDirectory() as folder:
            ppm, ghm, back = (os.path.join(folder, name) for name in ('a.ppm', 'a.ghm', 'b.ppm'))
            subprocess.run([COMMAND, 'encode', PICTURE, ghm, '--quiet', '-q', '40'], check=True)
            subprocess.run([COMMAND, 'decode', ghm, back, '--quiet'], check=True)
            with open(ghm, 'rb') as file:
                stream = file.read()
            decoded = gingham.decode(stream)
            numpy.testing.assert_array_equal(decoded, read_ppm(back))
            numpy.testing.assert_array_equal(gingham.decode(stream, threads=1), decoded)
            subprocess.run([COMMAND, 'encode', back, ghm, '--quiet', '-q', '40'], check=True)
            with open(ghm, 'rb') as file:
                self.assertEqual(gingham.encode(decoded, 40), file.read())

    def test_kinds_of_arrays(self):
        ramp = numpy.linspace(0, 255, 40 * 56).reshape(40, 56)
        for components in (None, 1, 2, 3, 4):
            for dtype, scale in ((numpy.uint8, 1), (numpy.uint16, 257)):
                array = (ramp * scale).astype(dtype)
                if components:
                    array = numpy.repeat(array[:, :, None], components, axis=2)
                stream = gingham.encode(array, 90)
                decoded = gingham.decode(stream)
                self.assertEqual(decoded.dtype, dtype)
                self.assertEqual(decoded.shape, array.shape if components != 1 else array.shape[:2])
                self.assertNotEqual(gingham.encode(array, 90, effort=2), stream)
                lossless = gingham.decode(gingham.encode(array, lossless=True))
                numpy.testing.assert_array_equal(lossless, array if components != 1 else array[:, :, 0])
                if components in (2, 4):  # alpha is kept without loss
                    numpy.testing.assert_array_equal(decoded[:, :, -1], array[:, :, -1])
                    lossy = gingham.decode(gingham.encode(array, 90, alpha_quality=90)).astype(float)
                    self.assertLessEqual(numpy.abs(lossy[:, :, -1] - array[:, :, -1]).max(), 3.2 * scale)
                difference = decoded.reshape(array.shape).astype(float) - array
                self.assertLess(numpy.abs(difference).mean(), 8 * scale)

    def test_strided_arrays(self):
        array = numpy.arange(64 * 64 * 3, dtype=numpy.uint32).reshape(64, 64, 3).astype(numpy.uint8)
        view = array[::2, ::-2, :]
        self.assertEqual(gingham.encode(view), gingham.encode(view.copy()))

    def test_info_and_metadata(self):
        stream = gingham.encode(numpy.zeros((30, 50, 3), numpy.uint8), 25, metadata={'exif': b'II*\0' + bytes(20)})
        info = gingham.info(stream)
        self.assertEqual((info['width'], info['height'], info['components'], info['bit_depth']), (50, 30, 3, 8))
        self.assertAlmostEqual(info['quality'], 25, places=2)
        self.assertEqual(info['model_id'], gingham.Model().id)
        self.assertEqual(gingham.metadata(stream), {'exif': b'II*\0' + bytes(20)})
        self.assertFalse(gingham.info(stream[:-3])['complete'])
        deep = gingham.encode(numpy.full((9, 9), 1000, numpy.uint16), bit_depth=10)
        self.assertEqual(gingham.info(deep)['bit_depth'], 10)

    def test_profiles(self):
        array = numpy.zeros((30, 50, 3), numpy.uint8)
        profiles = gingham.profiles()
        self.assertIn('fast', profiles)
        for name, model_id in profiles.items():
            stream = gingham.encode(array, profile=name)
            self.assertEqual(gingham.info(stream)['model_id'], model_id)
            self.assertEqual(stream, gingham.encode(array, model=gingham.Model(profile=name)))
            numpy.testing.assert_array_equal(gingham.decode(stream), gingham.decode(stream, model=gingham.Model(id=model_id)))
        self.assertIn(gingham.Model().id, profiles.values())
        for wrong in ({'profile': 'tiny'}, {'id': '0' * 16}):
            with self.assertRaises(gingham.Error):
                gingham.Model(**wrong)
        with self.assertRaisesRegex(gingham.Error, 'built in: fast'):
            gingham.encode(array, profile='tiny')
        with self.assertRaises(ValueError):
            gingham.encode(array, profile='fast', model=gingham.Model())
        with self.assertRaises(ValueError):
            gingham.Model(profile='fast', id=profiles['fast'])

    def test_errors(self):
        stream = gingham.encode(numpy.zeros((30, 50, 3), numpy.uint8))
        for data in (b'', b'not a stream', stream[:-1], stream[:40] + bytes([stream[40] ^ 1]) + stream[41:]):
            with self.assertRaises(gingham.Error):
                gingham.decode(data)
        with self.assertRaisesRegex(gingham.Error, 'pixels') as raised:
            gingham.decode(stream, max_pixels=100)
        self.assertEqual(raised.exception.status, 30)
        with self.assertRaisesRegex(gingham.Error, 'quality'):
            gingham.encode(numpy.zeros((3, 3), numpy.uint8), 101)
        for array in (numpy.zeros((3, 3)), numpy.zeros(3, numpy.uint8), numpy.zeros((3, 3, 5), numpy.uint8)):
            with self.assertRaises(ValueError):
                gingham.encode(array)
        with self.assertRaises(gingham.Error):
            gingham.encode(numpy.zeros((0, 3, 3), numpy.uint8))
        with self.assertRaises(ValueError):
            gingham.encode(numpy.zeros((3, 3), numpy.uint8), bit_depth=10)
        with self.assertRaises(gingham.Error):
            gingham.Model(PICTURE)

    def test_threads(self):
        array = numpy.arange(200 * 300 * 3, dtype=numpy.uint32).reshape(200, 300, 3).astype(numpy.uint8)
        results = []
        threads = [threading.Thread(target=lambda: results.append(gingham.encode(array, threads=1))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [gingham.encode(array)] * 4)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])

"""Gingham, a learned image codec, for numpy arrays.

    import gingham
    stream = gingham.encode(array, quality=60)   # (height, width[, components]), uint8 or uint16 -> bytes
    array = gingham.decode(stream)
    gingham.info(stream)                         # {'width': 768, 'height': 512, 'quality': 60.0, ...}

Components: none or 1 is grey, 2 grey and alpha, 3 RGB, 4 RGBA. The functions call libgingham through cffi, with the
declarations of its own headers; they release the GIL, so that threads encode and decode side by side.
"""
import functools
import itertools
import os
import re

import cffi
import numpy

__all__ = ['Error', 'Model', 'decode', 'encode', 'info', 'metadata', 'profiles', 'version']

_METADATA_KINDS = ('icc', 'exif', 'xmp', 'iptc', 'cicp', 'gamma')


class Error(Exception):
    """A call of the library failed; `status` is its ghm_status."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


def _declarations():
    """The public headers, as far as cffi understands them: types, functions and whole numbers."""
    here = os.path.dirname(os.path.abspath(__file__))
    folders = [os.path.join(here, 'include'), os.path.join(here, '..', '..', 'include')]  # installed, in the sources
    folder = next(f for f in folders if os.path.isdir(f))
    text = ''
    for name in ('image.h', 'gingham.h'):
        with open(os.path.join(folder, 'gingham', name), encoding='utf-8') as file:
            text += re.sub(r'/\*.*?\*/', ' ', file.read(), flags=re.S)
    text = re.sub(r'^#if(n?def| ).*?^#endif', '', re.sub(r'^#ifn?def \w+_H$', '', text, flags=re.M), flags=re.S | re.M)
    lines = [line for line in text.splitlines()
             if not line.startswith('#') or re.fullmatch(r'#define \w+ \d+\s*', line)]
    return '\n'.join(lines).replace('GHM_API ', '')


_text = _declarations()
_abi = re.search(r'#define GHM_ABI_VERSION (\d+)', _text).group(1)
_ffi = cffi.FFI()
_ffi.cdef(_text)
_lib = _ffi.dlopen(os.environ.get('GINGHAM_LIBRARY', f'libgingham.so.{_abi}'))


def version():
    """"MAJOR.MINOR.PATCH" of the library."""
    return _ffi.string(_lib.ghm_version()).decode()


_header_version = f'{_lib.GHM_VERSION_MAJOR}.{_lib.GHM_VERSION_MINOR}.{_lib.GHM_VERSION_PATCH}'
if version() != _header_version:
    raise ImportError(f'libgingham is {version()}, this package is for {_header_version}')


def _check(status, diagnostics):
    if status != _lib.GHM_OK:
        text = _ffi.string(diagnostics.text) or _ffi.string(_lib.ghm_status_string(status))
        raise Error(int(status), text.decode(errors='replace'))


class Model:
    """Weights: those of a file, of a built-in profile by its name or id, or without any of these the default ones."""

    def __init__(self, path=None, *, profile=None, id=None):
        if sum(x is not None for x in (path, profile, id)) > 1:
            raise ValueError('path, profile and id each name weights: give one of them')
        model, diagnostics = _ffi.new('ghm_model **'), _ffi.new('ghm_diagnostics *')
        rest = _lib.GHM_BACKEND_AUTO, model, diagnostics
        if path is not None:
            with open(path, 'rb') as file:
                data = file.read()
            status = _lib.ghm_model_open(_ffi.from_buffer(data), len(data), *rest)
        elif profile is not None:
            status = _lib.ghm_model_open_profile(profile.encode(), *rest)
        elif id is not None:
            status = _lib.ghm_model_open_by_id(int(id, 16), *rest)
        else:
            status = _lib.ghm_model_open_default(*rest)
        _check(status, diagnostics)
        self._pointer = _ffi.gc(model, _lib.ghm_model_close)

    @property
    def id(self):
        """The hash by which streams name their weights, as 16 hexadecimal digits."""
        model_info = _ffi.new('ghm_model_info *')
        _lib.ghm_model_get_info(self._pointer[0], model_info)
        return f'{model_info.id:016x}'


def _profile_infos():
    """Name, id, whether it is the default."""
    profile = _ffi.new('ghm_profile_info *')
    for index in itertools.count():
        if not _lib.ghm_profile_get_info(index, profile):
            return
        yield _ffi.string(profile.name).decode(), f'{profile.model_id:016x}', bool(profile.is_default)


def profiles():
    """The names of the built-in weights, cheapest first, and their ids: {'fast': '0123456789abcdef', ...}."""
    return {name: model_id for name, model_id, _ in _profile_infos()}


@functools.lru_cache(maxsize=None)
def _model_of_id(model_id):
    return Model(id=model_id)


def _model_of_profile(profile):
    for name, model_id, is_default in _profile_infos():
        if name == profile or (profile is None and is_default):
            return _model_of_id(model_id)
    return Model(profile=profile)  # raises, and says which there are


def _image_of(array, bit_depth):
    """A view of the array as a ghm_image, and what keeps its samples alive."""
    array = numpy.ascontiguousarray(array)
    if array.dtype not in (numpy.uint8, numpy.uint16) or array.ndim not in (2, 3):
        raise ValueError('an array (height, width[, components]) of uint8 or uint16 is needed')
    samples = array if array.ndim == 3 else array[:, :, None]
    height, width, components = samples.shape
    if not 1 <= components <= 4:
        raise ValueError(f'{components} components are not 1 to 4')
    image = _ffi.new('ghm_image *')
    pointer = _ffi.from_buffer('uint8_t[]', samples)
    order = {1: [0], 2: [0, 3], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[components]
    for i, plane in enumerate(order):
        image.planes[plane] = pointer + i * array.itemsize if array.size else _ffi.NULL
    image.width, image.height = width, height
    image.pixel_stride = components * array.itemsize
    image.row_stride = width * image.pixel_stride
    image.bit_depth = bit_depth or 8 * array.itemsize
    if image.bit_depth > 8 * array.itemsize or (array.itemsize == 2 and image.bit_depth <= 8):
        raise ValueError(f'{image.bit_depth} bits a sample do not fit {array.dtype}')
    return image, pointer


def encode(array, quality=60, *, effort=1, alpha_quality=100, lossless=False, bit_depth=None, threads=0, metadata=None, profile=None,
           model=None):
    """Encode an array to bytes.

    quality    0 to 100, any number; higher is better and larger
    effort     1 to 9; above 1 smaller files for several times the time
    alpha_quality  100: alpha without loss; below, with errors of at most (100 - alpha_quality) / 800 of the range
    lossless   keep every sample as it is, whatever the quality
    bit_depth  of the samples; by default 8 for uint8 and 16 for uint16
    threads    0: as many as the process may use. The bytes do not depend on it
    metadata   {'icc': bytes, 'exif': bytes, 'xmp': bytes, 'iptc': bytes}, carried along
    profile    the name of built-in weights, one of profiles(); None: the default ones
    model      a Model, instead of a profile
    """
    if profile is not None and model is not None:
        raise ValueError('profile and model both name weights')
    image, samples = _image_of(array, bit_depth)
    settings, carried = _ffi.new('ghm_encode_settings *'), _ffi.new('ghm_metadata *')
    buffers = []
    for kind, data in (metadata or {}).items():
        buffers.append(_ffi.from_buffer(data))
        buffer = carried.kinds[_METADATA_KINDS.index(kind)]
        buffer.data, buffer.size = _ffi.cast('uint8_t *', buffers[-1]), len(data)
    _lib.ghm_encode_settings_default(settings)
    settings.quality, settings.effort, settings.alpha_quality, settings.lossless = quality, effort, alpha_quality, lossless
    settings.threads, settings.metadata = threads, carried
    out, diagnostics = _ffi.new('ghm_buffer *'), _ffi.new('ghm_diagnostics *')
    pointer = (model or _model_of_profile(profile))._pointer[0]
    _check(_lib.ghm_encode_image(pointer, settings, image, out, diagnostics), diagnostics)
    del samples, buffers  # they had to live until here
    try:
        return bytes(_ffi.buffer(out.data, out.size))
    finally:
        _lib.ghm_buffer_free(out)


def _array_of(image):
    """The samples of an interleaved ghm_image, copied."""
    itemsize = 2 if image.bit_depth > 8 else 1
    components = image.pixel_stride // itemsize
    rows = numpy.frombuffer(_ffi.buffer(image.planes[0], image.row_stride * image.height), numpy.uint8)
    rows = rows.reshape(image.height, image.row_stride)[:, :image.width * image.pixel_stride].copy()
    samples = rows.view(numpy.uint16 if itemsize == 2 else numpy.uint8)
    return samples.reshape((image.height, image.width) if components == 1 else (image.height, image.width, components))


def decode(data, *, threads=0, max_pixels=None, model=None):
    """Decode bytes to an array of uint8, or of uint16 for more than 8 bits a sample (info()['bit_depth']).

    model      a Model; by default the built-in weights that the stream names
    """
    settings, image = _ffi.new('ghm_decode_settings *'), _ffi.new('ghm_image *')
    diagnostics = _ffi.new('ghm_diagnostics *')
    _lib.ghm_decode_settings_default(settings)
    settings.threads = threads
    if max_pixels is not None:
        settings.max_pixels = max_pixels
    pointer = (model or _model_of_id(info(data)['model_id']))._pointer[0]
    status = _lib.ghm_decode_image(pointer, settings, _ffi.from_buffer(data), len(data), image, diagnostics)
    _check(status, diagnostics)
    try:
        return _array_of(image)
    finally:
        _lib.ghm_image_free(image)


def info(data):
    """What the header of a stream says, as a dict; nothing is decoded."""
    stream, diagnostics = _ffi.new('ghm_stream_info *'), _ffi.new('ghm_diagnostics *')
    _check(_lib.ghm_stream_get_info(_ffi.from_buffer(data), len(data), stream, diagnostics), diagnostics)
    return {
        'format_version': stream.format_version, 'width': stream.width, 'height': stream.height,
        'components': int(stream.components), 'bit_depth': stream.bit_depth, 'quality': stream.quality,
        'model_id': f'{stream.model_id:016x}', 'bands': stream.n_bands, 'complete': bool(stream.complete),
        'bpp': 8 * len(data) / (stream.width * stream.height),
    }


def metadata(data):
    """What a stream carries beside the samples: {'icc': bytes, ...}, with the kinds that there are."""
    carried, diagnostics = _ffi.new('ghm_metadata *'), _ffi.new('ghm_diagnostics *')
    _check(_lib.ghm_stream_get_metadata(_ffi.from_buffer(data), len(data), carried, diagnostics), diagnostics)
    try:
        return {name: bytes(_ffi.buffer(buffer.data, buffer.size))
                for name, buffer in zip(_METADATA_KINDS, carried.kinds) if buffer.size}
    finally:
        _lib.ghm_metadata_free(carried)

/**
 * @file gingham.h  Gingham, a learned image codec: encode and decode still pictures.
 *
 * The same stream gives the same pixels on every machine, compiler, backend and thread count (codec/BITSTREAM.md).
 *
 * Threads: a ghm_model is read-only once opened and may be shared by any number of threads; every other object belongs
 * to one thread at a time. The library keeps no other state, prints nothing and never exits. (The backend "blas" loads
 * OpenBLAS when it is asked for, and sets it to one thread for the whole process.)
 */
#ifndef GINGHAM_GINGHAM_H
#define GINGHAM_GINGHAM_H

#include <stddef.h>
#include <stdint.h>

#include <gingham/image.h>

#define GHM_VERSION_MAJOR 0
#define GHM_VERSION_MINOR 1
#define GHM_VERSION_PATCH 0

/** Raised with every change that programs compiled before it cannot live with; the shared library's SOVERSION. */
#define GHM_ABI_VERSION 1

#define GHM_MAX_THREADS 256 /**< that the settings may ask for */

#if defined(__GNUC__)
#define GHM_API __attribute__((visibility("default")))
#else
#define GHM_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** What came of a call. The numbers are fixed. */
typedef enum ghm_status {
    GHM_OK = 0,
    GHM_ERR_ARGUMENT = 1,        /**< the call itself is wrong: a size of zero, a quality out of range, ... */
    GHM_ERR_MEMORY = 2,          /**< an allocation failed */
    GHM_ERR_CANCELLED = 3,       /**< the progress callback asked to stop */
    GHM_ERR_TRUNCATED = 10,      /**< the stream ends before its last chunk */
    GHM_ERR_BITSTREAM = 11,      /**< not a stream of this codec, or damaged */
    GHM_ERR_UNSUPPORTED = 12,    /**< a sound stream that this version cannot decode */
    GHM_ERR_CHECKSUM = 13,       /**< decoded, but the picture is not the one its encoder saw */
    GHM_ERR_MODEL = 20,          /**< not a weight file, or damaged */
    GHM_ERR_MODEL_MISMATCH = 21, /**< the stream names other weights than the model given */
    GHM_ERR_LIMIT = 30           /**< larger than a limit in the settings */
} ghm_status;

/** A short English phrase; never NULL. */
GHM_API const char *ghm_status_string(ghm_status status);

/** "MAJOR.MINOR.PATCH" of the library at run time. */
GHM_API const char *ghm_version(void);

/** GHM_ABI_VERSION of the library at run time: a program compiled with another number must not go on. */
GHM_API int ghm_abi_version(void);

/** Where a call that fails leaves one sentence about why. Zero it before the call; the first reason is kept. */
typedef struct ghm_diagnostics {
    char text[256];
} ghm_diagnostics;

/** Called about every quarter of a second during long work, from the calling thread, with done in [0, 1], which never falls; return
 * nonzero to cancel. Encoding above effort 1 with large weights it may take a few seconds between two calls. */
typedef int (*ghm_progress_callback)(void *user, double done);

/**
 * Rows of a picture, top to bottom, called from the thread of the call that made them. rows is a view of rows->height whole
 * rows, the first being row first_row of the result; it is valid during the callback only. Return nonzero to cancel.
 */
typedef int (*ghm_rows_callback)(void *user, uint32_t first_row, const ghm_image *rows);

/** Bytes of a stream, from its first to its last. Return nonzero to cancel. */
typedef int (*ghm_write_callback)(void *user, const uint8_t *data, size_t size);

/**
 * Where working memory comes from; NULL functions: malloc and free. Both are called by several threads at once. allocate
 * returns memory aligned as malloc's, or NULL. Not served by it, nor counted in max_memory but for pictures: pictures and streams
 * handed to the caller, models, what libc takes for threads (a few hundred bytes each), xxHash for a picture's hash (576 bytes)
 * and zlib while it packs or unpacks metadata (below 300 kB).
 */
typedef struct ghm_allocator {
    void *(*allocate)(void *user, size_t size);
    void (*release)(void *user, void *block);
    void *user;
} ghm_allocator;

/* ------------------------------------------------------------------------------------------------ weights */

/** Implementations of the integer networks. All give the same results to the bit; AUTO takes the fastest here. */
typedef enum ghm_backend {
    GHM_BACKEND_AUTO = 0,
    GHM_BACKEND_C = 1,    /**< portable C, the definition */
    GHM_BACKEND_BLAS = 2, /**< OpenBLAS dgemm on integers below 2^53 */
    GHM_BACKEND_AVX2 = 3, /**< x86-64 with AVX2 */
    GHM_BACKEND_AVX512 = 4, /**< x86-64 with AVX-512 (F, BW, DQ, VL) and VNNI */
    GHM_BACKEND_AVXVNNI = 5, /**< x86-64 with AVX-VNNI */
    GHM_BACKEND_NEON = 6,   /**< AArch64 */
    GHM_BACKEND_DOTPROD = 7 /**< AArch64 with dot products (FEAT_DotProd) */
} ghm_backend;

/** 1 when this CPU and this build can run the backend, 0 otherwise. */
GHM_API int ghm_backend_available(ghm_backend backend);
/** "auto", "c", "blas", "avx2", "avx512", "avxvnni", "neon", "dotprod"; NULL for a number that names none. */
GHM_API const char *ghm_backend_name(ghm_backend backend);

/** One set of trained weights, bound to one backend. */
typedef struct ghm_model ghm_model;

/** What a weight file says about itself. */
typedef struct ghm_model_info {
    char name[17];             /**< "fast", ... */
    uint64_t id;               /**< hash of the weight file's content (models/WEIGHTS.md); streams carry it */
    size_t file_bytes;         /**< size of the weight file */
    size_t n_parameters;       /**< weights and biases of all networks */
    double decoder_kmac;       /**< thousands of multiply-adds per pixel of all decoder networks, as computed */
    double encoder_kmac;       /**< the same for what an encoder runs beside the decoder's networks */
    double synthesis_kmac;     /**< the part of decoder_kmac that turns y_hat into pixels; the rest is for the context */
    ghm_backend backend;       /**< the backend in use */
} ghm_model_info;

/** A profile: weights compiled into the library, under the name that users choose them by. */
typedef struct ghm_profile_info {
    const char *name;          /**< "fast", ...; belongs to the library */
    uint64_t model_id;         /**< of its weights, as in ghm_model_info.id and ghm_stream_info.model_id */
    int is_default;            /**< nonzero for the one that ghm_model_open_default() opens */
} ghm_profile_info;

/**
 * The built-in profiles, cheapest first; nothing is opened for it.
 *
 * @param index  0, 1, ...
 * @return 1, or 0 when there are no more: *info is then untouched
 */
GHM_API int ghm_profile_get_info(size_t index, ghm_profile_info *info);

/**
 * Open the weights of the default profile.
 *
 * @param backend  GHM_BACKEND_AUTO or a backend that ghm_backend_available() confirms.
 * @param model    receives the model, released with ghm_model_close(); NULL on failure.
 * @param diag     may be NULL.
 * @return GHM_OK, GHM_ERR_ARGUMENT (backend not available), GHM_ERR_MEMORY
 */
GHM_API ghm_status ghm_model_open_default(ghm_backend backend, ghm_model **model, ghm_diagnostics *diag);

/**
 * Open the weights of a profile.
 *
 * @param name  one of those that ghm_profile_get_info() tells.
 * @return as ghm_model_open_default(); GHM_ERR_ARGUMENT also when no profile has the name (diag lists those there are)
 */
GHM_API ghm_status ghm_model_open_profile(const char *name, ghm_backend backend, ghm_model **model, ghm_diagnostics *diag);

/**
 * Open the built-in weights that a stream was made with.
 *
 * @param id  ghm_stream_info.model_id.
 * @return as ghm_model_open_default(); GHM_ERR_MODEL_MISMATCH when they are not built in (diag names them): the stream then
 *         needs their file and ghm_model_open()
 */
GHM_API ghm_status ghm_model_open_by_id(uint64_t id, ghm_backend backend, ghm_model **model, ghm_diagnostics *diag);

/**
 * Open a weight file (models/WEIGHTS.md) from memory. Every field is checked before use; the bytes are not kept.
 *
 * @return GHM_OK, GHM_ERR_ARGUMENT, GHM_ERR_MEMORY, GHM_ERR_MODEL (diag says what is wrong with the file)
 */
GHM_API ghm_status ghm_model_open(const uint8_t *data, size_t size, ghm_backend backend, ghm_model **model,
                                  ghm_diagnostics *diag);

/** Release a model and set *model to NULL. A NULL model is fine. No call that uses it may be running. */
GHM_API void ghm_model_close(ghm_model **model);

/** What the weights of a model say about themselves; *info is filled. */
GHM_API void ghm_model_get_info(const ghm_model *model, ghm_model_info *info);

/* ------------------------------------------------------------------------------------------------ metadata */

/** Bytes owned by the caller, released with ghm_buffer_free(). */
typedef struct ghm_buffer {
    uint8_t *data;
    size_t size;
} ghm_buffer;

/** Release and zero. A zeroed buffer is fine. */
GHM_API void ghm_buffer_free(ghm_buffer *buffer);

/** What a stream may carry beside the samples. The bytes come out as they went in; the codec acts on none of them. */
typedef enum ghm_metadata_kind {
    GHM_METADATA_ICC = 0,  /**< an ICC profile */
    GHM_METADATA_EXIF = 1, /**< a TIFF block ("II*" or "MM"), without the "Exif\0\0" that JPEG puts before it */
    GHM_METADATA_XMP = 2,  /**< an XMP packet, UTF-8 */
    GHM_METADATA_IPTC = 3, /**< Photoshop's image resources, as JPEG's APP13 has them after "Photoshop 3.0\0" */
    GHM_METADATA_CICP = 4, /**< 4 bytes, ITU-T H.273: colour primaries, transfer, matrix (0), full range (1) */
    GHM_METADATA_GAMMA = 5 /**< 4 bytes as in PNG's gAMA, then none or 32 as in its cHRM */
} ghm_metadata_kind;
#define GHM_N_METADATA_KINDS 6
#define GHM_MAX_METADATA_BYTES (64u << 20) /**< of one kind */

/** One buffer a kind, indexed by ghm_metadata_kind; size 0: there is none. Zero it before use. */
typedef struct ghm_metadata {
    ghm_buffer kinds[GHM_N_METADATA_KINDS];
} ghm_metadata;

/** Release all buffers and zero. */
GHM_API void ghm_metadata_free(ghm_metadata *metadata);

/**
 * The orientation in a TIFF block as Exif stores it: 1..8, how a viewer is to turn the picture; 0 when there is none or
 * the block is damaged. Any bytes are safe.
 */
GHM_API unsigned ghm_exif_orientation(const uint8_t *exif, size_t size);

/** What a stream was made from, for tools that have to know whether to make it again. Any hashes: the codec only keeps
 * them (optional chunk 'f'). */
typedef struct ghm_origin {
    uint64_t input_hash;   /**< of the bytes of the file that was encoded */
    uint64_t options_hash; /**< of the options it was encoded with */
} ghm_origin;

/* ------------------------------------------------------------------------------------------------ encoding */

/** Where the time of a call went: CPU seconds, added up over the threads. What is in none of them is headers, hashes,
 * memory and waiting. */
typedef struct ghm_statistics {
    double analysis_seconds;  /**< pixels to y and y to z; encoder only */
    double entropy_seconds;   /**< choice and coding of symbols, and y_hat from them */
    double context_seconds;   /**< hyper synthesis and context model */
    double synthesis_seconds; /**< y_hat to pixels; in an encoder for the picture hash */
} ghm_statistics;

#define GHM_MAX_EFFORT 9

typedef struct ghm_encode_settings {
    double quality;                 /**< 0..100, higher is better and larger; any real number. Default 60 */
    int threads;                    /**< 1..GHM_MAX_THREADS; 0: as many as the process may use. The bytes do not depend on it */
    int picture_hash;               /**< nonzero (default): store XXH3-128 of the decoded picture, 16 bytes */
    ghm_progress_callback progress; /**< NULL (default): none */
    void *progress_user;
    ghm_statistics *statistics;     /**< NULL (default), or what is filled on success */
    const ghm_metadata *metadata;   /**< carried in the stream, read only during the call; NULL (default): none */
    const ghm_origin *origin;       /**< the same */
    uint64_t max_memory;            /**< bytes of working memory, above which is GHM_ERR_LIMIT; 0 (default): no limit. With
                                         less the work is divided more finely; the bytes do not depend on it */
    ghm_allocator allocator;        /**< zero (default): malloc and free */
    double alpha_quality;           /**< 0..100; 100 (default): alpha without loss. Below, errors of alpha are at most
                                         (100 - alpha_quality) / 800 of the range, and clear and opaque stay so */
    int lossless;                   /**< nonzero: every sample comes back as it was, at any depth, whatever the quality; the
                                         networks are then of no use. Default 0 */
    int effort;                     /**< 1..GHM_MAX_EFFORT. 1 (default): y is coded as the analysis makes it. Above, it is refined in
                                         1, 2, 3, 4, 6, 8, 12 or 16 rounds, each a trial encode and the synthesis forwards and
                                         backwards in float: smaller files for the time, nothing else to a decoder */
} ghm_encode_settings;

/** Fill in the defaults. Begin with it: later versions add settings. */
GHM_API void ghm_encode_settings_default(ghm_encode_settings *settings);

/**
 * Encode one picture.
 *
 * @param image     read only, not kept. Grey and RGB are coded by the networks, blocks that these cannot hold near-lossless,
 *                  alpha as settings->alpha_quality says.
 * @param settings  NULL for the defaults.
 * @param out       on success one complete stream (codec/BITSTREAM.md); untouched on failure.
 * @param diag      may be NULL.
 *
 * Memory beside the picture and the stream: bounded by the picture's width, not its height.
 *
 * @return GHM_OK, GHM_ERR_ARGUMENT, GHM_ERR_MEMORY, GHM_ERR_LIMIT (settings->max_memory), GHM_ERR_CANCELLED
 */
GHM_API ghm_status ghm_encode_image(const ghm_model *model, const ghm_encode_settings *settings,
                                    const ghm_image *image, ghm_buffer *out, ghm_diagnostics *diag);

/**
 * Encoding piece by piece: rows in, bytes out, in memory that grows with the width of the picture, not its height. The
 * stream is the one that ghm_encode_image() makes. Used by one thread at a time.
 */
typedef struct ghm_encoder ghm_encoder;

/**
 * @param model     outlives the encoder.
 * @param settings  copied; NULL for the defaults. What its metadata and origin point to is read only during this call.
 * @param format    size and kind of the picture: width, height, bit_depth, and which planes there are (any pointers that
 *                  are not NULL; nothing is read through them).
 * @param write     receives the stream; not NULL.
 * @param user      handed to write.
 * @param encoder   receives the encoder, released with ghm_encoder_close(); NULL on failure.
 * @return GHM_OK, GHM_ERR_ARGUMENT, GHM_ERR_MEMORY, GHM_ERR_LIMIT
 */
GHM_API ghm_status ghm_encoder_open(const ghm_model *model, const ghm_encode_settings *settings, const ghm_image *format,
                                    ghm_write_callback write, void *user, ghm_encoder **encoder, ghm_diagnostics *diag);

/**
 * The next rows->height rows of the picture, which have its width and kind; read only during the call.
 *
 * @return GHM_OK, GHM_ERR_ARGUMENT (rows of another kind, more than the picture has, samples of more bits than said),
 *         GHM_ERR_MEMORY, GHM_ERR_LIMIT, GHM_ERR_CANCELLED (by settings->progress or write). After a failure every further
 *         call returns the same.
 */
GHM_API ghm_status ghm_encoder_push(ghm_encoder *encoder, const ghm_image *rows);

/** All rows have been pushed: complete the stream. Once it is complete, a further call changes nothing. @return as ghm_encoder_push(); GHM_ERR_ARGUMENT when rows are missing */
GHM_API ghm_status ghm_encoder_finish(ghm_encoder *encoder);

/** Why a call failed; the text is empty while none has. Valid until the encoder is closed. */
GHM_API const ghm_diagnostics *ghm_encoder_diagnostics(const ghm_encoder *encoder);

/** Release an encoder and set *encoder to NULL. A NULL encoder is fine. */
GHM_API void ghm_encoder_close(ghm_encoder **encoder);

/* ------------------------------------------------------------------------------------------------ decoding */

/** What the header of a stream says; nothing is decoded for it. */
typedef struct ghm_stream_info {
    unsigned format_version;   /**< 1 */
    uint32_t width, height;    /**< in pixels */
    double quality;            /**< 0..100, as coded */
    uint64_t model_id;         /**< weights it needs; compare with ghm_model_info.id */
    unsigned n_bands;          /**< independently coded bands of rows */
    int has_picture_hash;
    uint64_t picture_hash[2];  /**< XXH3-128 of the decoded picture, low and high half; 0 when the stream ends before it */
    size_t header_bytes;       /**< bytes of everything but the bands: magic, header, hash, optional chunks, and of a stream cut
                                    short the beginning of the chunk that is cut; what is behind a fault is not counted */
    int complete;              /**< nonzero: every chunk up to the last is there, with a right CRC */
    ghm_components components; /**< of the decoded picture */
    unsigned bit_depth;        /**< of the decoded picture, 8..16 */
    size_t alpha_bytes;        /**< alpha of all bands; like the bands not counted in header_bytes */
    unsigned alpha_error;      /**< the largest that a sample of alpha may have; 0: alpha without loss, or none */
    int lossless;              /**< nonzero: complete, and every sample is as it was when encoded */
    size_t direct_blocks;      /**< blocks of 16x16 pixels that the networks do not code, in bands that are there */
    size_t direct_bytes;       /**< of their coded form; like the bands not counted in header_bytes */
    size_t metadata_bytes[GHM_N_METADATA_KINDS]; /**< as stored, usually compressed; 0: the stream has none */
} ghm_stream_info;

/**
 * Read the header and walk over the chunks, checking their CRCs.
 *
 * @param info  filled in any case with what was read before a fault; zero where that is not even the header.
 * @return GHM_OK (also for a stream cut off after its header: info->complete is 0 then)
 *         GHM_ERR_TRUNCATED (header incomplete), GHM_ERR_BITSTREAM, GHM_ERR_UNSUPPORTED
 */
GHM_API ghm_status ghm_stream_get_info(const uint8_t *data, size_t size, ghm_stream_info *info, ghm_diagnostics *diag);

/**
 * What the stream carries beside the samples; nothing is decoded for it.
 *
 * @param metadata  on success buffers owned by the caller, released with ghm_metadata_free(); untouched on failure.
 * @return GHM_OK (also for a stream cut off after its header: what came before the cut is there)
 *         GHM_ERR_BITSTREAM (a chunk of metadata is not sound), GHM_ERR_MEMORY, and as ghm_stream_get_info()
 */
GHM_API ghm_status ghm_stream_get_metadata(const uint8_t *data, size_t size, ghm_metadata *metadata,
                                           ghm_diagnostics *diag);

/**
 * Put an origin into a complete stream that has none; 22 bytes. The decoded picture does not change.
 *
 * @param stream  replaced on success, untouched on failure.
 * @return GHM_OK, GHM_ERR_MEMORY, GHM_ERR_TRUNCATED, GHM_ERR_ARGUMENT (it has an origin), and as ghm_stream_get_info()
 */
GHM_API ghm_status ghm_stream_add_origin(ghm_buffer *stream, const ghm_origin *origin, ghm_diagnostics *diag);

/** 1 and *origin when the stream carries one that is sound, otherwise 0 and *origin untouched. */
GHM_API int ghm_stream_get_origin(const uint8_t *data, size_t size, ghm_origin *origin);

/** A part of a picture, in pixels. */
typedef struct ghm_region {
    uint32_t x, y, width, height;
} ghm_region;

/** From this scale on the pixels that are averaged come from a part of the networks (BITSTREAM.md, "Preview"): close to those of
 * the decoded picture, and the same on every machine. */
#define GHM_PREVIEW_SCALE 4

typedef struct ghm_decode_settings {
    int threads;                    /**< 1..GHM_MAX_THREADS; 0: as many as the process may use. The pixels do not depend on it */
    int ignore_picture_hash;        /**< nonzero: do not compare the stored picture hash */
    uint64_t max_pixels;            /**< larger pictures are refused; default 2^28 */
    ghm_progress_callback progress; /**< NULL (default): none */
    void *progress_user;
    ghm_statistics *statistics;     /**< NULL (default), or what is filled on success */
    ghm_region region;              /**< this part only, equal to that part of the whole picture; width 0 (default): the
                                         whole. Bands without influence on it are not decoded; the picture hash is not
                                         compared */
    unsigned scale;                 /**< 1 (default), 2, 4, 8 or 16: the result is smaller by this factor, sides rounded up;
                                         each pixel is the mean of a square of the region's. From GHM_PREVIEW_SCALE on they
                                         are those of a cheaper decoding, as exact, and the picture hash is not compared */
    int partial;                    /**< nonzero: bands that are missing or damaged become grey (opaque), metadata that are
                                         damaged are left out, of the band in which the stream ends what arrived is
                                         shown, and the picture is delivered although the status is GHM_ERR_TRUNCATED, _BITSTREAM or _CHECKSUM */
    uint64_t max_memory;            /**< bytes of working memory and result, above which is GHM_ERR_LIMIT; 0 (default): no
                                         limit. With less the work is divided more finely; the pixels do not depend on it */
    ghm_allocator allocator;        /**< zero (default): malloc and free */
} ghm_decode_settings;

/** Fill in the defaults. Begin with it: later versions add settings. */
GHM_API void ghm_decode_settings_default(ghm_decode_settings *settings);

/**
 * Decode one picture.
 *
 * @param data   one complete stream, size bytes; read only during the call.
 * @param out    on success an interleaved picture of the stream's components and bit depth (ghm_stream_info), owned by
 *               the caller, released with ghm_image_free(); untouched on failure, but see settings->partial. Metadata:
 *               ghm_stream_get_metadata().
 * @param diag   may be NULL.
 *
 * @return GHM_OK
 *         GHM_ERR_TRUNCATED       the data ends early
 *         GHM_ERR_BITSTREAM       not decodable; diag says where
 *         GHM_ERR_UNSUPPORTED     a later version's stream
 *         GHM_ERR_MODEL_MISMATCH  made with other weights; diag names them
 *         GHM_ERR_CHECKSUM        decoded, but the stored picture hash differs
 *         GHM_ERR_LIMIT           more than settings->max_pixels or max_memory
 *         GHM_ERR_ARGUMENT        a setting is out of range, or the region not inside the picture
 *         GHM_ERR_MEMORY, GHM_ERR_CANCELLED
 */
GHM_API ghm_status ghm_decode_image(const ghm_model *model, const ghm_decode_settings *settings, const uint8_t *data,
                                    size_t size, ghm_image *out, ghm_diagnostics *diag);

/** What decoding a stream takes. */
typedef struct ghm_decode_cost {
    uint32_t width, height;    /**< of the result */
    uint64_t memory;           /**< bytes that a ghm_decoder takes at most, beside the model */
    uint64_t image_bytes;      /**< of the whole result, which ghm_decode_image() takes besides */
    unsigned n_bands;          /**< bands that are decoded */
    double mac;                /**< multiply-adds of the networks */
} ghm_decode_cost;

/**
 * Tell what decoding would take, before it begins. Address space is reserved and given back, but not touched.
 *
 * @param data      a stream from its first byte; what follows the header may be missing (memory is then told without the
 *                  bands' coded bytes, which are held for a while).
 * @param settings  NULL for the defaults. Nothing is refused for the sake of limits; max_memory tells how finely the work
 *                  is divided.
 * @return as ghm_decode_image() for all that the header decides
 */
GHM_API ghm_status ghm_decode_get_cost(const ghm_model *model, const ghm_decode_settings *settings, const uint8_t *data,
                                       size_t size, ghm_decode_cost *cost, ghm_diagnostics *diag);

/**
 * Decoding piece by piece: bytes in, rows out, in memory that grows with the width of the picture, not its height.
 * Used by one thread at a time.
 */
typedef struct ghm_decoder ghm_decoder;

/**
 * @param model     outlives the decoder.
 * @param settings  copied; NULL for the defaults.
 * @param rows      receives the result, every row once, in order; also rows of which a later checksum says that they are
 *                  wrong: only ghm_decoder_finish() tells whether the picture is sound. Not NULL.
 * @param user      handed to rows.
 * @param decoder   receives the decoder, released with ghm_decoder_close(); NULL on failure.
 * @return GHM_OK, GHM_ERR_ARGUMENT, GHM_ERR_MEMORY, GHM_ERR_LIMIT
 */
GHM_API ghm_status ghm_decoder_open(const ghm_model *model, const ghm_decode_settings *settings, ghm_rows_callback rows,
                                    void *user, ghm_decoder **decoder, ghm_diagnostics *diag);

/**
 * The next bytes of the stream, as many as there are; rows that they complete are delivered before this returns.
 *
 * @return GHM_OK, or what ghm_decode_image() returns, but for GHM_ERR_TRUNCATED. Of several faults it may be another: what
 *         has not arrived is not known. After a failure every further call returns the same. With settings->partial damage is
 *         reported by ghm_decoder_finish() only.
 */
GHM_API ghm_status ghm_decoder_push(ghm_decoder *decoder, const uint8_t *data, size_t size);

/**
 * There are no more bytes. Delivers what is left, with settings->partial also the rows of bands that are missing.
 *
 * @return GHM_OK: all rows have been delivered and are those that the encoder saw, as far as the stream has a hash, the
 *         result is the whole picture, and the settings let it be compared. Otherwise what ghm_decode_image() returns.
 */
GHM_API ghm_status ghm_decoder_finish(ghm_decoder *decoder);

/** Size and kind of the result, as an image without samples. GHM_ERR_TRUNCATED while the header has not arrived. */
GHM_API ghm_status ghm_decoder_get_format(const ghm_decoder *decoder, ghm_image *format);

/** How much of the picture is not there. All 0 until ghm_decoder_finish() and without settings->partial. */
typedef struct ghm_decode_report {
    unsigned n_bands, n_missing;      /**< bands that the result needs, and those that were missing, cut or damaged */
    uint32_t first_missing_row, last_missing_row; /**< of the picture; all grey rows are within */
    int hash_compared;                /**< nonzero: the picture hash was there and compared */
} ghm_decode_report;

/** *report is filled; see there for when. */
GHM_API void ghm_decoder_get_report(const ghm_decoder *decoder, ghm_decode_report *report);

/** What the stream carries beside the samples, as far as it has arrived; as ghm_stream_get_metadata(). */
GHM_API ghm_status ghm_decoder_get_metadata(const ghm_decoder *decoder, ghm_metadata *metadata, ghm_diagnostics *diag);

/** Why a call failed; the text is empty while none has. Valid until the decoder is closed. */
GHM_API const ghm_diagnostics *ghm_decoder_diagnostics(const ghm_decoder *decoder);

/** Release a decoder and set *decoder to NULL. A NULL decoder is fine. */
GHM_API void ghm_decoder_close(ghm_decoder **decoder);

/**
 * Looking at a stream piece by piece, without decoding it: what ghm_stream_get_info() and its neighbours tell of a whole
 * one, in the memory of its largest chunk. Used by one thread at a time.
 */
typedef struct ghm_inspector ghm_inspector;

/** @param inspector  released with ghm_inspector_close(); NULL on failure. @return GHM_OK, GHM_ERR_MEMORY */
GHM_API ghm_status ghm_inspector_open(ghm_inspector **inspector, ghm_diagnostics *diag);

/**
 * The next bytes of the stream, as many as there are; checksums of chunks are compared.
 *
 * @return GHM_OK, GHM_ERR_BITSTREAM, GHM_ERR_UNSUPPORTED, GHM_ERR_MEMORY. After a failure every further call returns the
 *         same, and so do the functions below that have a status.
 */
GHM_API ghm_status ghm_inspector_push(ghm_inspector *inspector, const uint8_t *data, size_t size, ghm_diagnostics *diag);

/** Of the bytes so far; each as the function of a whole stream says, GHM_ERR_TRUNCATED while the header is incomplete. */
GHM_API ghm_status ghm_inspector_get_info(const ghm_inspector *inspector, ghm_stream_info *info, ghm_diagnostics *diag);
GHM_API ghm_status ghm_inspector_get_metadata(const ghm_inspector *inspector, ghm_metadata *metadata,
                                              ghm_diagnostics *diag);
GHM_API ghm_status ghm_inspector_get_cost(const ghm_inspector *inspector, const ghm_model *model,
                                          const ghm_decode_settings *settings, ghm_decode_cost *cost,
                                          ghm_diagnostics *diag);
GHM_API int ghm_inspector_get_origin(const ghm_inspector *inspector, ghm_origin *origin);

/** Release an inspector and set *inspector to NULL. A NULL inspector is fine. */
GHM_API void ghm_inspector_close(ghm_inspector **inspector);

/** Allocate an interleaved RGB picture of 8 bits, its samples not initialised; untouched on failure. @return GHM_OK, GHM_ERR_ARGUMENT, GHM_ERR_MEMORY */
GHM_API ghm_status ghm_image_alloc(uint32_t width, uint32_t height, ghm_image *image, ghm_diagnostics *diag);
/** The same for any interleaved picture; bit_depth 8..16. @return GHM_OK, GHM_ERR_ARGUMENT, GHM_ERR_MEMORY */
GHM_API ghm_status ghm_image_alloc_as(uint32_t width, uint32_t height, ghm_components components, unsigned bit_depth,
                                      ghm_image *image, ghm_diagnostics *diag);
/** What the planes of an image make it. */
GHM_API ghm_components ghm_image_components(const ghm_image *image);
/** Release what the library allocated for a picture and zero it. A zeroed image is fine. */
GHM_API void ghm_image_free(ghm_image *image);

/** Threads this process may use: its CPU affinity and cgroup quota. */
GHM_API int ghm_available_threads(void);

#ifdef __cplusplus
}
#endif
#endif

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

/** Where a call that fails leaves one sentence about why. Zero it before the call; the first reason is kept. */
typedef struct ghm_diagnostics {
    char text[256];
} ghm_diagnostics;

/** Called now and then during long work, from the calling thread, with done in [0, 1]; return nonzero to cancel. */
typedef int (*ghm_progress_callback)(void *user, double done);

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
    double decoder_kmac;       /**< thousands of multiply-adds per pixel of all decoder networks, as computed */
    double encoder_kmac;       /**< the same for what an encoder runs beside the decoder's networks */
    double synthesis_kmac;     /**< the part of decoder_kmac that turns y_hat into pixels; the rest is for the context */
    ghm_backend backend;       /**< the backend in use */
} ghm_model_info;

/**
 * Open the weights compiled into the library.
 *
 * @param backend  GHM_BACKEND_AUTO or a backend that ghm_backend_available() confirms.
 * @param model    receives the model, released with ghm_model_close(); NULL on failure.
 * @param diag     may be NULL.
 * @return GHM_OK, GHM_ERR_ARGUMENT (backend not available), GHM_ERR_MEMORY
 */
GHM_API ghm_status ghm_model_open_default(ghm_backend backend, ghm_model **model, ghm_diagnostics *diag);

/**
 * Open a weight file (models/WEIGHTS.md) from memory. Every field is checked before use; the bytes are not kept.
 *
 * @return GHM_OK, GHM_ERR_ARGUMENT, GHM_ERR_MEMORY, GHM_ERR_MODEL (diag says what is wrong with the file)
 */
GHM_API ghm_status ghm_model_open(const uint8_t *data, size_t size, ghm_backend backend, ghm_model **model,
                                  ghm_diagnostics *diag);

/** Release a model and set *model to NULL. A NULL model is fine. No call that uses it may be running. */
GHM_API void ghm_model_close(ghm_model **model);

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

/* ------------------------------------------------------------------------------------------------ encoding */

/** Where the time of a call went: seconds of work, added up over the threads. What is in none of them is reading and
 * writing of headers, hashing and waiting. */
typedef struct ghm_statistics {
    double analysis_seconds;  /**< pixels to y and y to z; encoder only */
    double entropy_seconds;   /**< choice and coding of symbols, and y_hat from them */
    double context_seconds;   /**< hyper synthesis and context model */
    double synthesis_seconds; /**< y_hat to pixels; in an encoder for the picture hash */
} ghm_statistics;

typedef struct ghm_encode_settings {
    double quality;                 /**< 0..100, higher is better and larger; any real number. Default 60 */
    int threads;                    /**< 1..256; 0: as many as the process may use. The bytes do not depend on it */
    int picture_hash;               /**< nonzero (default): store XXH3-128 of the decoded picture, 16 bytes */
    ghm_progress_callback progress; /**< NULL (default): none */
    void *progress_user;
    ghm_statistics *statistics;     /**< NULL (default), or what is filled on success */
    const ghm_metadata *metadata;   /**< carried in the stream, read only during the call; NULL (default): none */
} ghm_encode_settings;

GHM_API void ghm_encode_settings_default(ghm_encode_settings *settings);

/**
 * Encode one picture.
 *
 * @param image     read only, not kept. Grey and RGB are coded by the networks, alpha without loss.
 * @param settings  NULL for the defaults.
 * @param out       on success one complete stream (codec/BITSTREAM.md); untouched on failure.
 * @param diag      may be NULL.
 *
 * Memory beside the picture and the stream: bounded by the picture's width, not its height.
 *
 * @return GHM_OK, GHM_ERR_ARGUMENT, GHM_ERR_MEMORY, GHM_ERR_CANCELLED
 */
GHM_API ghm_status ghm_encode_image(const ghm_model *model, const ghm_encode_settings *settings,
                                    const ghm_image *image, ghm_buffer *out, ghm_diagnostics *diag);

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
    size_t header_bytes;       /**< bytes of everything but the bands: magic, header, hash, optional chunks */
    int complete;              /**< nonzero: every chunk up to the last is there, with a right CRC */
    ghm_components components; /**< of the decoded picture */
    unsigned bit_depth;        /**< of the decoded picture, 8..16 */
    size_t alpha_bytes;        /**< alpha of all bands; like the bands not counted in header_bytes */
    size_t metadata_bytes[GHM_N_METADATA_KINDS]; /**< as stored, usually compressed; 0: the stream has none */
} ghm_stream_info;

/**
 * Read the header and walk over the chunks, checking their CRCs.
 *
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
/** What a stream was made from, for tools that have to know whether to make it again. Any hashes: the codec only keeps
 * them (optional chunk 'f'). */
typedef struct ghm_origin {
    uint64_t input_hash;   /**< of the bytes of the file that was encoded */
    uint64_t options_hash; /**< of the options it was encoded with */
} ghm_origin;

/**
 * Put an origin into a complete stream that has none; 22 bytes. The decoded picture does not change.
 *
 * @param stream  replaced on success, untouched on failure.
 * @return GHM_OK, GHM_ERR_MEMORY, GHM_ERR_BITSTREAM (no stream), GHM_ERR_ARGUMENT (it has an origin)
 */
GHM_API ghm_status ghm_stream_add_origin(ghm_buffer *stream, const ghm_origin *origin, ghm_diagnostics *diag);

/** 1 and *origin when the stream carries one that is sound, otherwise 0 and *origin untouched. */
GHM_API int ghm_stream_get_origin(const uint8_t *data, size_t size, ghm_origin *origin);

typedef struct ghm_decode_settings {
    int threads;                    /**< 1..256; 0: as many as the process may use. The pixels do not depend on it */
    int ignore_picture_hash;        /**< nonzero: do not compare the stored picture hash */
    uint64_t max_pixels;            /**< larger pictures are refused; default 2^28 */
    ghm_progress_callback progress; /**< NULL (default): none */
    void *progress_user;
    ghm_statistics *statistics;     /**< NULL (default), or what is filled on success */
} ghm_decode_settings;

GHM_API void ghm_decode_settings_default(ghm_decode_settings *settings);

/**
 * Decode one picture.
 *
 * @param data   one complete stream, size bytes; read only during the call.
 * @param out    on success an interleaved picture of the stream's components and bit depth (ghm_stream_info), owned by
 *               the caller, released with ghm_image_free(); untouched on failure. Metadata: ghm_stream_get_metadata().
 * @param diag   may be NULL.
 *
 * @return GHM_OK
 *         GHM_ERR_TRUNCATED       the data ends early
 *         GHM_ERR_BITSTREAM       not decodable; diag says where
 *         GHM_ERR_UNSUPPORTED     a later version's stream
 *         GHM_ERR_MODEL_MISMATCH  made with other weights; diag names them
 *         GHM_ERR_CHECKSUM        decoded, but the stored picture hash differs
 *         GHM_ERR_LIMIT           more than settings->max_pixels
 *         GHM_ERR_ARGUMENT, GHM_ERR_MEMORY, GHM_ERR_CANCELLED
 */
GHM_API ghm_status ghm_decode_image(const ghm_model *model, const ghm_decode_settings *settings, const uint8_t *data,
                                    size_t size, ghm_image *out, ghm_diagnostics *diag);

/** Allocate an interleaved RGB picture of 8 bits. @return GHM_OK, GHM_ERR_ARGUMENT, GHM_ERR_MEMORY */
GHM_API ghm_status ghm_image_alloc(uint32_t width, uint32_t height, ghm_image *image, ghm_diagnostics *diag);
/** Allocate any interleaved picture; bit_depth 8..16. @return GHM_OK, GHM_ERR_ARGUMENT, GHM_ERR_MEMORY */
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

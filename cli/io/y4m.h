/* y4m.h - YUV4MPEG2 clips (yuv4mpeg(5) of mjpegtools, with ffmpeg's deep formats and XCOLORRANGE), a frame at a time. */
#ifndef CLI_IO_Y4M_H
#define CLI_IO_Y4M_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "exit_codes.h"
#include "output.h"

typedef enum y4m_chroma { Y4M_MONO, Y4M_420, Y4M_422, Y4M_444 } y4m_chroma;

/* Where the chroma samples of 4:2:0 lie among the luma samples. */
typedef enum y4m_siting {
    Y4M_CENTRE, /* C420jpeg, and what a header means that says 4:2:0 only: between four */
    Y4M_LEFT,   /* C420mpeg2, and 4:2:0 above 8 bits: between two, in the even column */
    Y4M_TOPLEFT /* C420paldv: Cb and Cr in the even column, on lines of their field */
} y4m_siting;

typedef enum y4m_range { Y4M_RANGE_NOT_SAID, Y4M_LIMITED, Y4M_FULL } y4m_range;

typedef struct y4m_format {
    uint32_t width, height;
    y4m_chroma chroma;
    y4m_siting siting; /* Y4M_CENTRE unless chroma is Y4M_420 */
    y4m_range range;
    unsigned bit_depth; /* 8..16 */
} y4m_format;

#define Y4M_MAX_PLANES 3

/* Planes Y, Cb, Cr without gaps between rows; of Y4M_MONO the first only. Released with y4m_frame_free(). */
typedef struct y4m_frame {
    uint16_t *planes[Y4M_MAX_PLANES];
} y4m_frame;

size_t y4m_n_planes(const y4m_format *format);
size_t y4m_plane_width(const y4m_format *format, size_t plane);
size_t y4m_plane_height(const y4m_format *format, size_t plane);

/* "4:2:0 with left chroma" */
const char *y4m_chroma_name(const y4m_format *format);

/* Zeroed planes; false when memory runs out. */
bool y4m_frame_alloc(const y4m_format *format, y4m_frame *frame);
void y4m_frame_free(y4m_frame *frame);

/* Whether the file can be looked into without taking from it, and begins as clips do. */
bool y4m_is_clip(const char *path);

typedef struct y4m_reader {
    const char *label; /* how messages name it; valid as long as the path */
    FILE *file;
    y4m_format format;
    size_t n_frames; /* read so far */
    uint8_t *bytes;  /* a row as the file has it */
} y4m_reader;

/* path: "-" is standard input. EXIT_READ, EXIT_BAD_INPUT for what is no clip or of a kind that is not read here,
 * EXIT_LIMIT. A message has been printed unless EXIT_OK; y4m_close() is called in any case. */
exit_code y4m_open(y4m_reader *reader, const char *path, uint64_t limit_pixels);
void y4m_close(y4m_reader *reader);

/* The next frame, into planes allocated for the reader's format; *end instead when there is none. */
exit_code y4m_read_frame(y4m_reader *reader, y4m_frame *frame, bool *end);

exit_code y4m_write_header(output *out, const y4m_format *format);
exit_code y4m_write_frame(output *out, const y4m_format *format, const y4m_frame *frame);

#endif

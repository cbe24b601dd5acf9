#include "eval/codec_table.h"

#include <string.h>

#define JPEG_QUALITIES { "5", "10", "18", "30", "45", "60", "75", "86" }
#define AVIF_QUALITIES { "60", "54", "48", "42", "36", "30", "24", "18" }
#define X265_QUALITIES { "49", "45", "41", "37", "33", "29", "26" }

static const eval_codec gingham = {
    .name = "gingham",
    .ours = true,
    .description = "this program",
    .suffix = ".ghm",
    .picture = ".ppm",
    .encode = { "{self}", "encode", "--quiet", "-j", "1", "-q", "{q}", "{in}", "{out}" },
    .decode = { "{self}", "decode", "--quiet", "-j", "1", "{in}", "{out}" },
    .version = { "{self}", "--version" },
    .version_word = "weights",
    .scale = { 0, 100, 0.1 },
};

static const eval_codec jpeg_420 = {
    .name = "jpeg-420",
    .description = "libjpeg-turbo, 4:2:0, optimized and progressive",
    .suffix = ".jpg",
    .picture = ".ppm",
    .encode = { "cjpeg", "-quality", "{q}", "-sample", "2x2", "-optimize", "-progressive", "-outfile", "{out}",
                "{in}" },
    .decode = { "djpeg", "-ppm", "-outfile", "{out}", "{in}" },
    .version = { "cjpeg", "-version" },
    .version_word = "version",
    .qualities = JPEG_QUALITIES,
    .scale = { 1, 100, 1 },
};

static const eval_codec jpeg_444 = {
    .name = "jpeg-444",
    .description = "libjpeg-turbo, 4:4:4, optimized and progressive",
    .suffix = ".jpg",
    .picture = ".ppm",
    .encode = { "cjpeg", "-quality", "{q}", "-sample", "1x1", "-optimize", "-progressive", "-outfile", "{out}",
                "{in}" },
    .decode = { "djpeg", "-ppm", "-outfile", "{out}", "{in}" },
    .version = { "cjpeg", "-version" },
    .version_word = "version",
    .qualities = JPEG_QUALITIES,
    .scale = { 1, 100, 1 },
};

static const eval_codec webp = {
    .name = "webp",
    .description = "libwebp, lossy, method 6",
    .suffix = ".webp",
    .picture = ".ppm",
    .encode = { "cwebp", "-quiet", "-m", "6", "-q", "{q}", "{in}", "-o", "{out}" },
    .decode = { "dwebp", "-quiet", "{in}", "-ppm", "-o", "{out}" },
    .version = { "cwebp", "-version" },
    .version_word = "",
    .qualities = { "0", "5", "15", "30", "45", "60", "75", "86" },
    .scale = { 0, 100, 0.25 },
};

static const eval_codec avif_420 = {
    .name = "avif-420",
    .description = "libaom through avifenc, speed 6, 4:2:0, Y4M in and out",
    .suffix = ".avif",
    .picture = ".420.y4m",
    .encode = { "avifenc", "-c", "aom", "-s", "6", "-j", "1", "--min", "0", "--max", "63", "-a", "end-usage=q", "-a",
                "cq-level={q}", "{in}", "{out}" },
    .decode = { "avifdec", "-c", "dav1d", "-j", "1", "{in}", "{out}" },
    .version = { "avifenc", "--version" },
    .version_word = "ersion",
    .qualities = AVIF_QUALITIES,
    .scale = { 63, 0, 1 },
};

static const eval_codec avif_444 = {
    .name = "avif-444",
    .description = "libaom through avifenc, speed 6, 4:4:4, Y4M in and out",
    .suffix = ".avif",
    .picture = ".444.y4m",
    .encode = { "avifenc", "-c", "aom", "-s", "6", "-j", "1", "--min", "0", "--max", "63", "-a", "end-usage=q", "-a",
                "cq-level={q}", "{in}", "{out}" },
    .decode = { "avifdec", "-c", "dav1d", "-j", "1", "{in}", "{out}" },
    .version = { "avifenc", "--version" },
    .version_word = "ersion",
    .qualities = AVIF_QUALITIES,
    .scale = { 63, 0, 1 },
};

static const eval_codec jxl = {
    .name = "jxl",
    .description = "libjxl, effort 7, by Butteraugli distance",
    .suffix = ".jxl",
    .picture = ".ppm",
    .encode = { "cjxl", "--quiet", "-e", "7", "-d", "{q}", "--num_threads=0", "{in}", "{out}" },
    .decode = { "djxl", "--quiet", "--num_threads=1", "{in}", "{out}" },
    .version = { "cjxl", "--version" },
    .version_word = "cjxl",
    .qualities = { "25", "16", "10", "6.5", "4.2", "2.8", "1.8", "1.1" },
    .scale = { 25, 0.05, 0.01 },
};

static const eval_codec jpeg2000 = {
    .name = "jpeg2000",
    .description = "OpenJPEG, 9/7 wavelet, by compression ratio",
    .suffix = ".j2k", /* the bare codestream */
    .picture = ".ppm",
    .encode = { "opj_compress", "-i", "{in}", "-o", "{out}", "-r", "{q}", "-I", "-threads", "1" },
    .decode = { "opj_decompress", "-i", "{in}", "-o", "{out}", "-threads", "1" },
    .version = { "opj_compress", "-h" },
    .version_word = "library",
    .qualities = { "240", "120", "70", "48", "34", "24", "18", "14.5" },
    .scale = { 1000, 1.5, 0.1 },
};

#define X265_COMMANDS                                                                                                  \
    .encode = { "ffmpeg", "-nostdin", "-y", "-v", "error", "-i", "{in}", "-c:v", "libx265", "-preset", "medium",       \
                "-tune", "psnr", "-x265-params",                                                                       \
                "qp={q}:keyint=1:info=0:log-level=error:pools=none:frame-threads=1", "-frames:v", "1", "-f", "hevc",   \
                "{out}" },                                                                                             \
    .decode = { "ffmpeg", "-nostdin", "-y", "-v", "error", "-threads", "1", "-i", "{in}", "-strict", "-1", "-f",       \
                "yuv4mpegpipe", "{out}" },                                                                             \
    .version = { "ffmpeg", "-nostdin", "-f", "lavfi", "-i", "color=s=64x64", "-frames:v", "1", "-c:v", "libx265",      \
                 "-f", "null", "-" },                                                                                  \
    .version_word = "HEVC encoder version", .part = "libx265"

static const eval_codec x265_420 = {
    .name = "x265-420",
    .description = "HEVC intra, x265 through ffmpeg, preset medium, 4:2:0, 10 bits, Y4M in and out",
    .suffix = ".hevc",
    .picture = ".420p10.y4m",
    X265_COMMANDS,
    .qualities = X265_QUALITIES,
    .scale = { 51, 0, 1 },
};

static const eval_codec x265_444 = {
    .name = "x265-444",
    .description = "HEVC intra, x265 through ffmpeg, preset medium, 4:4:4, 10 bits, Y4M in and out",
    .suffix = ".hevc",
    .picture = ".444p10.y4m",
    X265_COMMANDS,
    .qualities = X265_QUALITIES,
    .scale = { 51, 0, 1 },
};

const eval_codec *const eval_codecs[] = { &gingham, &jpeg_420, &jpeg_444, &webp, &avif_420, &avif_444,
                                          &x265_420, &x265_444, &jxl,  &jpeg2000, NULL };

const eval_codec *eval_codec_find(const char *name)
{
    for (const eval_codec *const *c = eval_codecs; *c; c++)
        if (strcmp(name, (*c)->name) == 0)
            return *c;
    return NULL;
}

/* The lists have room for it: they are among the shorter ones. */
static void append_option(const char **arguments, const char *option, const char *value)
{
    while (*arguments)
        arguments++;
    arguments[0] = option;
    arguments[1] = value;
}

static eval_codec with_weights(const char *name, const char *weights)
{
    eval_codec codec = gingham;
    codec.name = name;
    codec.weights = weights;
    codec.version[1] = "model";
    codec.version[2] = "info";
    codec.version_word = "id ";
    return codec;
}

eval_codec eval_codec_with_file(const char *name, const char *file)
{
    eval_codec codec = with_weights(name, file);
    codec.weights_in_file = true;
    append_option(codec.encode, "--model", file);
    append_option(codec.decode, "--model", file);
    codec.version[3] = file;
    return codec;
}

/* The decoder finds them by itself. */
eval_codec eval_codec_with_profile(const char *name, const char *profile)
{
    eval_codec codec = with_weights(name, profile);
    append_option(codec.encode, "--profile", profile);
    append_option(codec.version, "--profile", profile);
    return codec;
}

eval_codec eval_codec_with_effort(const eval_codec *codec, const char *effort)
{
    eval_codec changed = *codec;
    append_option(changed.encode, "--effort", effort);
    return changed;
}

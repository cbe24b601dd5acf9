/* A picture of any size that no memory holds: big_picture WIDTH HEIGHT writes it as PPM to standard output, big_picture
 * WIDTH HEIGHT DB compares one on standard input with it and fails below that PSNR. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint8_t clamp(long v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* Waves, hard edges and some grain, different everywhere; integers only, because there may be 10^9 of them. */
static void make_row(uint8_t *row, long width, long y)
{
    for (long x = 0; x < width; x++) {
        const long wave = labs((x + y / 3) % 509 - 254) / 2 + labs((y - x / 5) % 1021 - 510) / 5;
        const long tile = (x / 640 + y / 480) % 3 == 0 ? 50 : 0, grain = (x * 2654435761u ^ y * 40503u) >> 13 & 7;
        row[3 * x] = clamp(20 + wave / 2 + tile + grain);
        row[3 * x + 1] = clamp(40 + wave / 2 + grain);
        row[3 * x + 2] = clamp(200 - wave / 2 - tile + grain);
    }
}

static int write_picture(long width, long height, uint8_t *row)
{
    printf("P6\n%ld %ld\n255\n", width, height);
    for (long y = 0; y < height; y++) {
        make_row(row, width, y);
        if (fwrite(row, 3, (size_t)width, stdout) != (size_t)width)
            return 1;
    }
    return fflush(stdout) != 0;
}

static int compare(long width, long height, double least, uint8_t *row, uint8_t *other)
{
    long w = 0, h = 0;
    double sum = 0;
    if (scanf("P6 %ld %ld 255%*c", &w, &h) != 2 || w != width || h != height) {
        fprintf(stderr, "no PPM of %ldx%ld\n", width, height);
        return 1;
    }
    for (long y = 0; y < height; y++) {
        if (fread(other, 3, (size_t)width, stdin) != (size_t)width) {
            fprintf(stderr, "row %ld is missing\n", y);
            return 1;
        }
        make_row(row, width, y);
        int64_t squares = 0;
        for (long i = 0; i < 3 * width; i++)
            squares += (row[i] - other[i]) * (row[i] - other[i]);
        sum += (double)squares;
    }
    const double psnr = 10 * log10(255.0 * 255.0 * 3 * (double)width * (double)height / sum);
    printf("%ldx%ld: %.2f dB\n", width, height, psnr);
    return psnr < least || getchar() != EOF;
}

int main(int argc, char **argv)
{
    const long width = argc > 2 ? atol(argv[1]) : 0, height = argc > 2 ? atol(argv[2]) : 0;
    if (width < 1 || height < 1) {
        fprintf(stderr, "usage: big_picture WIDTH HEIGHT [DB]\n");
        return 2;
    }
    uint8_t *rows = malloc(6 * (size_t)width);
    const int failed = !rows ? 1 : argc > 3 ? compare(width, height, atof(argv[3]), rows, rows + 3 * width)
                                            : write_picture(width, height, rows);
    free(rows);
    return failed;
}

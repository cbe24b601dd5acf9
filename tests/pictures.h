/* pictures.h - pictures for tests, made by arithmetic, so that they need no files. */
#ifndef GHM_TESTS_PICTURES_H
#define GHM_TESTS_PICTURES_H

#include <gingham/gingham.h>

/* SCREEN is a scene with windows of text and of noise; DARK has samples of 0 to 3; GREY_NOISE is normal, sigma 20, equal in all components. */
typedef enum test_picture {
    PICTURE_SCENE, PICTURE_NOISE, PICTURE_FLAT, PICTURE_TEXT, PICTURE_LINES, PICTURE_DARK, PICTURE_SCREEN,
    PICTURE_GREY_NOISE, N_TEST_PICTURES
} test_picture;

/* Release with ghm_image_free(). Fails the test when out of memory. */
ghm_image make_picture(test_picture kind, uint32_t width, uint32_t height, uint32_t seed);

/* Component c of pixel (x, y), and the largest value that it may have. */
unsigned picture_sample(const ghm_image *image, int c, uint32_t x, uint32_t y);
void set_picture_sample(const ghm_image *image, int c, uint32_t x, uint32_t y, unsigned v);
unsigned picture_max(const ghm_image *image);

/* Mean of the three components over all pixels, of 8 bits. */
double picture_psnr(const ghm_image *a, const ghm_image *b);
/* Of three components of 8 bits. */
int pictures_equal(const ghm_image *a, const ghm_image *b);

#endif

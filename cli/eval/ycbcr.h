/* ycbcr.h - RGB of 8 bits to and from Y'CbCr of ITU-R BT.601, which is what codecs are given that take no RGB. */
#ifndef CLI_EVAL_YCBCR_H
#define CLI_EVAL_YCBCR_H

#include <gingham/image.h>

#include "io/y4m.h"

/* The format is 4:4:4, or 4:2:0 with its chroma in the centre; a range that is not said counts as limited. Frame and
 * image have been allocated in the format's size. False when memory runs out. EVALUATION.md has the formulas. */
bool ycbcr_from_rgb(const ghm_image *image, const y4m_format *format, y4m_frame *frame);
bool ycbcr_to_rgb(const y4m_frame *frame, const y4m_format *format, ghm_image *image);

#endif

/* jpeg_markers.h - how JPEG files carry metadata: application segments that begin with a name. */
#ifndef CLI_IO_JPEG_MARKERS_H
#define CLI_IO_JPEG_MARKERS_H

enum {
    JPEG_APP1 = 0xe1, /* Exif; XMP */
    JPEG_APP2 = 0xe2, /* ICC, in numbered parts */
    JPEG_APP13 = 0xed, /* Photoshop's image resources, in parts */
    JPEG_MAX_SEGMENT = 65533,
    JPEG_MAX_ICC = 255 * (JPEG_MAX_SEGMENT - 14) /* the parts are numbered by a byte */
};

/* With their final 0; Exif has two. */
#define JPEG_EXIF_NAME "Exif\0"
#define JPEG_XMP_NAME "http://ns.adobe.com/xap/1.0/"
#define JPEG_LONG_XMP_NAME "http://ns.adobe.com/xmp/extension/"
#define JPEG_IPTC_NAME "Photoshop 3.0"

#endif

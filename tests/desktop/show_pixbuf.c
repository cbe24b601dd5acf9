/* show_pixbuf.c - open a picture as a GNOME program does, and write what it would show as PPM or PAM. */
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    GError *error = NULL;
    GdkPixbuf *pixbuf = argc == 2 ? gdk_pixbuf_new_from_file(argv[1], &error) : NULL;
    if (!pixbuf) {
        fprintf(stderr, "%s\n", error ? error->message : "usage: show_pixbuf PICTURE");
        return 1;
    }
    const int w = gdk_pixbuf_get_width(pixbuf), h = gdk_pixbuf_get_height(pixbuf), n = gdk_pixbuf_get_n_channels(pixbuf);
    if (n == 3)
        printf("P6\n%d %d\n255\n", w, h);
    else
        printf("P7\nWIDTH %d\nHEIGHT %d\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n", w, h);
    for (int y = 0; y < h; y++)
        fwrite(gdk_pixbuf_get_pixels(pixbuf) + (size_t)y * (size_t)gdk_pixbuf_get_rowstride(pixbuf), (size_t)n, (size_t)w, stdout);
    const char *icc = gdk_pixbuf_get_option(pixbuf, "icc-profile"), *orientation = gdk_pixbuf_get_option(pixbuf, "orientation");
    fprintf(stderr, "orientation %s, icc %s\n", orientation ? orientation : "none", icc ? "yes" : "no");
    g_object_unref(pixbuf);
    return 0;
}

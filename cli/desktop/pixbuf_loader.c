/* pixbuf_loader.c - a gdk-pixbuf loader, so that programs of a GNOME desktop show .ghm files. */
#define GDK_PIXBUF_ENABLE_BACKEND
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <gingham/gingham.h>
#include <gmodule.h>
#include <stdlib.h>
#include <string.h>

/* gdk-pixbuf finds a loader by these two names. */
G_MODULE_EXPORT void fill_vtable(GdkPixbufModule *module);
G_MODULE_EXPORT void fill_info(GdkPixbufFormat *info);

/* A stream on its way in; decoded when it is complete. */
typedef struct loading {
    GdkPixbufModuleSizeFunc size_known;
    GdkPixbufModulePreparedFunc prepared;
    GdkPixbufModuleUpdatedFunc updated;
    gpointer user;
    GByteArray *data;
} loading;

static gboolean fail(GError **error, ghm_status status, const ghm_diagnostics *diag)
{
    const gint code = status == GHM_ERR_MEMORY || status == GHM_ERR_LIMIT ? GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY
                                                                          : GDK_PIXBUF_ERROR_CORRUPT_IMAGE;
    g_set_error(error, GDK_PIXBUF_ERROR, code, "Gingham: %s", diag->text[0] ? diag->text : ghm_status_string(status));
    return FALSE;
}

static unsigned sample(const ghm_image *image, int plane, size_t x, size_t y)
{
    const uint8_t *p = image->planes[plane] + y * image->row_stride + x * image->pixel_stride;
    if (image->bit_depth <= 8)
        return *p;
    uint16_t value;
    memcpy(&value, p, sizeof value);
    const unsigned most = (1u << image->bit_depth) - 1;
    return (value * 255u + most / 2) / most;
}

/* To 8-bit RGB or RGBA, which is what a pixbuf holds. NULL: no memory. */
static GdkPixbuf *make_pixbuf(const ghm_image *image)
{
    const gboolean has_alpha = image->planes[3] != NULL;
    GdkPixbuf *pixbuf = gdk_pixbuf_new(GDK_COLORSPACE_RGB, has_alpha, 8, (int)image->width, (int)image->height);
    if (!pixbuf)
        return NULL;
    guchar *pixels = gdk_pixbuf_get_pixels(pixbuf);
    const size_t row_stride = (size_t)gdk_pixbuf_get_rowstride(pixbuf), n = has_alpha ? 4 : 3;
    for (size_t y = 0; y < image->height; y++) {
        guchar *out = pixels + y * row_stride;
        for (size_t x = 0; x < image->width; x++, out += n) {
            for (int c = 0; c < 3; c++)
                out[c] = (guchar)sample(image, image->planes[1] ? c : 0, x, y);
            if (has_alpha)
                out[3] = (guchar)sample(image, 3, x, y);
        }
    }
    return pixbuf;
}

/* What viewers look for in a pixbuf: how to turn it, and its colours. */
static void set_options(GdkPixbuf *pixbuf, const guint8 *data, gsize size)
{
    ghm_metadata metadata = { 0 };
    if (ghm_stream_get_metadata(data, size, &metadata, NULL) != GHM_OK)
        return;
    const ghm_buffer *icc = &metadata.kinds[GHM_METADATA_ICC], *exif = &metadata.kinds[GHM_METADATA_EXIF];
    const unsigned orientation = ghm_exif_orientation(exif->data, exif->size);
    if (orientation > 0) {
        const char digit[2] = { (char)('0' + orientation), '\0' };
        gdk_pixbuf_set_option(pixbuf, "orientation", digit);
    }
    if (icc->size > 0) {
        gchar *text = g_base64_encode(icc->data, icc->size);
        gdk_pixbuf_set_option(pixbuf, "icc-profile", text);
        g_free(text);
    }
    ghm_metadata_free(&metadata);
}

/* The program may answer with the size it wants to show; 0 says that it wants no pixels. */
static gboolean wants_pixels(const loading *l, const ghm_stream_info *info)
{
    gint width = (gint)info->width, height = (gint)info->height;
    if (l->size_known)
        l->size_known(&width, &height, l->user);
    return width != 0 && height != 0;
}

static gboolean decode(const loading *l, ghm_image *image, GError **error)
{
    ghm_model *model = NULL;
    ghm_stream_info info;
    ghm_diagnostics diag = { "" };
    ghm_status status = ghm_stream_get_info(l->data->data, l->data->len, &info, &diag);
    if (status == GHM_OK && !wants_pixels(l, &info))
        status = GHM_ERR_CANCELLED;
    if (status == GHM_OK)
        status = ghm_model_open_by_id(info.model_id, GHM_BACKEND_AUTO, &model, &diag);
    if (status == GHM_OK)
        status = ghm_decode_image(model, NULL, l->data->data, l->data->len, image, &diag);
    ghm_model_close(&model);
    return status == GHM_OK || fail(error, status, &diag);
}

static gboolean show(const loading *l, GError **error)
{
    ghm_image image = { 0 };
    if (!decode(l, &image, error))
        return FALSE;
    GdkPixbuf *pixbuf = make_pixbuf(&image);
    ghm_image_free(&image);
    if (!pixbuf)
        return fail(error, GHM_ERR_MEMORY, &(ghm_diagnostics){ "" });
    set_options(pixbuf, l->data->data, l->data->len);
    if (l->prepared)
        l->prepared(pixbuf, NULL, l->user);
    if (l->updated)
        l->updated(pixbuf, 0, 0, gdk_pixbuf_get_width(pixbuf), gdk_pixbuf_get_height(pixbuf), l->user);
    g_object_unref(pixbuf);
    return TRUE;
}

/* -------------------------------------------------------------------------------------------------- the module */

static gpointer begin_load(GdkPixbufModuleSizeFunc size_known, GdkPixbufModulePreparedFunc prepared,
                           GdkPixbufModuleUpdatedFunc updated, gpointer user, GError **error)
{
    (void)error;
    loading *l = g_new(loading, 1);
    *l = (loading){ size_known, prepared, updated, user, g_byte_array_new() };
    return l;
}

static gboolean load_increment(gpointer context, const guchar *data, guint size, GError **error)
{
    (void)error;
    g_byte_array_append(((loading *)context)->data, data, size);
    return TRUE;
}

static gboolean stop_load(gpointer context, GError **error)
{
    loading *l = context;
    const gboolean good = show(l, error);
    g_byte_array_free(l->data, TRUE);
    g_free(l);
    return good;
}

void fill_vtable(GdkPixbufModule *module)
{
    module->begin_load = begin_load;
    module->load_increment = load_increment;
    module->stop_load = stop_load;
}

void fill_info(GdkPixbufFormat *info)
{
    static GdkPixbufModulePattern signature[] = { { (char *)"\xC7GHM", NULL, 100 }, { NULL, NULL, 0 } };
    static gchar *mime_types[] = { (gchar *)"image/x-gingham", NULL };
    static gchar *extensions[] = { (gchar *)"ghm", NULL };
    info->name = (gchar *)"gingham";
    info->signature = signature;
    info->description = (gchar *)"Gingham";
    info->mime_types = mime_types;
    info->extensions = extensions;
    info->flags = GDK_PIXBUF_FORMAT_THREADSAFE;
    info->license = (gchar *)"BSD";
}

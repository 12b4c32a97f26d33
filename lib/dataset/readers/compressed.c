/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/compressed.h"

#include <limits.h>
#include <string.h>

#ifdef DIFFMM__HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef DIFFMM__HAVE_ZSTD
#include <zstd.h>
#endif

#include "base/memory.h"
#include "base/status.h"

/* One of the two libraries. */
struct library {
    const char *name;
    unsigned char magic[4];
    size_t magic_size;
    diffmm_status (*begin)(struct diffmm__compressed *compressed);
    diffmm_status (*read)(struct diffmm__compressed *compressed, char *out, size_t room,
                          size_t *count);
    void (*end)(struct diffmm__compressed *compressed);
};

struct diffmm__compressed {
    const diffmm_context *context;
    const struct library *library;
    const char *path;
    const unsigned char *bytes;
    size_t size, used; /* of the compressed bytes */
    bool within;       /* a member or frame has begun and not ended */
#ifdef DIFFMM__HAVE_ZLIB
    z_stream gzip;
#endif
#ifdef DIFFMM__HAVE_ZSTD
    ZSTD_DStream *zstd;
#endif
};

static diffmm_status fail_damaged(const struct diffmm__compressed *c, const char *why)
{
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: the %s file is damaged at byte %zu: %s", c->path,
                        c->library->name, c->used, why);
}

#ifdef DIFFMM__HAVE_ZLIB
static void *allocate_for_zlib(void *context, unsigned count, unsigned size)
{
    return diffmm__allocate(context, count, size);
}

static void release_for_zlib(void *context, void *pointer)
{
    diffmm__release(context, pointer);
}

static diffmm_status begin_gzip(struct diffmm__compressed *c)
{
    enum { gzip_window = 15 + 16 }; /* the largest window; 16: with a gzip header */
    c->gzip.zalloc = allocate_for_zlib;
    c->gzip.zfree = release_for_zlib;
    c->gzip.opaque = (void *)c->context;
    return inflateInit2(&c->gzip, gzip_window) == Z_OK ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
}

static uInt piece(size_t size)
{
    return size < INT_MAX ? (uInt)size : INT_MAX;
}

static diffmm_status read_gzip(struct diffmm__compressed *c, char *out, size_t room, size_t *count)
{
    uInt given = piece(c->size - c->used), wanted = piece(room);
    c->gzip.next_in = (Bytef *)c->bytes + c->used; /* only read */
    c->gzip.avail_in = given;
    c->gzip.next_out = (Bytef *)out;
    c->gzip.avail_out = wanted;
    int result = inflate(&c->gzip, Z_NO_FLUSH);
    c->used += given - c->gzip.avail_in;
    *count = wanted - c->gzip.avail_out;
    c->within = result != Z_STREAM_END;
    if (result == Z_MEM_ERROR)
        return DIFFMM_ERROR_NO_MEMORY;
    if (result == Z_STREAM_END)
        return inflateReset(&c->gzip) == Z_OK ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
    if (result != Z_OK && result != Z_BUF_ERROR)
        return fail_damaged(c, c->gzip.msg ? c->gzip.msg : "it cannot be unpacked");
    return DIFFMM_OK;
}

static void end_gzip(struct diffmm__compressed *c)
{
    inflateEnd(&c->gzip);
}
#endif

#ifdef DIFFMM__HAVE_ZSTD
static diffmm_status begin_zstd(struct diffmm__compressed *c)
{
    /* A frame of a few bytes may ask for a window of 128 MB. Small files get 32 MB at most, which
     * all levels of compression but the "ultra" ones keep within; large ones what zstd allows. */
    enum { small_file = 4 << 20, small_window_log = 25 };
    c->zstd = ZSTD_createDStream();
    if (!c->zstd)
        return diffmm__fail(DIFFMM_ERROR_NO_MEMORY, "no memory to unpack zstd");
    if (c->size < small_file)
        ZSTD_DCtx_setParameter(c->zstd, ZSTD_d_windowLogMax, small_window_log);
    return DIFFMM_OK;
}

static diffmm_status read_zstd(struct diffmm__compressed *c, char *out, size_t room, size_t *count)
{
    ZSTD_inBuffer in = {c->bytes, c->size, c->used};
    ZSTD_outBuffer put = {out, room, 0};
    size_t result = ZSTD_decompressStream(c->zstd, &put, &in);
    c->used = in.pos;
    *count = put.pos;
    c->within = result != 0;
    return ZSTD_isError(result) ? fail_damaged(c, ZSTD_getErrorName(result)) : DIFFMM_OK;
}

static void end_zstd(struct diffmm__compressed *c)
{
    ZSTD_freeDStream(c->zstd);
}
#endif

static const struct library libraries[] = {
    {.name = "gzip",
     .magic = {0x1f, 0x8b},
     .magic_size = 2,
#ifdef DIFFMM__HAVE_ZLIB
     .begin = begin_gzip,
     .read = read_gzip,
     .end = end_gzip
#endif
    },
    {.name = "zstd",
     .magic = {0x28, 0xb5, 0x2f, 0xfd},
     .magic_size = 4,
#ifdef DIFFMM__HAVE_ZSTD
     .begin = begin_zstd,
     .read = read_zstd,
     .end = end_zstd
#endif
    },
};

static const struct library *find_library(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        if (size >= libraries[i].magic_size &&
            memcmp(bytes, libraries[i].magic, libraries[i].magic_size) == 0)
            return &libraries[i];
    return NULL;
}

bool diffmm__compressed_looks(const unsigned char *bytes, size_t size)
{
    return find_library(bytes, size) != NULL;
}

diffmm_status diffmm__compressed_create(const diffmm_context *context, const unsigned char *bytes,
                                        size_t size, const char *path,
                                        struct diffmm__compressed **out)
{
    const struct library *library = find_library(bytes, size);
    if (!library || !library->begin)
        return diffmm__fail(DIFFMM_ERROR_UNSUPPORTED,
                            "%s: this library was built without %s; unpack the file first", path,
                            library ? library->name : "a library that unpacks it");
    struct diffmm__compressed *c = diffmm__allocate_zero(context, 1, sizeof *c);
    if (!c)
        return DIFFMM_ERROR_NO_MEMORY;
    c->context = context;
    c->library = library;
    c->path = path;
    c->bytes = bytes;
    c->size = size;
    diffmm_status status = library->begin(c);
    if (status) {
        diffmm__release(context, c);
        return status;
    }
    *out = c;
    return DIFFMM_OK;
}

void diffmm__compressed_destroy(struct diffmm__compressed *compressed)
{
    if (!compressed)
        return;
    compressed->library->end(compressed);
    diffmm__release(compressed->context, compressed);
}

diffmm_status diffmm__compressed_read(struct diffmm__compressed *compressed, char *out, size_t room,
                                      size_t *count)
{
    *count = 0;
    while (*count == 0 && (compressed->used < compressed->size || compressed->within)) {
        size_t before = compressed->used;
        diffmm_status status = compressed->library->read(compressed, out, room, count);
        if (status)
            return status;
        if (*count == 0 && compressed->used == before)
            return fail_damaged(compressed, "it ends too early");
    }
    return DIFFMM_OK;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* BLIS is called through its expert interface with a runtime of our own: one thread, since
 * parallelism is the pool's (base/pool.h), and without the kernels for small matrices ("sup"),
 * which in BLIS 0.9.0 read outside their operands and make a row's bits depend on how many rows are
 * computed with it. */
#include "linalg/blis.h"

#include <dlfcn.h>
#include <string.h>

/* BLIS's headers are not clean under our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <blis.h>
#pragma GCC diagnostic pop

#include "base/memory.h"
#include "base/pool.h"
#include "base/system.h"

static rntm_t own_runtime(void)
{
    rntm_t runtime;
    bli_rntm_init(&runtime);
    bli_rntm_set_num_threads(1, &runtime);
    bli_rntm_disable_l3_sup(&runtime);
    return runtime;
}

bool diffmm__blis_knows_processor(void)
{
#if defined(__aarch64__)
    return false;
#else
    bli_init(); /* this detects the processor */
    return bli_arch_query_id() != BLIS_ARCH_GENERIC;
#endif
}

static inc_t row_step(struct diffmm__matrix x)
{
    return x.transposed ? 1 : (inc_t)x.stride;
}

static inc_t column_step(struct diffmm__matrix x)
{
    return x.transposed ? (inc_t)x.stride : 1;
}

void diffmm__blis_gemm(size_t m, size_t n, size_t k, float alpha, struct diffmm__matrix a,
                       struct diffmm__matrix b, float beta, float *c, size_t c_stride)
{
    rntm_t runtime = own_runtime();
    /* BLIS takes its operands without const, but only reads a and b. */
    bli_sgemm_ex(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, (dim_t)m, (dim_t)n, (dim_t)k, &alpha,
                 (float *)(uintptr_t)a.data, row_step(a), column_step(a),
                 (float *)(uintptr_t)b.data, row_step(b), column_step(b), &beta, c, (inc_t)c_stride,
                 1, NULL, &runtime);
}

void diffmm__blis_terms(size_t *at_once, size_t *at_end)
{
    cntx_t *kernels = bli_gks_query_cntx();
    *at_once = (size_t)bli_cntx_get_blksz_def_dt(BLIS_FLOAT, BLIS_KC, kernels);
    *at_end = (size_t)bli_cntx_get_blksz_max_dt(BLIS_FLOAT, BLIS_KC, kernels);
}

void diffmm__blis_gemmt(size_t n, size_t k, const float *a, const float *b, float *c)
{
    float one = 1.0f, zero = 0.0f;
    rntm_t runtime = own_runtime();
    bli_sgemmt_ex(BLIS_LOWER, BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, (dim_t)n, (dim_t)k, &one,
                  (float *)(uintptr_t)a, 1, (inc_t)n, (float *)(uintptr_t)b, (inc_t)n, 1, &zero, c,
                  (inc_t)n, 1, NULL, &runtime);
}

/* BLIS keeps the memory that it packs operands into, and never frees it. If BLIS were unloaded
 * together with this library, it would lose tens of megabytes each time; so it is kept loaded, to
 * be found again. A program without dynamic loading has none of these functions, which is why they
 * are weak. */
#pragma weak dladdr
#pragma weak dlopen
#pragma weak dlclose

static void keep_loaded(void)
{
    Dl_info info;
    if (!dladdr || !dlopen || !dlclose || !dladdr((void *)(uintptr_t)bli_init, &info))
        return;
    void *blis = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
    if (blis)
        dlclose(blis);
}

/* BLIS packs operands into blocks from pools that all threads share. When more products run at once
 * than it has sets of blocks, it allocates another set, and ends the process if malloc fails. So as
 * many sets as there are threads are allocated beforehand, by products nested in each other: a
 * product of 1 x 1 matrices holds one set, and its micro-kernel, nested_kernel(), starts the next
 * product. Alpha counts them down. */
/* The stack that one product takes, and that of the thread itself, in which the thread-local
 * storage of all libraries lies too; this may be large (0.8 MB for a sanitiser). */
enum { warm_most = 64, warm_stack = 64 << 10, warm_base = 2 << 20 };

static void nested_product(float depth, cntx_t *kernels)
{
    float one = 1.0f, zero = 0.0f, c = 0.0f;
    rntm_t runtime = own_runtime();
    bli_sgemm_ex(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, 1, 1, 1, &depth, &one, 1, 1, &one, 1, 1,
                 &zero, &c, 1, 1, kernels, &runtime);
}

static void nested_kernel(dim_t m, dim_t n, dim_t k, float *restrict alpha, float *restrict a,
                          float *restrict b, float *restrict beta, float *restrict c,
                          inc_t row_stride, inc_t column_stride, auxinfo_t *restrict data,
                          cntx_t *restrict kernels)
{
    (void)m, (void)n, (void)k, (void)a, (void)b, (void)beta, (void)c;
    (void)row_stride, (void)column_stride, (void)data;
    if (*alpha > 1.0f)
        nested_product(*alpha - 1.0f, kernels);
}

static void *warm(void *argument)
{
    const size_t *count = argument;
    cntx_t kernels = *bli_gks_query_cntx();
    func_t function = *bli_cntx_get_l3_vir_ukrs(BLIS_GEMM_UKR, &kernels);
    sgemm_ukr_ft nested = nested_kernel;
    bli_func_set_dt((void_fp)nested, BLIS_FLOAT, &function);
    bli_cntx_set_l3_vir_ukr(BLIS_GEMM_UKR, &function, &kernels);
    nested_product((float)*count, &kernels);
    return NULL;
}

static pool_t *block_pool(packbuf_t kind)
{
    return bli_pba_pool((dim_t)bli_packbuf_index(kind), bli_pba_query());
}

/* The sets of blocks that BLIS has; it keeps those that it once allocated. */
static size_t sets_of_blocks(void)
{
    bli_pba_lock(bli_pba_query());
    size_t a = bli_pool_num_blocks(block_pool(BLIS_BUFFER_FOR_A_BLOCK)),
           b = bli_pool_num_blocks(block_pool(BLIS_BUFFER_FOR_B_PANEL));
    bli_pba_unlock(bli_pba_query());
    return a < b ? a : b;
}

/* Try whether malloc has room for so many sets, here where a failure does no harm. */
static diffmm_status probe(size_t count)
{
    size_t size = bli_pool_block_size(block_pool(BLIS_BUFFER_FOR_A_BLOCK)) +
                  bli_pool_block_size(block_pool(BLIS_BUFFER_FOR_B_PANEL));
    struct diffmm__arena arena = diffmm__arena_on(NULL);
    for (size_t i = 0; i < count; i++)
        diffmm__arena_take(&arena, size, 1);
    diffmm__arena_end(&arena);
    return arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
}

diffmm_status diffmm__blis_prepare(size_t threads)
{
    size_t count = threads < warm_most ? threads : warm_most;
    pthread_t thread;
    keep_loaded();
    if (!diffmm__blis_knows_processor())
        return DIFFMM_OK;
    if (sets_of_blocks() < count) {
        diffmm_status status = probe(count);
        if (status)
            return status;
        /* On a thread with a stack of its own, since the caller's may be small. If this thread
         * cannot be started, no thread of the pool can be either, and one set is enough. */
        if (diffmm__sys_thread(&thread, warm_base + warm_stack * count, warm, &count) == 0)
            pthread_join(thread, NULL);
    }
    float a[32 * 32] = {0}, c[32 * 32];
    diffmm__blis_gemm(32, 32, 32, 1.0f, diffmm__plain(a, 32), diffmm__plain(a, 32), 0.0f, c, 32);
    return DIFFMM_OK;
}

const char *diffmm__blis_version(void)
{
    return bli_info_get_version_str();
}

const char *diffmm__blis_architecture(void)
{
    if (!diffmm__blis_knows_processor())
        return "without kernels for this processor: libdiffmm multiplies";
    return bli_arch_string(bli_arch_query_id());
}

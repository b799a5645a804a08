/* An engine executes work on one device. */
#ifndef POCKETMARK_DEVICES_ENGINE_H
#define POCKETMARK_DEVICES_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devices/host.h"
#include "workloads/matmul.h"
#include "workloads/weights.h"

/* Default of a prefill's batch: llama.cpp's micro-batch, so that figures compare. */
enum { ENGINE_BATCH_TOKENS = 512 };

struct engine_options {
    size_t threads;        /* 0: one per performance core this process may use */
    const char *choice;    /* of processors, as host_choose_cpus takes it, in place of `threads`; NULL: none */
    size_t context_tokens; /* tokens the cache must hold */
    size_t batch_tokens;   /* most tokens of a prefill processed together; 0: ENGINE_BATCH_TOKENS */
    enum dtype kv_type;    /* of cached keys and values: DTYPE_F16 (what any value but the next means) or DTYPE_Q8_0 */
    bool no_repack; /* read a file's rows where its mapping has them, as far as there are kernels for their types */
    bool no_tune;   /* leave out the short trial at load that picks distances of prefetch */
    isa_set isa;    /* levels the engine may use: the host's, limited by POCKETMARK_ISA */
};

/* Bytes as allocated by the engine; mapped_bytes: weights that it reads where a file's mapping has them, which are pages of the
 * file and can be had again. */
struct footprint {
    uint64_t weights_bytes, kv_cache_bytes, scratch_bytes, mapped_bytes;
};

struct engine;

struct engine_ops { /* an unset hook means "cannot", never "did nothing" */
    const char *name, *summary;
    /* What `load` will allocate for this model, without allocating it. */
    void (*predict)(const struct model *model, const struct engine_options *options, const struct host *host,
                    struct footprint *footprint);
    enum status (*open)(struct engine *engine, const struct host *host, const struct engine_options *options,
                        struct error *error);
    /* Brings the weights into the device's own layout and makes room for cache and scratch. Once per open. With no_repack the
     * weights must stay open as long as the engine. */
    enum status (*load)(struct engine *engine, const struct model *model, const struct weights *weights,
                        struct error *error);
    /* A finite synthetic cache of that depth, without a prefill. */
    enum status (*prime)(struct engine *engine, size_t depth_tokens, uint64_t seed, struct error *error);
    /* Remember this state … and return to it: repetitions start equal. */
    enum status (*mark)(struct engine *engine, struct error *error);
    enum status (*restore)(struct engine *engine, struct error *error);
    /* Appends count tokens to the cache. logits: vocabulary floats for the last token, NULL: not copied out. */
    enum status (*prefill)(struct engine *engine, const int32_t *tokens, size_t count, float *logits,
                           struct error *error);
    /* count single-token steps over forced tokens, argmax included. done_ns: clock_now_ns at the end of each step (count
     * entries); logits: count × vocabulary; both may be NULL. */
    enum status (*decode)(struct engine *engine, const int32_t *forced, size_t count, uint64_t *done_ns, float *logits,
                          struct error *error);
    /* Prepares synthetic weights (copies of the same matrix, together beyond the caches where the work reads each weight
     * once) and random activations for matmul_run. Replaces what was prepared before. Needs no load. */
    enum status (*matmul_prepare)(struct engine *engine, const struct matmul *matmul, struct error *error);
    /* One product. out: tokens × rows floats (rows contiguous), or NULL: not copied out. */
    enum status (*matmul_run)(struct engine *engine, float *out, struct error *error);
    /* Largest normalised mean square error of the kernels that `model` uses, at its layer shapes and for 1 to `tokens` tokens,
     * against float64 on the same 8-bit activations. Needs no load. */
    enum status (*self_check)(struct engine *engine, const struct model *model, size_t tokens, double *nmse,
                              struct error *error);
    void (*footprint)(const struct engine *engine, struct footprint *footprint);
    /* Calls visit(key, value) for each choice the engine made: threads, kernel variants, page size, tuning. */
    void (*describe)(const struct engine *engine, void (*visit)(void *context, const char *key, const char *value),
                     void *context);
    void (*close)(struct engine *engine);
};

struct engine {
    const struct engine_ops *ops;
    void *state; /* the engine's own */
};

/* All engines of this build, NULL-terminated. */
extern const struct engine_ops *const engines[];

/* NULL where no engine has that name. */
const struct engine_ops *engine_find(const char *name);

#endif

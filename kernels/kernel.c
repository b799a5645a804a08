#include "kernels/kernel.h"

#define NO_TYPE                                    DTYPE_COUNT
#define KERNEL(member, name, op, type, isa, width) extern member##_fn name;
#include "kernels/table.inc"
#undef KERNEL

static const struct kernel table[] = {
#define KERNEL(member, name, op, type, isa, width) {#name, op, type, isa, width, {.member = name}},
#include "kernels/table.inc"
#undef KERNEL
};

static const char *const op_names[OP_COUNT] = {"pack",      "tile", "gemv",      "gemv_rows",     "gemm",
                                               "attend",    "norm", "rotate",    "rotate_halves", "gate",
                                               "gate_gelu", "cap",  "peak_int8", "peak_fp32",     "read"};

const char *op_name(enum op op)
{
    return op_names[op];
}

const struct kernel *kernel_table(size_t *count)
{
    *count = sizeof table / sizeof *table;
    return table;
}

const struct kernel *kernel_best(enum op op, enum dtype type, isa_set isa)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].op == op && table[i].type == type && (isa >> table[i].isa & 1))
            return &table[i];
    return NULL;
}

const struct kernel *kernel_at(enum op op, enum dtype type, enum isa isa)
{
    return kernel_best(op, type, (isa_set)1 << isa);
}

size_t tile_block(enum dtype weights, size_t k)
{
    return weights == DTYPE_INT8 ? k : BLOCK_K;
}

size_t tile_bytes(enum dtype weights, size_t k, size_t width)
{
    size_t bytes =
        dtype_info(weights)->quantised ? width * (k + k / tile_block(weights, k) * 8) : width * k * sizeof(float);

    return (bytes + 63) / 64 * 64;
}

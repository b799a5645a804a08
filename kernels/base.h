/* The words every floor shares: status, error text, element types and instruction-set bits. */
#ifndef POCKETMARK_KERNELS_BASE_H
#define POCKETMARK_KERNELS_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What came of a call. Everything but STATUS_OK comes with a text in struct error. */
enum status {
    STATUS_OK = 0,
    STATUS_MISUSE,      /* the user asked for something that does not exist or does not make sense */
    STATUS_IO,          /* a file could not be opened, read, mapped or written */
    STATUS_FORMAT,      /* a file was read, but its content breaks its own rules */
    STATUS_UNSUPPORTED, /* well formed, but this build or this machine cannot do it */
    STATUS_MEMORY,      /* an allocation failed, or the work does not fit */
    STATUS_MISMATCH,    /* the arithmetic is wrong: verification failed */
    STATUS_FAILED,      /* the work was tried and failed (a child crashed, a system call refused) */
    STATUS_INTERRUPTED, /* a signal asked us to stop */
    STATUS_UNLIKE,      /* things that must agree do not: results of unlike runs, another binary, another model */
};

/* One line for the user: it names the file, key or value, and the remedy. No newline at its end. */
struct error {
    enum status status;
    char text[480];
};

/* Sets error (which may be NULL) and returns status, so that `return error_set(...)` reads well. */
enum status error_set(struct error *error, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the text of an error that is already set; returns its status. */
enum status error_prefix(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Element types of stored matrices. The order is ours; the GGUF number is in dtype_info. */
enum dtype {
    DTYPE_F32,
    DTYPE_F16,
    DTYPE_BF16,
    DTYPE_Q8_0,
    DTYPE_Q4_0,
    DTYPE_Q4_1,
    DTYPE_Q4_K,
    DTYPE_Q5_K,
    DTYPE_Q6_K,
    DTYPE_IQ4_NL,
    DTYPE_MODELS,              /* number of the types before it: those of the matrices of models */
    DTYPE_INT8 = DTYPE_MODELS, /* of single products alone: int8, one f32 scale per row (per channel) */
    DTYPE_COUNT
};

struct dtype_info {
    const char *name;      /* as the user types it: "q4_0" */
    uint32_t gguf_id;      /* ggml_type number in a GGUF file (GGUF specification, tensor infos); of types of models */
    size_t block_elements; /* elements stored together; a row is a whole number of blocks */
    size_t block_bytes;    /* bytes of one block */
    size_t row_bytes;      /* bytes that a row has behind its blocks */
    bool quantised;        /* multiplied with 8-bit activations */
};

const struct dtype_info *dtype_info(enum dtype type);

/* False where no type of that name exists; *type is then untouched. Upper and lower case are equal. */
bool dtype_from_name(const char *name, enum dtype *type);
bool dtype_from_gguf(uint32_t gguf_id, enum dtype *type);

/* Bytes of one stored row of `elements` elements, a multiple of block_elements. */
size_t dtype_row_bytes(enum dtype type, size_t elements);

/* Instruction sets as the kernels group them. A level holds all that stands before it. */
enum isa { ISA_SCALAR = 0, ISA_AVX2, ISA_AVXVNNI, ISA_AVX512VNNI, ISA_COUNT };

/* "scalar", "avx2" (AVX2, FMA, F16C), "avxvnni" (256-bit VNNI), "avx512vnni" (AVX-512 F, BW, DQ, VL, VNNI). */
const char *isa_name(enum isa isa);
bool isa_from_name(const char *name, enum isa *isa);

/* Set of levels, bit 1 << isa. A processor with AVX-512 VNNI need not have AVX-VNNI, so levels are no ladder. */
typedef uint32_t isa_set;

/* IEEE half to single and back (round to nearest even), without any instruction set. */
float half_to_float(uint16_t half);
uint16_t float_to_half(float value);

/* The upper half of an IEEE single. */
static inline float bfloat_to_float(uint16_t bfloat)
{
    union {
        uint32_t bits;
        float value;
    } single = {(uint32_t)bfloat << 16};

    return single.value;
}

#endif

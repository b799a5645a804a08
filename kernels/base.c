#include "kernels/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum status error_set(struct error *error, enum status status, const char *format, ...)
{
    if (error) {
        va_list arguments;
        error->status = status;
        va_start(arguments, format);
        vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
    }
    return status;
}

enum status error_prefix(struct error *error, const char *format, ...)
{
    char rest[sizeof error->text];
    va_list arguments;
    size_t used;

    memcpy(rest, error->text, sizeof rest);
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    used = strlen(error->text);
    snprintf(error->text + used, sizeof error->text - used, ": %s", rest);
    return error->status;
}

/* GGUF numbers and block sizes: GGUF specification (ggml docs/gguf.md) and ggml's block definitions. */
static const struct dtype_info dtypes[DTYPE_COUNT] = {
    [DTYPE_F32] = {"f32", 0, 1, 4, 0, false},
    [DTYPE_F16] = {"f16", 1, 1, 2, 0, false},
    [DTYPE_Q8_0] = {"q8_0", 8, 32, 34, 0, true},
    [DTYPE_Q4_0] = {"q4_0", 2, 32, 18, 0, true},
    [DTYPE_BF16] = {"bf16", 30, 1, 2, 0, false},
    [DTYPE_Q4_1] = {"q4_1", 3, 32, 20, 0, true},
    [DTYPE_Q4_K] = {"q4_k", 12, 256, 144, 0, true},
    [DTYPE_Q5_K] = {"q5_k", 13, 256, 176, 0, true},
    [DTYPE_Q6_K] = {"q6_k", 14, 256, 210, 0, true},
    [DTYPE_IQ4_NL] = {"iq4_nl", 20, 32, 18, 0, true},
    [DTYPE_INT8] = {"int8", UINT32_MAX, 32, 32, 4, true},
};

const struct dtype_info *dtype_info(enum dtype type)
{
    return &dtypes[type];
}

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static bool names_equal(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b))
        a++, b++;
    return lower(*a) == lower(*b);
}

bool dtype_from_name(const char *name, enum dtype *type)
{
    for (int i = 0; i < DTYPE_COUNT; i++)
        if (names_equal(name, dtypes[i].name)) {
            *type = (enum dtype)i;
            return true;
        }
    return false;
}

bool dtype_from_gguf(uint32_t gguf_id, enum dtype *type)
{
    for (int i = 0; i < DTYPE_MODELS; i++)
        if (dtypes[i].gguf_id == gguf_id) {
            *type = (enum dtype)i;
            return true;
        }
    return false;
}

size_t dtype_row_bytes(enum dtype type, size_t elements)
{
    return elements / dtypes[type].block_elements * dtypes[type].block_bytes + dtypes[type].row_bytes;
}

static const char *const isa_names[ISA_COUNT] = {"scalar", "avx2", "avxvnni", "avx512vnni"};

const char *isa_name(enum isa isa)
{
    return isa_names[isa];
}

bool isa_from_name(const char *name, enum isa *isa)
{
    for (int i = 0; i < ISA_COUNT; i++)
        if (names_equal(name, isa_names[i])) {
            *isa = (enum isa)i;
            return true;
        }
    return false;
}

float half_to_float(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, magnitude = half & 0x7fff, bits;
    float value;

    if (magnitude >= 0x7c00)
        bits = 0x7f800000 | (magnitude & 0x3ff) << 13;
    else if (magnitude >= 0x0400)
        bits = (magnitude << 13) + ((127 - 15) << 23);
    else {
        value = (float)magnitude * 0x1p-24f;
        memcpy(&bits, &value, sizeof bits);
    }
    bits |= sign;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint16_t float_to_half(float value)
{
    uint32_t bits, magnitude;
    uint16_t sign;

    memcpy(&bits, &value, sizeof bits);
    sign = (uint16_t)(bits >> 16 & 0x8000);
    magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000)
        return sign | 0x7e00;
    if (magnitude >= 0x477ff000) /* 65520 and more round to infinity */
        return sign | 0x7c00;
    if (magnitude < 0x38800000) { /* below 2^-14: subnormal; adding 0.5 aligns the mantissa and rounds to even */
        float aligned;
        memcpy(&aligned, &magnitude, sizeof aligned);
        aligned += 0.5f;
        memcpy(&bits, &aligned, sizeof bits);
        return sign | (uint16_t)(bits - 0x3f000000);
    }
    magnitude += 0xfff + (magnitude >> 13 & 1);
    return sign | (uint16_t)((magnitude - ((127 - 15) << 23)) >> 13);
}

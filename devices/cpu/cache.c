#include <string.h>

#include "devices/cpu/cpu.h"

/* Whole blocks of the attention kernels. */
static size_t padded(size_t tokens)
{
    return (tokens + ATTEND_BLOCK - 1) / ATTEND_BLOCK * ATTEND_BLOCK;
}

size_t cpu_cache_bytes(const struct model *model, size_t context_tokens)
{
    return 2 * model->layers * model->kv_heads * model->head_size * padded(context_tokens) * sizeof(uint16_t);
}

enum status cpu_cache_open(struct cpu *cpu, struct error *error)
{
    enum status status = buffer_open(&cpu->cache.buffer, cpu_cache_bytes(cpu->model, cpu->context_tokens), true, error);

    if (status != STATUS_OK)
        return status;
    cpu->cache.capacity = padded(cpu->context_tokens);
    memset(cpu->cache.buffer.data, 0, cpu->cache.buffer.bytes); /* resident from the start, as it is reported */
    return STATUS_OK;
}

uint16_t *cpu_cache_keys(const struct cpu *cpu, size_t layer, size_t head)
{
    size_t head_values = cpu->cache.capacity * cpu->model->head_size;

    return (uint16_t *)cpu->cache.buffer.data + (2 * layer * cpu->model->kv_heads + head) * head_values;
}

uint16_t *cpu_cache_values(const struct cpu *cpu, size_t layer, size_t head)
{
    size_t head_values = cpu->cache.capacity * cpu->model->head_size;

    return (uint16_t *)cpu->cache.buffer.data + ((2 * layer + 1) * cpu->model->kv_heads + head) * head_values;
}

void cpu_cache_store(const struct cpu *cpu, size_t layer, size_t head, size_t position, const float *key,
                     const float *value)
{
    size_t size = cpu->model->head_size;
    uint16_t *keys =
        cpu_cache_keys(cpu, layer, head) + position / PANEL_ROWS * PANEL_ROWS * size + position % PANEL_ROWS;
    uint16_t *values = cpu_cache_values(cpu, layer, head) + position * size;

    for (size_t i = 0; i < size; i++) {
        keys[i * PANEL_ROWS] = float_to_half(key[i]);
        values[i] = float_to_half(value[i]);
    }
}

/* splitmix64 (Steele, Lea and Flood 2014), one step per value. */
static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* A finite value of either sign with magnitude in [2^-3, 2^1): random sign, two exponent bits and mantissa of an f16. */
static uint16_t prime_half(uint64_t random)
{
    return (uint16_t)((random & 0x8000) | (12 + (random >> 16 & 3)) << 10 | (random & 0x3ff));
}

void cpu_cache_prime(struct cpu *cpu, size_t depth, uint64_t seed)
{
    const struct model *model = cpu->model;
    uint64_t state = mix(seed);

    for (size_t layer = 0; layer < model->layers; layer++)
        for (size_t head = 0; head < model->kv_heads; head++) {
            uint16_t *keys = cpu_cache_keys(cpu, layer, head), *values = cpu_cache_values(cpu, layer, head);
            for (size_t i = 0; i < padded(depth) * model->head_size; i++)
                keys[i] = prime_half(mix(state += 0x9e3779b97f4a7c15u));
            for (size_t i = 0; i < depth * model->head_size; i++)
                values[i] = prime_half(mix(state += 0x9e3779b97f4a7c15u));
        }
    cpu->cache.length = depth;
}

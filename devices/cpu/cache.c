#include <math.h>
#include <string.h>

#include "devices/cpu/cpu.h"

/* Whole blocks of the attention kernels. */
static size_t padded(size_t tokens)
{
    return (tokens + ATTEND_BLOCK - 1) / ATTEND_BLOCK * ATTEND_BLOCK;
}

static size_t layer_capacity(const struct model *model, const struct cpu_cache_plan *plan, size_t layer)
{
    struct layer shape = model_layer(model, layer);
    size_t seen = shape.window + plan->batch_tokens - 1;

    return padded(shape.window && seen < plan->context_tokens ? seen : plan->context_tokens);
}

/* Keys and values of one head: a multiple of 64, as the capacity is. */
static size_t head_bytes(const struct model *model, enum dtype type, size_t capacity)
{
    size_t token = type == DTYPE_Q8_0
                       ? attend_bytes(model->head_size) + attend_scales(model->head_size) * sizeof(uint16_t)
                       : model->head_size * sizeof(uint16_t);

    return 2 * capacity * token;
}

/* Bytes of all layers; sets their places where `layers` is given. */
static size_t place(const struct model *model, const struct cpu_cache_plan *plan, struct cpu_cache_layer *layers)
{
    size_t bytes = 0;

    for (size_t l = 0; l < model->layers; l++) {
        if (!model_layer(model, l).own_kv)
            continue;
        size_t capacity = layer_capacity(model, plan, l);
        if (layers)
            layers[l] = (struct cpu_cache_layer){.capacity = capacity, .offset = bytes};
        bytes += model->kv_heads * head_bytes(model, plan->type, capacity);
    }
    return bytes;
}

size_t cpu_cache_bytes(const struct model *model, const struct cpu_cache_plan *plan)
{
    return place(model, plan, NULL);
}

enum status cpu_cache_open(struct cpu *cpu, struct error *error)
{
    struct cpu_cache *cache = &cpu->cache;
    enum status status;

    cache->plan = (struct cpu_cache_plan){
        .type = cpu->kv_type, .context_tokens = cpu->context_tokens, .batch_tokens = cpu->batch_tokens};
    status = buffer_open(&cache->buffer, place(cpu->model, &cache->plan, cache->layers), true, error);
    if (status != STATUS_OK)
        return status;
    memset(cache->buffer.data, 0, cache->buffer.bytes); /* resident from the start, as it is reported */
    return STATUS_OK;
}

void cpu_cache_close(struct cpu *cpu)
{
    buffer_close(&cpu->cache.buffer);
    buffer_close(&cpu->cache.saved);
}

uint64_t cpu_cache_allocated_bytes(const struct cpu *cpu)
{
    return cpu->cache.buffer.bytes + cpu->cache.saved.bytes;
}

/* Where the parts of one head's cache lie. */
struct head {
    size_t capacity;
    uint8_t *keys, *values;
    uint16_t *key_scales, *value_scales; /* q8_0 */
};

static struct head find_head(const struct cpu *cpu, size_t layer, size_t head)
{
    const struct model *model = cpu->model;
    const struct cpu_cache_layer *place = &cpu->cache.layers[cpu->layers[layer].shape.kv_layer];
    bool bytes = cpu->cache.plan.type == DTYPE_Q8_0;
    size_t part = place->capacity * (bytes ? attend_bytes(model->head_size) : model->head_size * sizeof(uint16_t));
    uint8_t *base = (uint8_t *)cpu->cache.buffer.data + place->offset +
                    head * head_bytes(model, cpu->cache.plan.type, place->capacity);
    struct head found = {.capacity = place->capacity, .keys = base, .values = base + part};

    if (bytes) {
        found.key_scales = (uint16_t *)(base + 2 * part);
        found.value_scales = found.key_scales + place->capacity * attend_scales(model->head_size);
    }
    return found;
}

void cpu_cache_view(const struct cpu *cpu, size_t layer, size_t head, struct attend *attend)
{
    struct head found = find_head(cpu, layer, head);

    attend->capacity = found.capacity;
    attend->keys = (const uint16_t *)found.keys;
    attend->values = (const uint16_t *)found.values;
    attend->keys_q8 = (const int8_t *)found.keys;
    attend->values_q8 = (const int8_t *)found.values;
    attend->key_scales = found.key_scales;
    attend->value_scales = found.value_scales;
}

/* Rounds up to BLOCK_K values; returns their scale. */
static uint16_t round_block(const float *x, size_t count, int *to)
{
    float largest = 0;

    for (size_t i = 0; i < count; i++)
        largest = fmaxf(largest, fabsf(x[i]));
    uint16_t scale = float_to_half(largest / 127);
    float inverse = half_to_float(scale) > 0 ? 1.0f / half_to_float(scale) : 0;
    for (size_t i = 0; i < count; i++) {
        long value = lrintf(x[i] * inverse);
        to[i] = (int)(value < -127 ? -127 : value > 127 ? 127 : value); /* the scale was rounded */
    }
    return scale;
}

/* In the layout of the attention kernel's width. */
static void store_bytes(const struct head *head, size_t width, size_t size, size_t slot, const float *key,
                        const float *value)
{
    size_t first = slot / ATTEND_BLOCK * ATTEND_BLOCK, lane = slot % ATTEND_BLOCK, scales = attend_scales(size);
    int8_t *keys = (int8_t *)head->keys + first * attend_bytes(size);
    int8_t *values = (int8_t *)head->values + first * attend_bytes(size);
    int rounded[BLOCK_K];

    for (size_t b = 0; b < scales; b++) {
        size_t from = b * BLOCK_K, count = size - from < BLOCK_K ? size - from : BLOCK_K;
        size_t at = first * scales + b * ATTEND_BLOCK + lane;
        head->key_scales[at] = round_block(key + from, count, rounded);
        for (size_t i = 0; i < count; i++)
            keys[attend_key_at(width, lane, from + i)] = attend_key_byte(width, rounded[i]);
        head->value_scales[at] = round_block(value + from, count, rounded);
        for (size_t i = 0; i < count; i++)
            values[attend_value_at(width, size, lane, from + i)] = (int8_t)rounded[i];
    }
}

static void store_halves(const struct head *head, size_t size, size_t slot, const float *key, const float *value)
{
    uint16_t *keys = (uint16_t *)head->keys + slot / ATTEND_BLOCK * ATTEND_BLOCK * size + slot % ATTEND_BLOCK;
    uint16_t *values = (uint16_t *)head->values + slot * size;

    for (size_t i = 0; i < size; i++) {
        keys[i * ATTEND_BLOCK] = float_to_half(key[i]);
        values[i] = float_to_half(value[i]);
    }
}

void cpu_cache_store(const struct cpu *cpu, size_t layer, size_t head, size_t position, const float *key,
                     const float *value)
{
    struct head found = find_head(cpu, layer, head);
    size_t slot = position % found.capacity;

    if (cpu->cache.plan.type == DTYPE_Q8_0)
        store_bytes(&found, cpu->attend->width, cpu->model->head_size, slot, key, value);
    else
        store_halves(&found, cpu->model->head_size, slot, key, value);
}

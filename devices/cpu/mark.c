/* Synthetic tokens, and the way back to a marked state. What stands before a mark is overwritten in rings only, and there it is
 * made anew where it was synthetic, or else was saved. */
#include <string.h>

#include "devices/cpu/cpu.h"

struct priming {
    struct cpu *cpu;
    size_t depth;
    uint64_t seed;
    size_t lost_to; /* 0: all positions; else only what tokens up to this position have overwritten */
};

/* splitmix64 (Steele, Lea and Flood 2014), one step per value. */
static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* A finite value of either sign with magnitude in [2^-3, 2^1): random sign, two exponent bits and mantissa of an f16. */
static float prime_value(uint64_t random)
{
    return half_to_float((uint16_t)((random & 0x8000) | (12 + (random >> 16 & 3)) << 10 | (random & 0x3ff)));
}

static void prime_position(const struct priming *p, size_t layer, size_t position)
{
    const struct model *model = p->cpu->model;
    uint64_t state = mix(mix(p->seed) + layer) ^ mix(position);
    float key[ATTEND_HEAD_MAX], value[ATTEND_HEAD_MAX];

    for (size_t head = 0; head < model->kv_heads; head++) {
        for (size_t i = 0; i < model->head_size; i++) {
            uint64_t random = mix(state += 0x9e3779b97f4a7c15u);
            key[i] = prime_value(random);
            value[i] = prime_value(random >> 32);
        }
        cpu_cache_store(p->cpu, layer, head, position, key, value);
    }
}

/* Threads take turns of ATTEND_BLOCK positions, which share lines of memory. */
static void prime_share(void *context, size_t thread)
{
    const struct priming *p = context;
    const struct cpu *cpu = p->cpu;
    size_t threads = threads_count(cpu->threads);

    for (size_t l = 0; l < cpu->model->layers; l++) {
        size_t capacity = cpu->cache.layers[l].capacity, from = p->depth > capacity ? p->depth - capacity : 0;
        size_t to = p->depth, lost = p->lost_to > capacity ? p->lost_to - capacity : 0;
        if (!cpu->layers[l].shape.own_kv)
            continue;
        if (p->lost_to && lost < to)
            to = lost;
        for (size_t position = from; position < to; position++)
            if (position / ATTEND_BLOCK % threads == thread)
                prime_position(p, l, position);
    }
}

void cpu_cache_prime(struct cpu *cpu, size_t depth, uint64_t seed)
{
    struct priming priming = {.cpu = cpu, .depth = depth, .seed = seed};

    buffer_close(&cpu->cache.saved);
    threads_run(cpu->threads, prime_share, &priming);
    cpu->cache.length = cpu->cache.primed = depth;
    cpu->cache.marked = 0;
    cpu->cache.seed = seed;
}

/* A layer's window is smaller than the context: what it holds is overwritten in time. */
static bool is_ring(const struct cpu *cpu, size_t layer)
{
    return cpu->layers[layer].shape.own_kv && cpu->cache.layers[layer].capacity < cpu->context_tokens;
}

/* Copies each ring between the cache and what was saved of it; returns the bytes. With no `saved` it only counts. */
static size_t copy_rings(struct cpu *cpu, uint8_t *saved, bool save)
{
    const struct model *model = cpu->model;
    size_t bytes = 0, end = cpu->cache.buffer.bytes;

    for (size_t l = model->layers; l-- > 0;) {
        if (!cpu->layers[l].shape.own_kv)
            continue;
        uint8_t *live = (uint8_t *)cpu->cache.buffer.data + cpu->cache.layers[l].offset;
        size_t size = end - cpu->cache.layers[l].offset;
        end = cpu->cache.layers[l].offset;
        if (!is_ring(cpu, l))
            continue;
        if (saved)
            memcpy(save ? saved + bytes : live, save ? live : saved + bytes, size);
        bytes += size;
    }
    return bytes;
}

enum status cpu_cache_mark(struct cpu *cpu, struct error *error)
{
    struct cpu_cache *cache = &cpu->cache;
    size_t bytes = cache->length > cache->primed ? copy_rings(cpu, NULL, true) : 0;
    enum status status;

    buffer_close(&cache->saved);
    if (bytes > 0) {
        status = buffer_open(&cache->saved, bytes, false, error);
        if (status != STATUS_OK)
            return status;
        copy_rings(cpu, cache->saved.data, true);
    }
    cache->marked = cache->length;
    return STATUS_OK;
}

void cpu_cache_restore(struct cpu *cpu)
{
    struct cpu_cache *cache = &cpu->cache;
    struct priming priming = {.cpu = cpu, .depth = cache->marked, .seed = cache->seed, .lost_to = cache->length};

    if (cache->saved.data)
        copy_rings(cpu, cache->saved.data, false);
    else if (cache->length > cache->marked)
        threads_run(cpu->threads, prime_share, &priming);
    cache->length = cache->marked;
    cache->primed = cache->primed < cache->marked ? cache->primed : cache->marked;
}

#include "runner/roofs.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/labels.h"

#define READ_PREFIX "roofs.read."
#define READ_SUFFIX ".bytes_per_second"

/* Adds the figure NAME under PREFIX with its median and its samples. */
static void tell_figure(struct facts *facts, const char *prefix, const char *name, const struct roof_figure *figure)
{
    char path[160], label[LABEL_MAX];

    snprintf(path, sizeof path, "%s.%s", prefix, name);
    facts_number(facts, path, label_of_path(path, label) ? label : NULL, figure->value);
    snprintf(path, sizeof path, "%s.median_%s", prefix, name);
    facts_number(facts, path, NULL, figure->median);
    for (size_t i = 0; i < figure->count && i < ROOF_REPETITIONS_MAX; i++) {
        snprintf(path, sizeof path, "%s.samples_%s[%zu]", prefix, name, i);
        facts_number(facts, path, NULL, figure->samples[i]);
    }
}

static void tell_reads(struct facts *facts, const struct roofs *roofs)
{
    for (size_t i = 0; i < roofs->read_count; i++) {
        const struct roof_read *read = &roofs->reads[i];
        char prefix[64], path[96];

        snprintf(prefix, sizeof prefix, READ_PREFIX "%llukib", (unsigned long long)(read->footprint_bytes >> 10));
        snprintf(path, sizeof path, "%s.footprint_bytes", prefix);
        facts_integer(facts, path, NULL, (int64_t)read->footprint_bytes);
        tell_figure(facts, prefix, "bytes_per_second", &read->figure);
        snprintf(path, sizeof path, "%s.huge_pages", prefix);
        facts_boolean(facts, path, NULL, read->huge_pages);
        snprintf(path, sizeof path, "%s.streams_count", prefix);
        facts_integer(facts, path, NULL, (int64_t)read->streams);
        snprintf(path, sizeof path, "%s.prefetch_bytes", prefix);
        facts_integer(facts, path, NULL, (int64_t)read->prefetch_bytes);
    }
}

static void tell_int8(struct facts *facts, const struct roofs *roofs)
{
    for (int level = 0; level < ISA_COUNT; level++) {
        char prefix[64];

        if (!roofs->int8[level].count)
            continue;
        snprintf(prefix, sizeof prefix, "roofs.int8.%s", isa_name((enum isa)level));
        tell_figure(facts, prefix, "macs_per_second", &roofs->int8[level]);
        if (roofs->int8_one[level].count)
            tell_figure(facts, prefix, "one_thread_macs_per_second", &roofs->int8_one[level]);
    }
}

void roofs_tell(struct facts *facts, const struct roofs *roofs)
{
    const struct roof_read *largest = NULL;
    double int8 = 0;

    for (size_t i = 0; i < roofs->read_count; i++)
        if (!largest || roofs->reads[i].footprint_bytes > largest->footprint_bytes)
            largest = &roofs->reads[i];
    for (int level = 0; level < ISA_COUNT; level++)
        if (roofs->int8[level].count && roofs->int8[level].value > int8)
            int8 = roofs->int8[level].value;
    facts_integer(facts, "roofs.threads_count", NULL, (int64_t)roofs->threads);
    if (largest)
        facts_number(facts, "roofs.read_bytes_per_second", NULL, largest->figure.value);
    if (int8 > 0)
        facts_number(facts, "roofs.int8_macs_per_second", NULL, int8);
    tell_reads(facts, roofs);
    tell_int8(facts, roofs);
    if (roofs->fp32.count)
        tell_figure(facts, "roofs.fp32", "macs_per_second", &roofs->fp32);
    if (roofs->fp32_one.count)
        tell_figure(facts, "roofs.fp32", "one_thread_macs_per_second", &roofs->fp32_one);
    if (roofs->latency.count)
        tell_figure(facts, "roofs.latency", "seconds", &roofs->latency);
}

/* Path of the figure that decides about a fact: its group's rate or time; a fact directly below "roofs." decides for itself. */
static void deciding_path(const struct facts *facts, const char *path, char *out, size_t size)
{
    static const char *const figures[] = {"bytes_per_second", "macs_per_second", "seconds"};
    int group = (int)(strrchr(path, '.') - path);

    snprintf(out, size, "%s", path);
    for (size_t i = 0; i < 3 && group > (int)strlen("roofs"); i++) {
        snprintf(out, size, "%.*s.%s", group, path, figures[i]);
        if (facts_find(facts, out))
            return;
    }
}

static bool is_better(const struct facts *facts, const struct facts *other, const char *path)
{
    char deciding[128];
    double ours, theirs;

    deciding_path(other, path, deciding, sizeof deciding);
    ours = facts_get_number(facts, deciding);
    theirs = facts_get_number(other, deciding);
    if (isnan(ours) || isnan(theirs))
        return isnan(ours);
    return strstr(deciding, "per_second") ? theirs > ours : theirs < ours;
}

void roofs_join(struct facts *facts, const struct facts *other)
{
    struct facts better = {0};

    for (size_t i = 0; i < other->count; i++)
        if (strncmp(other->items[i].path, "roofs.", 6) == 0 && is_better(facts, other, other->items[i].path))
            facts_copy(&better, NULL, &other->items[i]);
    for (size_t i = 0; i < better.count; i++) /* after all were judged: the deciding ones change too */
        facts_copy(facts, NULL, &better.items[i]);
    facts_free(&better);
}

double roofs_read_near(const struct facts *facts, uint64_t bytes)
{
    double best = NAN, distance = INFINITY;

    for (size_t i = 0; i < facts->count; i++) {
        const char *path = facts->items[i].path;
        unsigned long long kib;
        char expected[64];
        double away;

        if (sscanf(path, READ_PREFIX "%llukib", &kib) != 1 || !kib)
            continue;
        snprintf(expected, sizeof expected, READ_PREFIX "%llukib" READ_SUFFIX, kib);
        if (strcmp(path, expected) != 0)
            continue;
        away = fabs(log2((double)(kib << 10) / (double)(bytes ? bytes : 1)));
        if (away < distance) {
            distance = away;
            best = facts_get_number(facts, path);
        }
    }
    return best;
}

double roofs_int8(const struct facts *facts, const char *isa)
{
    char path[96];

    snprintf(path, sizeof path, "roofs.int8.%s.macs_per_second", isa);
    return facts_get_number(facts, path);
}

double roofs_fp32(const struct facts *facts)
{
    return facts_get_number(facts, "roofs.fp32.macs_per_second");
}

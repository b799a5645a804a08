/* Which cores are alike, and which of them are the faster. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/cpu_list.h"
#include "devices/host_parts.h"
#include "devices/tree.h"

/* Ranks, higher = faster; RANKS of them may be told apart before they are numbered 0, 1, …. */
enum { RANK_LOW_POWER, RANK_EFFICIENT, RANK_PERFORMANCE, RANKS = 64 };

/* Clocks of cores of one kind differ by as much as a tenth (favoured cores); hwloc draws the line there too. */
static const double same_clock_ratio = 0.9;

const char *core_type_name(enum core_type type)
{
    static const char *const names[] = {"performance", "middle", "efficient", "low-power"};

    return names[type];
}

/* ---- what each processor tells ------------------------------------------------------------------------------------- */

static uint64_t read_cpu_number(const char *root, unsigned cpu, const char *file)
{
    char path[96];
    uint64_t value;

    snprintf(path, sizeof path, "sys/devices/system/cpu/cpu%u/%s", cpu, file);
    return tree_read_u64(root, path, &value) == 0 ? value : 0;
}

static struct host_cpu *find_cpu(struct host *host, uint64_t os_index)
{
    for (size_t i = 0; i < host->cpu_count; i++)
        if (host->cpus[i].os_index == os_index)
            return &host->cpus[i];
    return NULL;
}

/* Part numbers stand in the block of each processor. */
static void read_parts(struct host *host, const char *root)
{
    struct host_cpu *cpu = NULL;
    int problem;
    char *cpuinfo = tree_read_all(root, "proc/cpuinfo", &problem), value[32];
    uint64_t number;

    for (const char *line = cpuinfo; line && *line; line = tree_next_line(line))
        if (strncmp(line, "processor", 9) == 0 && tree_find_value(line, "processor", value, sizeof value))
            cpu = tree_parse_u64(value, &number) ? find_cpu(host, number) : NULL;
        else if (cpu && strncmp(line, "CPU part", 8) == 0 && tree_find_value(line, "CPU part", value, sizeof value))
            cpu->part = (unsigned)strtoul(value, NULL, 16);
    free(cpuinfo);
}

static void read_cpus(struct host *host, const char *root)
{
    for (size_t i = 0; i < host->cpu_count; i++) {
        struct host_cpu *cpu = &host->cpus[i];
        uint64_t capacity = read_cpu_number(root, cpu->os_index, "cpu_capacity");

        cpu->capacity = capacity <= 1024 ? (unsigned)capacity : 0;
        cpu->max_hertz = 1000 * read_cpu_number(root, cpu->os_index, "cpufreq/cpuinfo_max_freq");
        cpu->base_hertz = 1000 * read_cpu_number(root, cpu->os_index, "cpufreq/base_frequency");
    }
    read_parts(host, root);
}

/* ---- ways to tell kinds apart; each sets the rank of every processor and returns whether it knew -------------------- */

static void rank_list(struct host *host, const unsigned *numbers, size_t count, int rank)
{
    for (size_t i = 0; i < count; i++) {
        struct host_cpu *cpu = find_cpu(host, numbers[i]);
        if (cpu)
            cpu->kind = rank;
    }
}

/* Efficient cores that reach no third level where others do are the low-power ones of their own island. */
static void part_low_power(struct host *host)
{
    bool shared = false;

    for (size_t i = 0; i < host->cpu_count; i++)
        shared |= host->cpus[i].kind == RANK_EFFICIENT && host->cpus[i].l3 >= 0;
    for (size_t i = 0; shared && i < host->cpu_count; i++)
        if (host->cpus[i].kind == RANK_EFFICIENT && host->cpus[i].l3 < 0)
            host->cpus[i].kind = RANK_LOW_POWER;
}

/* Kernels for Intel's hybrid processors list the processors of each kind. That is surer than clock rates, which differ among
 * performance cores too. */
static bool rank_by_lists(struct host *host, const char *root)
{
    unsigned numbers[HOST_CPUS_MAX];
    char list[1024], other[1024];
    size_t count;

    if (!tree_read_line(root, "sys/devices/cpu_core/cpus", list, sizeof list) ||
        !tree_read_line(root, "sys/devices/cpu_atom/cpus", other, sizeof other) ||
        !cpu_list_parse(list, ',', numbers, HOST_CPUS_MAX, &count))
        return false;
    for (size_t i = 0; i < host->cpu_count; i++)
        host->cpus[i].kind = RANK_EFFICIENT;
    rank_list(host, numbers, count, RANK_PERFORMANCE);
    part_low_power(host);
    return true;
}

/* Core type of leaf 0x1A (Intel SDM, "Native Model ID"): 0x40 Core, 0x20 Atom; of leaf 0x80000026 (AMD APM vol. 3): 0
 * performance, 1 efficiency. −1: neither leaf tells. */
static int rank_of_view(const struct cpuid_view *view)
{
    const uint32_t *intel = cpuid_find(view, 0x1a, 0), *amd = cpuid_find(view, 0x80000026, 0);
    const uint32_t heterogeneous = UINT32_C(1) << 30;

    if (intel && (intel[REGISTER_A] >> 24 == 0x40 || intel[REGISTER_A] >> 24 == 0x20))
        return intel[REGISTER_A] >> 24 == 0x40 ? RANK_PERFORMANCE : RANK_EFFICIENT;
    if (amd && amd[REGISTER_A] & heterogeneous)
        return amd[REGISTER_B] >> 28 == 0 ? RANK_PERFORMANCE : RANK_EFFICIENT;
    return -1;
}

static bool rank_by_cpuid(struct host *host, const struct cpuid_dump *dump)
{
    unsigned numbers[HOST_CPUS_MAX];
    size_t count;

    if (dump->count < 2)
        return false;
    for (size_t v = 0; v < dump->count; v++)
        if (rank_of_view(&dump->views[v]) < 0 ||
            !cpu_list_parse(dump->views[v].cpus, ',', numbers, HOST_CPUS_MAX, &count))
            return false;
    for (size_t v = 0; v < dump->count; v++)
        if (cpu_list_parse(dump->views[v].cpus, ',', numbers, HOST_CPUS_MAX, &count))
            rank_list(host, numbers, count, rank_of_view(&dump->views[v]));
    part_low_power(host);
    return true;
}

static bool ranked_already(const struct host *host)
{
    bool ranked = host->cpu_count > 0;

    for (size_t i = 0; i < host->cpu_count; i++)
        ranked = ranked && host->cpus[i].kind >= 0;
    return ranked;
}

/* The first processor of a rank, NULL: none. */
static const struct host_cpu *first_of_rank(const struct host *host, int rank)
{
    for (size_t i = 0; i < host->cpu_count; i++)
        if (host->cpus[i].kind == rank)
            return &host->cpus[i];
    return NULL;
}

/* hwloc parts cores whose highest clocks differ at all; alike in everything else and near in that, they are one kind. */
static void join_alike(struct host *host)
{
    for (int rank = RANKS; rank > 0; rank--) {
        const struct host_cpu *upper = first_of_rank(host, rank), *lower = NULL;
        int below = rank - 1;

        while (upper && below >= 0 && !(lower = first_of_rank(host, below)))
            below--;
        if (!lower || upper->part != lower->part || upper->capacity != lower->capacity || !upper->max_hertz ||
            (double)lower->max_hertz < same_clock_ratio * (double)upper->max_hertz)
            continue;
        for (size_t i = 0; i < host->cpu_count; i++)
            if (host->cpus[i].kind == rank)
                host->cpus[i].kind = below;
    }
}

/* Ranks by a number that each processor has; numbers within `ratio` of the next larger one count as the same. */
static bool rank_by_number(struct host *host, uint64_t (*number)(const struct host_cpu *), double ratio)
{
    uint64_t larger = UINT64_MAX;
    int rank = RANKS;

    for (size_t i = 0; i < host->cpu_count; i++)
        if (!number(&host->cpus[i]))
            return false;
    while (rank > 0) {
        uint64_t next = 0;
        for (size_t i = 0; i < host->cpu_count; i++) {
            uint64_t own = number(&host->cpus[i]);
            next = own < larger && own > next ? own : next;
        }
        if (!next)
            break;
        rank -= larger == UINT64_MAX || (double)next < ratio * (double)larger;
        for (size_t i = 0; i < host->cpu_count; i++)
            if (number(&host->cpus[i]) == next)
                host->cpus[i].kind = rank;
        larger = next;
    }
    return host->cpu_count > 0;
}

static uint64_t capacity_of(const struct host_cpu *cpu)
{
    return cpu->capacity;
}

static uint64_t clock_of(const struct host_cpu *cpu)
{
    return cpu->max_hertz;
}

/* ---- the kinds ------------------------------------------------------------------------------------------------------ */

/* Numbers the ranks that occur 0, 1, … in their order. */
static void number_kinds(struct host *host)
{
    int next = 0;

    for (int rank = 0; rank <= RANKS; rank++) {
        bool seen = false;

        for (size_t i = 0; i < host->cpu_count; i++)
            if (host->cpus[i].kind == rank) {
                host->cpus[i].kind = next < HOST_KINDS_MAX ? next : HOST_KINDS_MAX - 1;
                seen = true;
            }
        next += seen;
    }
    host->core_kinds = (size_t)(next < HOST_KINDS_MAX ? next : HOST_KINDS_MAX);
}

static enum core_type type_of(const struct host *host, size_t kind)
{
    bool intel =
        strcmp(host->kinds_source, "sys/devices/cpu_core/cpus") == 0 || strcmp(host->kinds_source, "CPUID") == 0;

    if (kind + 1 == host->core_kinds)
        return CORE_PERFORMANCE;
    if (kind == 0)
        return intel && host->core_kinds > 2 ? CORE_LOW_POWER : CORE_EFFICIENT;
    return intel ? CORE_EFFICIENT : CORE_MIDDLE;
}

static void describe_kinds(struct host *host)
{
    for (size_t i = 0; i < host->cpu_count; i++) {
        const struct host_cpu *cpu = &host->cpus[i];
        struct host_kind *kind = &host->kinds[cpu->kind > 0 ? cpu->kind : 0];
        const char *name = host_arm_part_name(cpu->part);

        kind->cores += cpu->first_of_core;
        kind->logical_cpus++;
        if (name && !kind->name[0])
            snprintf(kind->name, sizeof kind->name, "%s", name);
        kind->max_hertz = cpu->max_hertz > kind->max_hertz ? cpu->max_hertz : kind->max_hertz;
        kind->base_hertz = cpu->base_hertz > kind->base_hertz ? cpu->base_hertz : kind->base_hertz;
    }
    for (size_t i = 0; i < host->core_kinds; i++)
        host->kinds[i].type = type_of(host, i);
}

void host_kinds_settle(struct host *host, const char *root, const struct cpuid_dump *dump)
{
    read_cpus(host, root);
    host->kinds_source = "";
    if (!host->cpu_count)
        return;
    if (rank_by_lists(host, root))
        host->kinds_source = "sys/devices/cpu_core/cpus";
    else if (rank_by_cpuid(host, dump))
        host->kinds_source = "CPUID";
    else if (ranked_already(host)) {
        join_alike(host);
        host->kinds_source = "hwloc";
    } else if (rank_by_number(host, capacity_of, 1))
        host->kinds_source = "sys/devices/system/cpu/cpu*/cpu_capacity";
    else if (rank_by_number(host, clock_of, same_clock_ratio))
        host->kinds_source = "sys/devices/system/cpu/cpu*/cpufreq/cpuinfo_max_freq";
    number_kinds(host);
    if (!*host->kinds_source || host->core_kinds < 2) {
        host->core_kinds = 1;
        for (size_t i = 0; i < host->cpu_count; i++)
            host->cpus[i].kind = -1;
    }
    describe_kinds(host);
}

/* Which processors to run on. */
#include <stdio.h>
#include <string.h>

#include "devices/cpu_list.h"
#include "devices/host.h"

/* The first hardware thread that this process may use of every core of that kind, in order. */
static size_t cores_of_kind(const struct host *host, int kind, unsigned *os_index, size_t capacity)
{
    size_t count = 0;

    for (size_t i = 0; i < host->cpu_count; i++) {
        const struct host_cpu *cpu = &host->cpus[i];
        bool first = true;

        /* Where a core's first thread is barred, its next one stands for it. Threads of a core are neighbours. */
        for (size_t j = i; j-- > 0 && host->cpus[j].core == cpu->core;)
            first = first && !host->cpus[j].allowed;
        if (!cpu->allowed || cpu->kind != kind || !first)
            continue;
        if (count < capacity)
            os_index[count] = cpu->os_index;
        count++;
    }
    return count;
}

size_t host_performance_cpus(const struct host *host, unsigned *os_index, size_t capacity)
{
    int best = -1;

    for (size_t i = 0; i < host->cpu_count; i++)
        if (host->cpus[i].allowed && host->cpus[i].kind > best)
            best = host->cpus[i].kind;
    return cores_of_kind(host, best, os_index, capacity);
}

/* ---- choices by words ----------------------------------------------------------------------------------------------- */

static bool is_list(const char *choice)
{
    unsigned numbers[HOST_CPUS_MAX];
    size_t count;

    return strpbrk(choice, "-+") && cpu_list_parse(choice, '+', numbers, HOST_CPUS_MAX, &count) && count > 0;
}

enum status host_check_choice(const char *choice, struct error *error)
{
    static const char *const words[] = {"all", "performance", "efficient"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(choice, words[i]) == 0)
            return STATUS_OK;
    if (is_list(choice))
        return STATUS_OK;
    return error_set(
        error, STATUS_MISUSE,
        "'%s' is neither a number, nor all, performance or efficient, nor processors such as 0-3 or 0+2+4-7", choice);
}

static const struct host_cpu *find_cpu(const struct host *host, unsigned os_index)
{
    for (size_t i = 0; i < host->cpu_count; i++)
        if (host->cpus[i].os_index == os_index)
            return &host->cpus[i];
    return NULL;
}

static enum status choose_list(const struct host *host, const char *choice, unsigned *os_index, size_t *count,
                               struct error *error)
{
    unsigned allowed[HOST_CPUS_MAX];
    size_t allowed_count = 0;
    char known[128];

    cpu_list_parse(choice, '+', os_index, HOST_CPUS_MAX, count);
    for (size_t i = 0; i < host->cpu_count; i++)
        if (host->cpus[i].allowed)
            allowed[allowed_count++] = host->cpus[i].os_index;
    cpu_list_format(known, sizeof known, allowed, allowed_count);
    for (size_t i = 0; i < *count; i++) {
        const struct host_cpu *cpu = find_cpu(host, os_index[i]);
        if (!cpu || !cpu->allowed)
            return error_set(error, STATUS_MISUSE, "--threads %s: %s processor %u; this process may use %s", choice,
                             cpu ? "this process is kept from" : "there is no", os_index[i], known);
    }
    return STATUS_OK;
}

static size_t choose_type(const struct host *host, enum core_type type, unsigned *os_index)
{
    for (size_t kind = 0; kind < host->core_kinds; kind++)
        if (host->kinds[kind].type == type)
            return cores_of_kind(host, host->core_kinds > 1 ? (int)kind : -1, os_index, HOST_CPUS_MAX);
    return 0;
}

/* More threads than performance cores go to the other processors in order. */
static size_t choose_number(const struct host *host, size_t wanted, unsigned *os_index)
{
    size_t count = host_performance_cpus(host, os_index, HOST_CPUS_MAX);

    for (size_t i = 0; i < host->cpu_count && count < wanted; i++) {
        bool chosen = !host->cpus[i].allowed;
        for (size_t c = 0; c < count && !chosen; c++)
            chosen = os_index[c] == host->cpus[i].os_index;
        if (!chosen)
            os_index[count++] = host->cpus[i].os_index;
    }
    return wanted && wanted < count ? wanted : count;
}

enum status host_choose_cpus(const struct host *host, size_t threads, const char *choice, unsigned *os_index,
                             size_t *count, struct error *error)
{
    if (!choice) {
        *count = choose_number(host, threads, os_index);
        if (*count < threads)
            return error_set(error, STATUS_MISUSE,
                             "--threads %zu: this process may use %zu processors; give %zu or less", threads, *count,
                             *count);
        return STATUS_OK;
    }
    if (is_list(choice))
        return choose_list(host, choice, os_index, count, error);
    if (host_check_choice(choice, error))
        return error_prefix(error, "--threads");
    if (strcmp(choice, "all") == 0)
        *count = choose_number(host, host->cpu_count, os_index);
    else
        *count = choose_type(host, strcmp(choice, "performance") == 0 ? CORE_PERFORMANCE : CORE_EFFICIENT, os_index);
    if (!*count)
        return error_set(error, STATUS_MISUSE,
                         "--threads %s: this process may use no such core; 'pocketmark detect' shows what there is",
                         choice);
    return STATUS_OK;
}

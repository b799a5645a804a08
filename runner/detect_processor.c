/* The processor as facts. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runner/detect_parts.h"

/* "cpu.kinds[1].cores" */
static const char *item_path(char path[DETECT_PATH_MAX], const char *list, size_t index, const char *name)
{
    snprintf(path, DETECT_PATH_MAX, "cpu.%s[%zu].%s", list, index, name);
    return path;
}

static void put_kinds(struct facts *facts, const struct host *host)
{
    for (size_t i = 0; i < host->core_kinds && host->core_kinds > 1; i++) {
        const struct host_kind *kind = &host->kinds[i];
        char path[DETECT_PATH_MAX];

        facts_text(facts, item_path(path, "kinds", i, "type"), NULL, core_type_name(kind->type));
        facts_text_or_null(facts, item_path(path, "kinds", i, "name"), NULL, kind->name, not_told);
        detect_count(facts, item_path(path, "kinds", i, "cores"), NULL, kind->cores, not_told);
        detect_count(facts, item_path(path, "kinds", i, "logical_cpus"), NULL, kind->logical_cpus, not_told);
        detect_count(facts, item_path(path, "kinds", i, "max_hertz"), NULL, kind->max_hertz, "no cpufreq");
        detect_count(facts, item_path(path, "kinds", i, "base_hertz"), NULL, kind->base_hertz, "no base_frequency");
    }
}

static void put_caches(struct facts *facts, const struct host *host)
{
    for (size_t i = 0; i < host->cache_count; i++) {
        const struct host_cache *cache = &host->caches[i];
        const char *kind = cache->kind == 'd' ? "data" : cache->kind == 'i' ? "instruction" : "unified";
        const char *cores = cache->core_kind < 0 ? "all" : core_type_name(host->kinds[cache->core_kind].type);
        char path[DETECT_PATH_MAX];

        facts_integer(facts, item_path(path, "caches", i, "level"), NULL, (int64_t)cache->level);
        facts_text(facts, item_path(path, "caches", i, "kind"), NULL, kind);
        facts_text(facts, item_path(path, "caches", i, "cores"), NULL, cores);
        detect_count(facts, item_path(path, "caches", i, "size_bytes"), NULL, cache->bytes, not_told);
        detect_count(facts, item_path(path, "caches", i, "instances"), NULL, cache->instances, not_told);
        detect_count(facts, item_path(path, "caches", i, "line_bytes"), NULL, cache->line_bytes, not_told);
        detect_count(facts, item_path(path, "caches", i, "shared_by"), NULL, cache->shared_by, not_told);
    }
}

static void put_identity(struct facts *facts, const struct host *host)
{
    facts_text_or_null(facts, "cpu.name", "model", host->cpu_name, not_told);
    facts_text_or_null(facts, "cpu.vendor", NULL, host->cpu_vendor, not_told);
    facts_text_or_null(facts, "cpu.codename", detect_label("generation", host->codename[0]), host->codename,
                       host->hypervisor[0] ? "a hypervisor may show any model" : "not in the table");
    detect_count(facts, "cpu.family", NULL, host->cpu_family, not_told);
    if (host->cpu_family) {
        facts_integer(facts, "cpu.model", NULL, host->cpu_model);
        facts_integer(facts, "cpu.stepping", NULL, host->cpu_stepping);
    } else {
        facts_null(facts, "cpu.model", NULL, not_told);
        facts_null(facts, "cpu.stepping", NULL, not_told);
    }
    facts_text_or_null(facts, "cpu.microcode", detect_label("microcode", host->microcode[0]), host->microcode,
                       not_told);
}

static size_t count_clusters(const struct host *host)
{
    int most = -1;

    for (size_t i = 0; i < host->cpu_count; i++)
        most = host->cpus[i].cluster > most ? host->cpus[i].cluster : most;
    return (size_t)(most + 1);
}

static void put_counts(struct facts *facts, const struct host *host)
{
    detect_count(facts, "cpu.packages", NULL, host->packages, not_told);
    detect_count(facts, "cpu.cores_physical", "cores", host->cores, not_told);
    detect_count(facts, "cpu.logical_cpus", "logical processors", host->logical_cpus, not_told);
    if (host->cores && host->logical_cpus)
        facts_boolean(facts, "cpu.smt", NULL, host->logical_cpus > host->cores);
    else
        facts_null(facts, "cpu.smt", NULL, not_told);
    detect_count(facts, "cpu.clusters", NULL, count_clusters(host), "none that differ from cores, caches and packages");
    detect_count(facts, "cpu.core_kinds", NULL, host->core_kinds, not_told);
    put_kinds(facts, host);
    detect_count(facts, "cpu.default_threads", "threads of a run", host_performance_cpus(host, NULL, 0),
                 "the system does not tell which processors there are");
    detect_count(facts, "cpu.max_hertz", NULL, host->core_kinds ? host->kinds[host->core_kinds - 1].max_hertz : 0,
                 "no cpufreq");
}

/* The words for people: the features' usual names. */
static void put_features(struct facts *facts, const struct host *host)
{
    char words[sizeof host->features], titles[2 * sizeof host->features] = "", *cursor = words;

    snprintf(words, sizeof words, "%s", host->features);
    for (char *word = strsep(&cursor, " "); word; word = strsep(&cursor, " "))
        snprintf(titles + strlen(titles), sizeof titles - strlen(titles), "%s%s", *titles ? ", " : "",
                 host_feature_title(word));
    facts_text_or_null(facts, "cpu.features", NULL, host->features, "none that matter here");
    facts_text_or_null(facts, "cpu.instructions", "instructions", titles, "none that matter here");
    if (host->amx >= 0)
        facts_text(facts, "cpu.amx_permission", "AMX tiles", host->amx ? "granted" : "refused by the system");
    else
        facts_null(facts, "cpu.amx_permission", NULL,
                   strstr(host->features, "amx_tile") ? "not recorded" : "the processor has no AMX");
}

void detect_processor(struct facts *facts, const struct host *host)
{
    char levels[64] = "";

    put_identity(facts, host);
    put_counts(facts, host);
    for (int i = 0; i < ISA_COUNT; i++)
        if (host->isa >> i & 1)
            snprintf(levels + strlen(levels), sizeof levels - strlen(levels), "%s%s", levels[0] ? " " : "",
                     isa_name((enum isa)i));
    facts_text_or_null(facts, "cpu.isa", "kernel levels", levels, not_told);
    put_features(facts, host);
    put_caches(facts, host);
}

/* Memory as facts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/dimms.h"
#include "devices/placement.h"
#include "devices/tree.h"
#include "runner/detect_parts.h"

static void put_limit(struct facts *facts, const char *path, const char *label, uint64_t bytes)
{
    if (bytes != UINT64_MAX)
        facts_integer(facts, path, label, (int64_t)bytes);
    else
        facts_null(facts, path, label, "no limit seen");
}

static void put_sizes(struct facts *facts, const struct host *host, const struct memory *memory)
{
    static const struct memory unread = {
        .address_space_bytes = UINT64_MAX, .cgroup_bytes = UINT64_MAX, .usable_bytes = UINT64_MAX};
    const char *reason = memory ? "not in /proc/meminfo" : "/proc/meminfo could not be read";
    const struct memory *seen = memory ? memory : &unread;

    detect_count(facts, "memory.total_bytes", "installed", seen->total_bytes, reason);
    detect_count(facts, "memory.available_bytes", "available", seen->available_bytes, reason);
    put_limit(facts, "memory.usable_bytes", "usable", seen->usable_bytes);
    facts_text_or_null(facts, "memory.usable_binding", "limited by", seen->binding, reason);
    put_limit(facts, "memory.address_space_bytes", NULL, seen->address_space_bytes);
    put_limit(facts, "memory.cgroup_bytes", NULL, seen->cgroup_bytes);
    detect_count(facts, "memory.hwloc_total_bytes", NULL, host->hwloc_memory_bytes, not_told);
    if (memory && memory->total_bytes)
        facts_integer(facts, "memory.swap_total_bytes", "swap space", (int64_t)memory->swap_total_bytes);
    else
        facts_null(facts, "memory.swap_total_bytes", "swap space", reason);
}

/* ---- huge pages and pressure ----------------------------------------------------------------------------------------- */

static void put_pages(struct facts *facts, const char *root)
{
    static const char reason[] = "not in /proc/meminfo";
    char text[8192], value[32];
    uint64_t number;
    bool read = tree_read(root, "proc/meminfo", text, sizeof text) > 0;

    if (read && tree_find_kib(text, "Hugepagesize", &number))
        facts_integer(facts, "memory.huge_page_bytes", NULL, (int64_t)number);
    else
        facts_null(facts, "memory.huge_page_bytes", NULL, reason);
    if (read && tree_find_value(text, "HugePages_Total", value, sizeof value) && tree_parse_u64(value, &number))
        facts_integer(facts, "memory.huge_pages_reserved", NULL, (int64_t)number);
    else
        facts_null(facts, "memory.huge_pages_reserved", NULL, reason);
}

/* "some avg10=0.00 avg60=1.25 …": percent of the last minute in which some task waited for memory. */
static void put_pressure(struct facts *facts, const char *root)
{
    char line[256], *at, *end;
    double percent;

    if (tree_read_line(root, "proc/pressure/memory", line, sizeof line) && strncmp(line, "some ", 5) == 0 &&
        (at = strstr(line, " avg60=")) != NULL) {
        percent = strtod(at + 7, &end);
        if (end > at + 7 && percent >= 0 && percent <= 100) {
            facts_number(facts, "memory.pressure_ratio", "pressure of the last minute", percent / 100);
            return;
        }
    }
    facts_null(facts, "memory.pressure_ratio", NULL, "no proc/pressure/memory");
}

/* ---- modules ---------------------------------------------------------------------------------------------------------- */

static void put_modules(struct facts *facts, const struct dimms *dimms)
{
    for (size_t i = 0; i < dimms->count; i++) {
        const struct dimm *dimm = &dimms->items[i];
        char path[DETECT_PATH_MAX];

        snprintf(path, sizeof path, "memory.modules[%zu].locator", i);
        facts_text_or_null(facts, path, NULL, dimm->locator, not_told);
        snprintf(path, sizeof path, "memory.modules[%zu].type", i);
        facts_text_or_null(facts, path, NULL, dimm->type, not_told);
        snprintf(path, sizeof path, "memory.modules[%zu].size_bytes", i);
        detect_count(facts, path, NULL, dimm->bytes, not_told);
        snprintf(path, sizeof path, "memory.modules[%zu].transfers_per_second", i);
        detect_count(facts, path, NULL, dimm->transfers_per_second, not_told);
        snprintf(path, sizeof path, "memory.modules[%zu].data_bits", i);
        detect_count(facts, path, NULL, dimm->bits, not_told);
    }
}

static void put_dimms(struct facts *facts, const char *root)
{
    struct dimms dimms;
    const char *reason, *channels;

    dimms_read(&dimms, root);
    reason = dimms.reason[0] ? dimms.reason : not_told;
    channels = dimms.count ? "the locators do not tell" : reason;
    facts_text_or_null(facts, "memory.type", "type", dimms.type, reason);
    detect_count(facts, "memory.transfers_per_second", detect_label("speed", dimms.transfers_per_second),
                 dimms.transfers_per_second, reason);
    detect_count(facts, "memory.channels", detect_label("channels", dimms.channels), dimms.channels, channels);
    detect_count(facts, "memory.data_bits", detect_label("data width in bits", dimms.bits), dimms.bits, channels);
    detect_count(facts, "memory.nominal_bytes_per_second",
                 detect_label("nominal bandwidth", dimms.nominal_bytes_per_second), dimms.nominal_bytes_per_second,
                 "needs speed and width");
    facts_text_or_null(facts, "memory.nominal_basis", NULL, dimms.nominal_bytes_per_second ? dimms.basis : "",
                       "no nominal bandwidth");
    facts_text_or_null(facts, "memory.modules_source", NULL, dimms.source, reason);
    put_modules(facts, &dimms);
}

/* ---- NUMA ------------------------------------------------------------------------------------------------------------- */

/* What the check of each node says together. */
static void put_first_touch(struct facts *facts, const struct host *host, const struct placement *placement)
{
    size_t local = 0, remote = 0, nodes = host->numa_nodes < HOST_NODES_MAX ? host->numa_nodes : HOST_NODES_MAX;
    char text[96];

    for (size_t i = 0; i < nodes; i++) {
        local += placement->nodes[i] == PLACEMENT_LOCAL;
        remote += placement->nodes[i] == PLACEMENT_REMOTE;
    }
    snprintf(text, sizeof text, "near the thread that touches it first, on %zu of %zu nodes", local, local + remote);
    facts_text_or_null(facts, "memory.first_touch", detect_label("placed", local + remote), local + remote ? text : "",
                       placement->reason[0] ? placement->reason : not_told);
}

static void put_nodes(struct facts *facts, const struct host *host)
{
    struct placement placement;

    placement_check(&placement, host);
    detect_count(facts, "memory.numa_nodes", "NUMA nodes", host->numa_nodes, not_told);
    put_first_touch(facts, host, &placement);
    for (size_t i = 0; i < host->numa_nodes && i < HOST_NODES_MAX && host->numa_nodes > 1; i++) {
        char path[DETECT_PATH_MAX];

        snprintf(path, sizeof path, "memory.nodes[%zu].number", i);
        facts_integer(facts, path, NULL, host->nodes[i].os_index);
        snprintf(path, sizeof path, "memory.nodes[%zu].total_bytes", i);
        detect_count(facts, path, NULL, host->nodes[i].memory_bytes, not_told);
        snprintf(path, sizeof path, "memory.nodes[%zu].logical_cpus", i);
        facts_integer(facts, path, NULL, (int64_t)host->nodes[i].logical_cpus);
        snprintf(path, sizeof path, "memory.nodes[%zu].first_touch_local", i);
        if (placement.nodes[i] == PLACEMENT_UNKNOWN)
            facts_null(facts, path, NULL, placement.reason);
        else
            facts_boolean(facts, path, NULL, placement.nodes[i] == PLACEMENT_LOCAL);
    }
}

void detect_memory(struct facts *facts, const struct host *host, const struct memory *memory, const char *root)
{
    put_sizes(facts, host, memory);
    put_dimms(facts, root);
    put_nodes(facts, host);
    put_pages(facts, root);
    put_pressure(facts, root);
}

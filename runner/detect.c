#include "runner/detect.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "devices/energy.h"
#include "devices/tree.h"

static const char not_told[] = "the system does not tell";

enum { PATH_CAPACITY = 64 };

static void put_count(struct facts *facts, const char *path, const char *label, uint64_t count, const char *reason)
{
    if (count)
        facts_integer(facts, path, label, (int64_t)count);
    else
        facts_null(facts, path, label, reason);
}

/* ---- processor --------------------------------------------------------------------------------------------------- */

static void put_kinds(struct facts *facts, const struct host *host)
{
    for (size_t kind = 0; kind < host->core_kinds && host->core_kinds > 1; kind++) {
        char path[PATH_CAPACITY];
        size_t cores = 0, logical = 0;

        for (size_t i = 0; i < host->cpu_count; i++)
            if (host->cpus[i].kind == (int)kind) {
                cores += host->cpus[i].first_of_core;
                logical++;
            }
        snprintf(path, sizeof path, "cpu.kinds[%zu].cores", kind);
        put_count(facts, path, kind + 1 == host->core_kinds ? "performance cores" : "slower cores", cores, not_told);
        snprintf(path, sizeof path, "cpu.kinds[%zu].logical_cpus", kind);
        put_count(facts, path, NULL, logical, not_told);
    }
}

static void put_caches(struct facts *facts, const struct host *host)
{
    for (size_t i = 0; i < host->cache_count; i++) {
        const struct host_cache *cache = &host->caches[i];
        const char *kind = cache->kind == 'd' ? "data" : cache->kind == 'i' ? "instruction" : "unified";
        char path[PATH_CAPACITY], label[32];

        snprintf(path, sizeof path, "cpu.caches[%zu].level", i);
        facts_integer(facts, path, NULL, (int64_t)cache->level);
        snprintf(path, sizeof path, "cpu.caches[%zu].kind", i);
        facts_text(facts, path, NULL, kind);
        snprintf(path, sizeof path, "cpu.caches[%zu].size_bytes", i);
        snprintf(label, sizeof label, "L%u %s cache", cache->level, kind);
        put_count(facts, path, label, cache->bytes, not_told);
        snprintf(path, sizeof path, "cpu.caches[%zu].instances", i);
        put_count(facts, path, NULL, cache->instances, not_told);
        snprintf(path, sizeof path, "cpu.caches[%zu].line_bytes", i);
        put_count(facts, path, NULL, cache->line_bytes, not_told);
        snprintf(path, sizeof path, "cpu.caches[%zu].shared_by", i);
        put_count(facts, path, NULL, cache->shared_by, not_told);
    }
}

static void put_identity(struct facts *facts, const struct host *host)
{
    facts_text_or_null(facts, "cpu.name", "processor", host->cpu_name, not_told);
    facts_text_or_null(facts, "cpu.vendor", NULL, host->cpu_vendor, not_told);
    facts_text_or_null(facts, "cpu.codename", "generation", host->codename,
                       host->hypervisor[0] ? "a hypervisor may show any model" : "not in the table");
    put_count(facts, "cpu.family", NULL, host->cpu_family, not_told);
    if (host->cpu_family) {
        facts_integer(facts, "cpu.model", NULL, host->cpu_model);
        facts_integer(facts, "cpu.stepping", NULL, host->cpu_stepping);
    } else {
        facts_null(facts, "cpu.model", NULL, not_told);
        facts_null(facts, "cpu.stepping", NULL, not_told);
    }
    facts_text_or_null(facts, "cpu.microcode", "microcode", host->microcode, not_told);
}

static void put_processor(struct facts *facts, const struct host *host)
{
    char levels[64] = "";

    put_identity(facts, host);
    put_count(facts, "cpu.packages", "packages", host->packages, not_told);
    put_count(facts, "cpu.cores_physical", "cores", host->cores, not_told);
    put_count(facts, "cpu.logical_cpus", "logical processors", host->logical_cpus, not_told);
    if (host->cores && host->logical_cpus)
        facts_boolean(facts, "cpu.smt", "simultaneous multithreading", host->logical_cpus > host->cores);
    else
        facts_null(facts, "cpu.smt", "simultaneous multithreading", not_told);
    put_count(facts, "cpu.core_kinds", "kinds of cores", host->core_kinds, not_told);
    put_kinds(facts, host);
    for (int i = 0; i < ISA_COUNT; i++)
        if (host->isa >> i & 1)
            snprintf(levels + strlen(levels), sizeof levels - strlen(levels), "%s%s", levels[0] ? " " : "",
                     isa_name((enum isa)i));
    facts_text_or_null(facts, "cpu.isa", "kernel levels", levels, not_told);
    facts_text_or_null(facts, "cpu.features", "features", host->features, "none that matter here");
    put_caches(facts, host);
}

/* ---- memory, operating system, energy ---------------------------------------------------------------------------- */

static void put_limit(struct facts *facts, const char *path, const char *label, uint64_t bytes)
{
    if (bytes != UINT64_MAX)
        facts_integer(facts, path, label, (int64_t)bytes);
    else
        facts_null(facts, path, label, "no limit seen");
}

static void put_memory(struct facts *facts, const struct host *host, const struct memory *memory)
{
    static const struct memory unread = {
        .address_space_bytes = UINT64_MAX, .cgroup_bytes = UINT64_MAX, .usable_bytes = UINT64_MAX};
    const char *reason = memory ? "not in /proc/meminfo" : "/proc/meminfo could not be read";
    const struct memory *seen = memory ? memory : &unread;

    put_count(facts, "memory.total_bytes", "memory", seen->total_bytes, reason);
    put_count(facts, "memory.available_bytes", "available memory", seen->available_bytes, reason);
    put_limit(facts, "memory.usable_bytes", "usable memory", seen->usable_bytes);
    facts_text_or_null(facts, "memory.usable_binding", "limited by", seen->binding, reason);
    put_limit(facts, "memory.address_space_bytes", NULL, seen->address_space_bytes);
    put_limit(facts, "memory.cgroup_bytes", NULL, seen->cgroup_bytes);
    put_count(facts, "memory.hwloc_total_bytes", "memory of the NUMA nodes", host->hwloc_memory_bytes, not_told);
    put_count(facts, "memory.numa_nodes", "NUMA nodes", host->numa_nodes, not_told);
    if (memory && memory->total_bytes)
        facts_integer(facts, "memory.swap_total_bytes", "swap space", (int64_t)memory->swap_total_bytes);
    else
        facts_null(facts, "memory.swap_total_bytes", "swap space", reason);
}

static void put_system(struct facts *facts, const struct host *host)
{
    facts_text_or_null(facts, "os.name", "operating system", host->os_name, "no os-release");
    facts_text_or_null(facts, "os.kernel", "kernel", host->kernel, not_told);
    facts_text_or_null(facts, "os.machine", "architecture", host->machine, not_told);
    facts_text_or_null(facts, "governor", "frequency governor", host->governor, "no cpufreq for cpu0");
    facts_text_or_null(facts, "transparent_hugepage", "transparent huge pages", host->transparent_hugepage, not_told);
    facts_text_or_null(facts, "hypervisor", "hypervisor", host->hypervisor, "none seen");
}

static const char *state_word(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return "ready";
    case STATUS_UNSUPPORTED:
        return "absent";
    case STATUS_IO:
        return "unreadable";
    default:
        return "failed";
    }
}

static void put_energy(struct facts *facts, const char *root)
{
    for (size_t i = 0; energy_sources[i]; i++) {
        const struct energy_ops *source = energy_sources[i];
        struct error error = {.text = ""};
        char path[PATH_CAPACITY], label[PATH_CAPACITY];
        void *state = NULL;
        enum status status = source->open(&state, root, &error);

        if (status == STATUS_OK)
            source->close(state);
        snprintf(path, sizeof path, "energy_sources[%zu].name", i);
        facts_text(facts, path, NULL, source->name);
        snprintf(path, sizeof path, "energy_sources[%zu].scope", i);
        facts_text(facts, path, NULL, energy_scope_name(source->scope));
        snprintf(path, sizeof path, "energy_sources[%zu].state", i);
        snprintf(label, sizeof label, "energy source %s", source->name);
        facts_text(facts, path, label, state_word(status));
        snprintf(path, sizeof path, "energy_sources[%zu].reason", i);
        snprintf(label, sizeof label, "energy source %s: why", source->name);
        if (status == STATUS_OK)
            facts_null(facts, path, NULL, "nothing is wrong");
        else
            facts_text(facts, path, label, error.text);
    }
}

void detect_facts(struct facts *facts, const struct host *host, const struct memory *memory, const char *root)
{
    put_processor(facts, host);
    put_memory(facts, host, memory);
    put_system(facts, host);
    put_energy(facts, root);
}

/* ---- which device, and of what kind ------------------------------------------------------------------------------ */

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv. The NUL is hashed too, so that texts do not run
 * together. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    do
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    while (*text++);
    return hash;
}

/* Serial numbers and the product's UUID are left out on purpose. */
static void put_id(struct facts *device, const struct host *host, const char *root)
{
    static const char *const firmware[] = {"sys/class/dmi/id/sys_vendor", "sys/class/dmi/id/product_name",
                                           "sys/class/dmi/id/board_name", "proc/device-tree/model"};
    uint64_t hash = hash_text(UINT64_C(0xcbf29ce484222325), "pocketmark device");
    char text[256], id[20];
    bool known = false;

    if (tree_read_line(root, "etc/machine-id", text, sizeof text) && strcmp(text, "uninitialized") != 0) {
        hash = hash_text(hash, text);
        known = true;
    } else
        for (size_t i = 0; i < sizeof firmware / sizeof firmware[0]; i++) {
            known = tree_read_line(root, firmware[i], text, sizeof text) || known;
            hash = hash_text(hash, text);
        }
    hash = hash_text(hash, host->cpu_name);
    snprintf(id, sizeof id, "d-%016" PRIx64, hash);
    if (known || host->cpu_name[0])
        facts_text(device, "device_id", "device", id);
    else
        facts_null(device, "device_id", "device", "no machine-id, no firmware names, no processor name");
}

/* Chassis types of the SMBIOS specification (7.4.1); NULL for those that say nothing. */
static const char *chassis_kind(uint64_t type)
{
    static const struct {
        unsigned char type;
        const char *kind;
    } kinds[] = {
        {3, "desktop"},  {4, "desktop"},  {5, "desktop"},  {6, "desktop"},  {7, "desktop"},  {13, "desktop"},
        {15, "desktop"}, {16, "desktop"}, {24, "desktop"}, {35, "desktop"}, {36, "desktop"}, {8, "laptop"},
        {9, "laptop"},   {10, "laptop"},  {14, "laptop"},  {31, "laptop"},  {32, "laptop"},  {11, "tablet"},
        {30, "tablet"},  {17, "server"},  {23, "server"},  {25, "server"},  {28, "server"},  {29, "server"},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].type == type)
            return kinds[i].kind;
    return NULL;
}

static void put_kind(struct facts *device, const struct host *host, const char *machine_root, const char *root)
{
    const char *kind, *basis;
    char model[128];
    uint64_t type;

    if (host->live && root) {
        kind = "emulated";
        basis = "sensors come from a recorded tree";
    } else if (host->hypervisor[0]) {
        kind = "vm";
        basis = "the processor reports a hypervisor";
    } else if (tree_read_u64(machine_root, "sys/class/dmi/id/chassis_type", &type) == 0 && chassis_kind(type)) {
        kind = chassis_kind(type);
        basis = "chassis type of the firmware";
    } else if (tree_exists(machine_root, "system/build.prop")) {
        kind = "phone";
        basis = "runs Android";
    } else if (tree_read_line(machine_root, "proc/device-tree/model", model, sizeof model)) {
        kind = "sbc";
        basis = "described by a device tree";
    } else {
        kind = host->packages > 1 ? "server" : "desktop";
        basis = host->packages > 1 ? "has several processor packages" : "assumed: nothing says what it is";
    }
    facts_text(device, "kind", "kind", kind);
    facts_text(device, "kind_basis", NULL, basis);
}

void detect_device(struct facts *device, const struct host *host, const struct memory *memory, const char *root)
{
    const char *machine_root = host->live ? NULL : root;

    put_id(device, host, machine_root);
    put_kind(device, host, machine_root, root);
    put_count(device, "memory_bytes", NULL, memory ? memory->total_bytes : 0, "not in /proc/meminfo");
    detect_facts(device, host, memory, root);
}

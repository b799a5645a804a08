#include "devices/host.h"

#include <errno.h>
#include <fcntl.h>
#include <hwloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <libcpuid/libcpuid.h>
#endif

#include "devices/cpu_list.h"
#include "devices/host_parts.h"
#include "devices/tree.h"

/* ---- loading with hwloc ------------------------------------------------------------------------------------------ */

enum { XML_BYTES_MAX = 16 << 20 };

/* NULL where hwloc cannot make sense of the machine. xml: what a child found out; NULL: look for yourself. */
static hwloc_topology_t topology_load(const char *xml, size_t bytes)
{
    hwloc_topology_t topology = NULL;

    if (hwloc_topology_init(&topology) != 0)
        return NULL;
    hwloc_topology_set_icache_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_ALL);
    hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
    if ((xml && hwloc_topology_set_xmlbuffer(topology, xml, (int)bytes) != 0) || hwloc_topology_load(topology) != 0) {
        hwloc_topology_destroy(topology);
        topology = NULL;
    }
    return topology;
}

/* The child's part: looks at the recorded tree and writes what it sees as XML. Does not return. */
static void recorded_describe(const char *root, int out)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC), bytes = 0;
    hwloc_topology_t topology = NULL;
    char *xml = NULL;
    size_t done = 0;

    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    if (nowhere >= 0)
        dup2(nowhere, STDERR_FILENO);
    if (setenv("HWLOC_COMPONENTS", "linux,stop", 1) == 0 && setenv("HWLOC_FSROOT", root, 1) == 0 &&
        setenv("HWLOC_THISSYSTEM", "0", 1) == 0)
        topology = topology_load(NULL, 0);
    if (!topology || hwloc_topology_export_xmlbuffer(topology, &xml, &bytes, 0) != 0)
        _exit(1);
    while (done < (size_t)bytes) {
        ssize_t wrote = write(out, xml + done, (size_t)bytes - done);

        if (wrote < 0 && errno != EINTR)
            _exit(1);
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    _exit(0);
}

/* Everything up to the end of the pipe, to be freed; NULL where that fails or is too long. */
static char *pipe_read(int in, size_t *bytes)
{
    size_t capacity = 65536;
    char *text = malloc(capacity);
    ssize_t got = 1;

    *bytes = 0;
    while (text && got != 0) {
        if (*bytes == capacity) {
            char *larger = capacity < XML_BYTES_MAX ? realloc(text, 2 * capacity) : NULL;

            if (!larger)
                break;
            text = larger;
            capacity *= 2;
        }
        got = read(in, text + *bytes, capacity - *bytes);
        if (got < 0 && errno != EINTR)
            break;
        *bytes += got > 0 ? (size_t)got : 0;
    }
    if (got == 0 && *bytes > 0)
        return text;
    free(text);
    return NULL;
}

/* hwloc takes the folder of a recorded machine only from the environment, and ends the process where it meets what
 * it does not expect in there. Both are kept to a child. */
static hwloc_topology_t recorded_load(const char *root)
{
    hwloc_topology_t topology = NULL;
    char *xml = NULL;
    size_t bytes = 0;
    int ends[2], result = -1;
    pid_t child;

    /* Without this folder hwloc makes up one processor. */
    if (!tree_exists(root, "sys/devices/system/cpu") || pipe2(ends, O_CLOEXEC) != 0)
        return NULL;
    child = fork();
    if (child == 0)
        recorded_describe(root, ends[1]);
    close(ends[1]);
    if (child > 0)
        xml = pipe_read(ends[0], &bytes);
    close(ends[0]); /* before the wait: a child that still writes must not wait for us */
    while (child > 0 && waitpid(child, &result, 0) < 0 && errno == EINTR)
        ;
    if (xml && WIFEXITED(result) && WEXITSTATUS(result) == 0)
        topology = topology_load(xml, bytes);
    free(xml);
    return topology;
}

/* hwloc prints its doubts about the firmware's tables unless told not to. */
static hwloc_topology_t live_load(void)
{
    bool asked = getenv("HWLOC_HIDE_ERRORS") != NULL;
    hwloc_topology_t topology;

    if (!asked)
        setenv("HWLOC_HIDE_ERRORS", "2", 1);
    topology = topology_load(NULL, 0);
    if (!asked)
        unsetenv("HWLOC_HIDE_ERRORS");
    return topology;
}

/* ---- topology ---------------------------------------------------------------------------------------------------- */

static size_t count_objects(hwloc_topology_t topology, hwloc_obj_type_t type)
{
    int count = hwloc_get_nbobjs_by_type(topology, type);

    return count > 0 ? (size_t)count : 0;
}

static void add_cache(struct host *host, const struct host_cache *cache)
{
    for (size_t i = 0; i < host->cache_count; i++) {
        struct host_cache *seen = &host->caches[i];

        if (seen->level == cache->level && seen->kind == cache->kind && seen->bytes == cache->bytes &&
            seen->line_bytes == cache->line_bytes && seen->shared_by == cache->shared_by &&
            seen->core_kind == cache->core_kind) {
            seen->instances++;
            return;
        }
    }
    if (host->cache_count < HOST_CACHES_MAX)
        host->caches[host->cache_count++] = *cache;
}

/* The kind of all processors in the set; −1 where they differ. */
static int kind_of_set(const struct host *host, hwloc_const_cpuset_t set)
{
    int kind = -1;
    bool first = true;

    for (size_t i = 0; i < host->cpu_count; i++) {
        if (!hwloc_bitmap_isset(set, host->cpus[i].os_index))
            continue;
        if (!first && host->cpus[i].kind != kind)
            return -1;
        kind = host->cpus[i].kind;
        first = false;
    }
    return kind;
}

static void read_caches(struct host *host, hwloc_topology_t topology)
{
    static const hwloc_obj_type_t types[] = {
        HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L1ICACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L2ICACHE,
        HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L3ICACHE, HWLOC_OBJ_L4CACHE, HWLOC_OBJ_L5CACHE,
    };

    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
        for (hwloc_obj_t object = NULL; (object = hwloc_get_next_obj_by_type(topology, types[t], object)) != NULL;) {
            hwloc_obj_cache_type_t kind = object->attr->cache.type;
            int processors = hwloc_bitmap_weight(object->cpuset);

            add_cache(host, &(struct host_cache){
                                .level = object->attr->cache.depth,
                                .kind = kind == HWLOC_OBJ_CACHE_DATA          ? 'd'
                                        : kind == HWLOC_OBJ_CACHE_INSTRUCTION ? 'i'
                                                                              : 'u',
                                .bytes = object->attr->cache.size,
                                .line_bytes = object->attr->cache.linesize,
                                .instances = 1,
                                .shared_by = processors > 0 ? (size_t)processors : 0,
                                .core_kind = kind_of_set(host, object->cpuset),
                            });
        }
}

/* The nearest object of that type around a processor; NULL: none. */
static hwloc_obj_t around(hwloc_topology_t topology, hwloc_obj_t unit, hwloc_obj_type_t type)
{
    return hwloc_get_ancestor_obj_by_type(topology, type, unit);
}

static int number_of(hwloc_obj_t object)
{
    return object ? (int)object->logical_index : -1;
}

static uint64_t cache_bytes(hwloc_obj_t cache)
{
    return cache ? cache->attr->cache.size : 0;
}

/* Linux names groups of cores that share a part of the interconnect clusters. */
static int cluster_of(hwloc_obj_t unit)
{
    for (hwloc_obj_t parent = unit->parent; parent; parent = parent->parent)
        if (parent->type == HWLOC_OBJ_GROUP && parent->subtype && strcmp(parent->subtype, "Cluster") == 0)
            return (int)parent->logical_index;
    return -1;
}

/* Nodes stand beside the tree of processors, and may overlap; the smallest one counts. */
static int node_of(hwloc_topology_t topology, unsigned cpu)
{
    int best = -1, best_weight = 0;

    for (hwloc_obj_t node = NULL; (node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)) != NULL;) {
        int weight = hwloc_bitmap_weight(node->cpuset);
        if (hwloc_bitmap_isset(node->cpuset, cpu) && (best < 0 || weight < best_weight)) {
            best = (int)node->logical_index;
            best_weight = weight;
        }
    }
    return best;
}

static void read_cpus(struct host *host, hwloc_topology_t topology)
{
    hwloc_const_cpuset_t allowed = hwloc_topology_get_allowed_cpuset(topology);
    hwloc_cpuset_t bound = hwloc_bitmap_alloc();
    bool binding = bound && host->live && hwloc_get_cpubind(topology, bound, HWLOC_CPUBIND_THREAD) == 0;
    hwloc_obj_t core_before = NULL;

    for (hwloc_obj_t unit = NULL; (unit = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, unit)) != NULL;) {
        hwloc_obj_t core = around(topology, unit, HWLOC_OBJ_CORE), l2 = around(topology, unit, HWLOC_OBJ_L2CACHE);
        hwloc_obj_t l3 = around(topology, unit, HWLOC_OBJ_L3CACHE);

        if (host->cpu_count == HOST_CPUS_MAX)
            break;
        host->cpus[host->cpu_count++] = (struct host_cpu){
            .os_index = unit->os_index,
            .core = core ? core->logical_index : unit->logical_index,
            .first_of_core = !core || core != core_before,
            .kind = -1,
            .allowed =
                hwloc_bitmap_isset(allowed, unit->os_index) && (!binding || hwloc_bitmap_isset(bound, unit->os_index)),
            .package = number_of(around(topology, unit, HWLOC_OBJ_PACKAGE)),
            .node = node_of(topology, unit->os_index),
            .l3 = number_of(l3),
            .l2 = number_of(l2),
            .cluster = cluster_of(unit),
            .l3_bytes = cache_bytes(l3),
            .l2_bytes = cache_bytes(l2),
        };
        core_before = core;
    }
    hwloc_bitmap_free(bound);
}

static void read_nodes(struct host *host, hwloc_topology_t topology)
{
    size_t count = 0;

    for (hwloc_obj_t node = NULL; (node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)) != NULL;) {
        if (count == HOST_NODES_MAX)
            break;
        host->nodes[count] =
            (struct host_node){.os_index = node->os_index, .memory_bytes = node->attr->numanode.local_memory};
        for (size_t i = 0; i < host->cpu_count; i++)
            host->nodes[count].logical_cpus += host->cpus[i].node == (int)node->logical_index;
        count++;
    }
}

/* hwloc's kinds of cores, higher = faster; processors of which it does not know which are the faster stay at −1. */
static void read_ranks(struct host *host, hwloc_topology_t topology)
{
    int kinds = hwloc_cpukinds_get_nr(topology, 0), efficiency;
    hwloc_bitmap_t set = hwloc_bitmap_alloc();

    for (int kind = 0; set && kind < kinds; kind++) {
        if (hwloc_cpukinds_get_info(topology, (unsigned)kind, set, &efficiency, NULL, NULL, 0) != 0 || efficiency < 0)
            continue;
        for (size_t i = 0; i < host->cpu_count; i++)
            if (hwloc_bitmap_isset(set, host->cpus[i].os_index))
                host->cpus[i].kind = efficiency;
    }
    hwloc_bitmap_free(set);
}

static void read_topology(struct host *host, const char *root, const struct cpuid_dump *dump)
{
    hwloc_topology_t topology = root ? recorded_load(root) : live_load();

    host->kinds_source = "";
    if (!topology)
        return;
    host->packages = count_objects(topology, HWLOC_OBJ_PACKAGE);
    host->cores = count_objects(topology, HWLOC_OBJ_CORE);
    host->logical_cpus = count_objects(topology, HWLOC_OBJ_PU);
    host->numa_nodes = count_objects(topology, HWLOC_OBJ_NUMANODE);
    host->hwloc_memory_bytes = hwloc_get_root_obj(topology)->total_memory;
    read_cpus(host, topology);
    read_nodes(host, topology);
    read_ranks(host, topology);
    host_kinds_settle(host, root, dump);
    read_caches(host, topology);
    hwloc_topology_destroy(topology);
}

/* ---- identity ---------------------------------------------------------------------------------------------------- */

#if defined(__x86_64__) || defined(__i386__)
/* The single-processor calls of libcpuid leave the thread where it is; those for all processors move it about. */
static void read_identity(struct host *host)
{
    struct cpu_raw_data_t raw;
    struct cpu_id_t id;
    const char *name;

    if (!cpuid_present() || cpuid_get_raw_data(&raw) != 0 || cpu_identify(&raw, &id) != 0)
        return;
    name = id.brand_str + strspn(id.brand_str, " ");
    snprintf(host->cpu_name, sizeof host->cpu_name, "%s", name);
    snprintf(host->cpu_vendor, sizeof host->cpu_vendor, "%s", id.vendor_str);
    host->cpu_family = id.ext_family > 0 ? (unsigned)id.ext_family : 0;
    host->cpu_model = id.ext_model > 0 ? (unsigned)id.ext_model : 0;
    host->cpu_stepping = id.stepping > 0 ? (unsigned)id.stepping : 0;
}
#else
static void read_identity(struct host *host)
{
    (void)host;
}
#endif

/* The processors of a kind as a list, and one of them that this process may visit; −1: none. */
static int visit_of(const struct host *host, size_t kind, char *list, size_t size)
{
    unsigned numbers[HOST_CPUS_MAX];
    size_t count = 0;
    int visit = -1;

    for (size_t i = 0; i < host->cpu_count; i++) {
        const struct host_cpu *cpu = &host->cpus[i];
        if (host->core_kinds > 1 && cpu->kind != (int)kind)
            continue;
        numbers[count++] = cpu->os_index;
        visit = visit < 0 && cpu->allowed ? (int)cpu->os_index : visit;
    }
    cpu_list_format(list, size, numbers, count);
    return visit;
}

/* Cores of different kinds may differ in what they can do: each is asked on itself. */
static void visit_kinds(const struct host *host, struct cpuid_dump *dump)
{
    cpu_set_t *before = CPU_ALLOC(HOST_CPUS_MAX), *one = CPU_ALLOC(HOST_CPUS_MAX);
    size_t bytes = CPU_ALLOC_SIZE(HOST_CPUS_MAX);
    bool known = before && one && sched_getaffinity(0, bytes, before) == 0;
    char list[sizeof dump->views[0].cpus];

    for (size_t kind = host->core_kinds; kind-- > 0;) {
        int cpu = visit_of(host, kind, list, sizeof list);
        if (host->core_kinds < 2) {
            cpuid_add_live(dump, list);
            continue;
        }
        if (!known || cpu < 0)
            continue;
        CPU_ZERO_S(bytes, one);
        CPU_SET_S((size_t)cpu, bytes, one);
        if (sched_setaffinity(0, bytes, one) == 0)
            cpuid_add_live(dump, list);
    }
    if (known && host->core_kinds > 1)
        sched_setaffinity(0, bytes, before);
    if (!dump->count)
        cpuid_add_live(dump, "0");
    CPU_FREE(before);
    CPU_FREE(one);
}

char *host_cpuid_text(const struct host *host)
{
    struct cpuid_dump dump = {.amx = host->amx};

    visit_kinds(host, &dump);
    return dump.count ? cpuid_text(&dump) : NULL;
}

enum status host_read(struct host *host, const char *root, struct error *error)
{
    struct cpuid_dump dump = {.amx = -1};
    int problem;
    DIR *folder = tree_open_folder(root, "", &problem);

    memset(host, 0, sizeof *host);
    host->isa = 1u << ISA_SCALAR;
    host->amx = -1;
    host->live = root == NULL;
    if (!folder)
        return error_set(error, STATUS_IO, "%s: %s; the root must be a folder that holds /proc and /sys of a machine",
                         root ? root : "/", strerror(-problem));
    closedir(folder);
    if (!host->live)
        cpuid_read(&dump, root);
    read_topology(host, root, &dump);
    if (host->live) {
        read_identity(host);
        visit_kinds(host, &dump);
        host_features_detect(host, &dump);
        host_hypervisor_find(&dump, host->hypervisor, sizeof host->hypervisor);
    }
    host_system_read(host, root, &dump);
    if (!host->hypervisor[0]) /* a hypervisor may show any model number it likes */
        host_codename_find(host);
    return STATUS_OK;
}

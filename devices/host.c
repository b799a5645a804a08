#include "devices/host.h"

#include <errno.h>
#include <fcntl.h>
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <libcpuid/libcpuid.h>
#endif

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
            seen->line_bytes == cache->line_bytes && seen->shared_by == cache->shared_by) {
            seen->instances++;
            return;
        }
    }
    if (host->cache_count < HOST_CACHES_MAX)
        host->caches[host->cache_count++] = *cache;
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
                            });
        }
}

static void read_cpus(struct host *host, hwloc_topology_t topology)
{
    hwloc_const_cpuset_t allowed = hwloc_topology_get_allowed_cpuset(topology);
    hwloc_cpuset_t bound = hwloc_bitmap_alloc();
    bool binding = bound && host->live && hwloc_get_cpubind(topology, bound, HWLOC_CPUBIND_THREAD) == 0;
    hwloc_obj_t core_before = NULL;

    for (hwloc_obj_t unit = NULL; (unit = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, unit)) != NULL;) {
        hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, unit);

        if (host->cpu_count == HOST_CPUS_MAX)
            break;
        host->cpus[host->cpu_count++] = (struct host_cpu){
            .os_index = unit->os_index,
            .core = core ? core->logical_index : unit->logical_index,
            .first_of_core = !core || core != core_before,
            .kind = -1,
            .allowed =
                hwloc_bitmap_isset(allowed, unit->os_index) && (!binding || hwloc_bitmap_isset(bound, unit->os_index)),
        };
        core_before = core;
    }
    hwloc_bitmap_free(bound);
}

/* ---- core kinds -------------------------------------------------------------------------------------------------- */

/* Numbers the kinds that occur 0, 1, … in their order; kinds below 0 stay. */
static void compact_kinds(struct host *host, int kinds)
{
    int next = 0;

    for (int kind = 0; kind < kinds; kind++) {
        bool seen = false;

        for (size_t i = 0; i < host->cpu_count; i++)
            if (host->cpus[i].kind == kind) {
                host->cpus[i].kind = next;
                seen = true;
            }
        next += seen;
    }
    host->core_kinds = (size_t)next;
    for (size_t i = 0; next == 1 && i < host->cpu_count; i++)
        host->cpus[i].kind = -1;
}

/* Kernels for Intel's hybrid processors list the processors of each kind. That is surer than clock rates, which
 * differ among performance cores too. Returns whether the list was there. */
static bool mark_performance_cores(struct host *host, const char *root, int kind)
{
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    char list[1024], other[16];
    bool known = set && tree_read_line(root, "sys/devices/cpu_core/cpus", list, sizeof list) &&
                 tree_read_line(root, "sys/devices/cpu_atom/cpus", other, sizeof other) &&
                 hwloc_bitmap_list_sscanf(set, list) == 0 && hwloc_bitmap_weight(set) > 0;

    for (size_t i = 0; known && i < host->cpu_count; i++)
        if (hwloc_bitmap_isset(set, host->cpus[i].os_index))
            host->cpus[i].kind = kind;
        else if (host->cpus[i].kind < 0)
            host->cpus[i].kind = 0;
    hwloc_bitmap_free(set);
    return known;
}

static void read_kinds(struct host *host, hwloc_topology_t topology, const char *root)
{
    int kinds = hwloc_cpukinds_get_nr(topology, 0), efficiency;
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    bool ranked = false;

    for (int kind = 0; set && kind < kinds; kind++) {
        /* An efficiency of -1: hwloc sees kinds, but not which is the faster. */
        if (hwloc_cpukinds_get_info(topology, (unsigned)kind, set, &efficiency, NULL, NULL, 0) != 0 || efficiency < 0)
            continue;
        ranked = true;
        for (size_t i = 0; i < host->cpu_count; i++)
            if (hwloc_bitmap_isset(set, host->cpus[i].os_index))
                host->cpus[i].kind = efficiency;
    }
    hwloc_bitmap_free(set);
    kinds = kinds > 0 ? kinds : 0;
    host->core_kinds = (size_t)kinds;
    if (mark_performance_cores(host, root, kinds) || ranked)
        compact_kinds(host, kinds + 1);
}

static void read_topology(struct host *host, const char *root)
{
    hwloc_topology_t topology = root ? recorded_load(root) : live_load();

    if (!topology)
        return;
    host->packages = count_objects(topology, HWLOC_OBJ_PACKAGE);
    host->cores = count_objects(topology, HWLOC_OBJ_CORE);
    host->logical_cpus = count_objects(topology, HWLOC_OBJ_PU);
    host->numa_nodes = count_objects(topology, HWLOC_OBJ_NUMANODE);
    host->hwloc_memory_bytes = hwloc_get_root_obj(topology)->total_memory;
    read_caches(host, topology);
    read_cpus(host, topology);
    read_kinds(host, topology, root);
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

enum status host_read(struct host *host, const char *root, struct error *error)
{
    int problem;
    DIR *folder = tree_open_folder(root, "", &problem);

    memset(host, 0, sizeof *host);
    host->isa = 1u << ISA_SCALAR;
    host->live = root == NULL;
    if (!folder)
        return error_set(error, STATUS_IO, "%s: %s; the root must be a folder that holds /proc and /sys of a machine",
                         root ? root : "/", strerror(-problem));
    closedir(folder);
    if (host->live) {
        read_identity(host);
        host_features_detect(host);
        host_hypervisor_detect(host->hypervisor, sizeof host->hypervisor);
    }
    read_topology(host, root);
    host_system_read(host, root);
    if (!host->hypervisor[0]) /* a hypervisor may show any model number it likes */
        host_codename_find(host);
    return STATUS_OK;
}

size_t host_performance_cpus(const struct host *host, unsigned *os_index, size_t capacity)
{
    size_t count = 0;
    int best = -1;

    for (size_t i = 0; i < host->cpu_count; i++)
        if (host->cpus[i].allowed && host->cpus[i].kind > best)
            best = host->cpus[i].kind;
    for (size_t i = 0; i < host->cpu_count; i++) {
        const struct host_cpu *cpu = &host->cpus[i];
        bool first = true;

        /* Where a core's first thread is barred, its next one stands for it. Threads of a core are neighbours. */
        for (size_t j = i; j-- > 0 && host->cpus[j].core == cpu->core;)
            first = first && !host->cpus[j].allowed;
        if (!cpu->allowed || cpu->kind != best || !first)
            continue;
        if (count < capacity)
            os_index[count] = cpu->os_index;
        count++;
    }
    return count;
}

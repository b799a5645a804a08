#include "devices/placement.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGES = 16 };

struct trial {
    unsigned cpu, node;
    enum placement_state state;
    int problem; /* errno of what went wrong */
};

/* On that processor: touches fresh pages and asks where each is. */
static void *touch(void *argument)
{
    struct trial *trial = argument;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *memory = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *pages[PAGES];
    int nodes[PAGES];
    cpu_set_t *set = CPU_ALLOC(HOST_CPUS_MAX);
    size_t bytes = CPU_ALLOC_SIZE(HOST_CPUS_MAX), local = 0;

    if (memory == MAP_FAILED || !set)
        goto out;
    CPU_ZERO_S(bytes, set);
    CPU_SET_S(trial->cpu, bytes, set);
    if (sched_setaffinity(0, bytes, set) != 0)
        goto out;
    for (size_t i = 0; i < PAGES; i++) {
        pages[i] = memory + i * page;
        memory[i * page] = 1;
    }
    if (syscall(SYS_move_pages, 0, (unsigned long)PAGES, pages, NULL, nodes, 0) != 0)
        goto out;
    for (size_t i = 0; i < PAGES; i++)
        local += nodes[i] == (int)trial->node;
    trial->state = local == PAGES ? PLACEMENT_LOCAL : PLACEMENT_REMOTE;
    errno = 0;
out:
    trial->problem = trial->state == PLACEMENT_UNKNOWN ? errno : 0;
    CPU_FREE(set);
    if (memory != MAP_FAILED)
        munmap(memory, PAGES * page);
    return NULL;
}

/* A processor of the node that this process may use; −1: none. */
static int cpu_of(const struct host *host, size_t node)
{
    for (size_t i = 0; i < host->cpu_count; i++)
        if (host->cpus[i].node == (int)node && host->cpus[i].allowed)
            return (int)host->cpus[i].os_index;
    return -1;
}

void placement_check(struct placement *placement, const struct host *host)
{
    size_t count = host->numa_nodes < HOST_NODES_MAX ? host->numa_nodes : HOST_NODES_MAX;

    *placement = (struct placement){.reason = ""};
    if (!host->live) {
        snprintf(placement->reason, sizeof placement->reason, "only the running machine can be tried");
        return;
    }
    for (size_t node = 0; node < count; node++) {
        int cpu = cpu_of(host, node), failure;
        struct trial trial = {.cpu = (unsigned)cpu, .node = host->nodes[node].os_index};
        pthread_t thread;

        if (cpu < 0) {
            snprintf(placement->reason, sizeof placement->reason, "this process may use no processor of that node");
            continue;
        }
        failure = pthread_create(&thread, NULL, touch, &trial);
        if (!failure)
            pthread_join(thread, NULL);
        placement->nodes[node] = trial.state;
        if (trial.state == PLACEMENT_UNKNOWN)
            snprintf(placement->reason, sizeof placement->reason, "the kernel did not tell: %s",
                     strerror(failure ? failure : trial.problem));
    }
}

#include "devices/host_cpuid.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "devices/tree.h"

const uint32_t *cpuid_find(const struct cpuid_view *view, uint32_t leaf, uint32_t subleaf)
{
    for (size_t i = 0; i < view->count; i++)
        if (view->leaves[i].leaf == leaf && view->leaves[i].subleaf == subleaf)
            return view->leaves[i].registers;
    return NULL;
}

/* ---- the file ----------------------------------------------------------------------------------------------------- */

static void read_line(struct cpuid_dump *dump, const char *line)
{
    struct cpuid_view *view = dump->count ? &dump->views[dump->count - 1] : NULL;
    struct cpuid_leaf leaf = {0};
    char cpus[sizeof view->cpus];
    int amx;

    if (sscanf(line, "cpus %127[0-9,-]", cpus) == 1) {
        if (dump->count < CPUID_VIEWS_MAX)
            snprintf(dump->views[dump->count++].cpus, sizeof cpus, "%s", cpus);
    } else if (sscanf(line, "amx %d", &amx) == 1) {
        dump->amx = amx == 0 || amx == 1 ? amx : -1;
    } else if (view && strncmp(line, "xcr0 ", 5) == 0) {
        view->xcr0 = strtoull(line + 5, NULL, 16);
    } else if (view && view->count < CPUID_LEAVES_MAX &&
               sscanf(line, "%8" SCNx32 " %8" SCNx32 " %8" SCNx32 " %8" SCNx32 " %8" SCNx32 " %8" SCNx32, &leaf.leaf,
                      &leaf.subleaf, &leaf.registers[REGISTER_A], &leaf.registers[REGISTER_B],
                      &leaf.registers[REGISTER_C], &leaf.registers[REGISTER_D]) == 6) {
        view->leaves[view->count++] = leaf;
    }
}

void cpuid_read(struct cpuid_dump *dump, const char *root)
{
    int problem;
    char *text = tree_read_all(root, CPUID_PATH, &problem), *cursor = text;

    *dump = (struct cpuid_dump){.amx = -1};
    while (cursor)
        read_line(dump, strsep(&cursor, "\n"));
    free(text);
}

char *cpuid_text(const struct cpuid_dump *dump)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    fputs("# pocketmark cpuid 1: leaf subleaf eax ebx ecx edx\n", out);
    for (size_t v = 0; v < dump->count; v++) {
        const struct cpuid_view *view = &dump->views[v];
        fprintf(out, "cpus %s\n", view->cpus);
        for (size_t i = 0; i < view->count; i++) {
            const struct cpuid_leaf *leaf = &view->leaves[i];
            fprintf(out, "%08" PRIx32 " %08" PRIx32, leaf->leaf, leaf->subleaf);
            for (int r = 0; r < REGISTERS; r++)
                fprintf(out, " %08" PRIx32, leaf->registers[r]);
            fputc('\n', out);
        }
        fprintf(out, "xcr0 %016" PRIx64 "\n", view->xcr0);
    }
    if (dump->amx >= 0)
        fprintf(out, "amx %d\n", dump->amx);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

/* ---- the running processor ---------------------------------------------------------------------------------------- */

#if defined(__x86_64__) || defined(__i386__)

static uint32_t add_leaf(struct cpuid_view *view, uint32_t number, uint32_t subleaf)
{
    struct cpuid_leaf leaf = {.leaf = number, .subleaf = subleaf};
    uint32_t *registers = leaf.registers;

    __cpuid_count(number, subleaf, registers[REGISTER_A], registers[REGISTER_B], registers[REGISTER_C],
                  registers[REGISTER_D]);
    if (view->count < CPUID_LEAVES_MAX)
        view->leaves[view->count++] = leaf;
    return registers[REGISTER_A];
}

/* Where a family of leaves ends is in its first one's EAX: reading beyond it returns another leaf's content. */
static void add_family(struct cpuid_view *view, const uint32_t *leaves, size_t count)
{
    uint32_t last = add_leaf(view, leaves[0], 0);

    for (size_t i = 1; i < count; i++)
        if (leaves[i] <= last)
            add_leaf(view, leaves[i], 0);
}

static uint64_t read_xcr0(const struct cpuid_view *view)
{
    const uint32_t osxsave = UINT32_C(1) << 27, *one = cpuid_find(view, 1, 0);
    uint32_t low, high;

    if (!one || !(one[REGISTER_C] & osxsave))
        return 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

void cpuid_add_live(struct cpuid_dump *dump, const char *cpus)
{
    static const uint32_t basic[] = {0, 1, 7, 0x1a, 0x1e, 0x24};
    static const uint32_t extended[] = {0x80000000, 0x80000001, 0x80000002, 0x80000003, 0x80000004, 0x80000026};
    static const uint32_t guest[] = {0x40000000};
    const uint32_t hypervisor = UINT32_C(1) << 31, *one, *seven, *tiles;
    struct cpuid_view *view;

    if (dump->count == CPUID_VIEWS_MAX)
        return;
    view = &dump->views[dump->count++];
    *view = (struct cpuid_view){.count = 0};
    snprintf(view->cpus, sizeof view->cpus, "%s", cpus);
    add_family(view, basic, sizeof basic / sizeof *basic);
    seven = cpuid_find(view, 7, 0);
    for (uint32_t i = 1; seven && i <= seven[REGISTER_A] && i <= 2; i++)
        add_leaf(view, 7, i);
    tiles = cpuid_find(view, 0x1e, 0);
    if (tiles && tiles[REGISTER_A] >= 1)
        add_leaf(view, 0x1e, 1);
    one = cpuid_find(view, 1, 0);
    if (one && one[REGISTER_C] & hypervisor)
        add_family(view, guest, 1);
    add_family(view, extended, sizeof extended / sizeof *extended);
    view->xcr0 = read_xcr0(view);
}

/* Linux, Documentation/arch/x86/xstate.rst. */
enum { ARCH_GET_XCOMP_SUPP = 0x1021, ARCH_REQ_XCOMP_PERM = 0x1023, XTILECFG = 17, XTILEDATA = 18 };

int cpuid_ask_amx(void)
{
    pid_t child = fork();
    int result = 0;

    if (child < 0)
        return -1;
    if (child == 0) {
        uint64_t offered = 0, needed = UINT64_C(1) << XTILECFG | UINT64_C(1) << XTILEDATA;
        bool granted = syscall(SYS_arch_prctl, ARCH_GET_XCOMP_SUPP, &offered) == 0 && (offered & needed) == needed &&
                       syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XTILEDATA) == 0;
        _exit(granted ? 1 : 0);
    }
    while (waitpid(child, &result, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
}

#else

void cpuid_add_live(struct cpuid_dump *dump, const char *cpus)
{
    (void)dump, (void)cpus;
}

int cpuid_ask_amx(void)
{
    return -1;
}

#endif

/* CPUID of an x86 processor as data, so that a recorded machine is read by the same rules as the running one; private to
 * devices/ and its tests.
 *
 * A recorded tree may hold it in the file pocketmark/cpuid.txt, for each kind of core once:
 *
 *     # pocketmark cpuid 1: leaf subleaf eax ebx ecx edx
 *     cpus 0-11
 *     00000001 00000000 000a06a4 00800800 7ed83203 bfebfbff
 *     xcr0 0000000000000207
 *
 * Numbers are hexadecimal; cpus names the processors in the kernel's form; xcr0 is the register of that name, what the operating
 * system saves. A line `amx 1` or `amx 0` tells whether a process may use tiles. Leaf 3, a serial number, is never in it. */
#ifndef POCKETMARK_DEVICES_HOST_CPUID_H
#define POCKETMARK_DEVICES_HOST_CPUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Registers as CPUID returns them. */
enum { REGISTER_A, REGISTER_B, REGISTER_C, REGISTER_D, REGISTERS };

enum { CPUID_LEAVES_MAX = 40, CPUID_VIEWS_MAX = 4 };

struct cpuid_leaf {
    uint32_t leaf, subleaf, registers[REGISTERS];
};

/* What the cores of one kind tell. */
struct cpuid_view {
    char cpus[128];
    struct cpuid_leaf leaves[CPUID_LEAVES_MAX];
    size_t count;
    uint64_t xcr0;
};

struct cpuid_dump {
    struct cpuid_view views[CPUID_VIEWS_MAX];
    size_t count; /* 0: no x86 processor, or nothing recorded */
    int amx;      /* may a process use tiles: 1 yes, 0 no, −1 not known */
};

#define CPUID_PATH "pocketmark/cpuid.txt"

/* Registers of a leaf, NULL where the processor has none such. */
const uint32_t *cpuid_find(const struct cpuid_view *view, uint32_t leaf, uint32_t subleaf);

/* From a recorded tree. Lines that are malformed are passed over. */
void cpuid_read(struct cpuid_dump *dump, const char *root);

/* From the processor that this thread runs on, as one view of the processors `cpus`; appended. Nothing on other processors than
 * x86, and where the dump is full. */
void cpuid_add_live(struct cpuid_dump *dump, const char *cpus);

/* Whether a process may use AMX tiles; asked in a child, because a permission once given stays. −1: cannot be told. */
int cpuid_ask_amx(void);

/* The file's text, to be freed with free(); NULL: out of memory. */
char *cpuid_text(const struct cpuid_dump *dump);

#endif

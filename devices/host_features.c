#include "devices/host_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#define HOST_IS_X86 1
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

/* Bits of XCR0 (Intel SDM vol. 1, 13.3; AMD APM vol. 2, 11.5): what the operating system saves, and so allows. */
#define XCR0_YMM UINT64_C(0x6)
#define XCR0_ZMM UINT64_C(0xe6)
#define XCR0_AMX UINT64_C(0x60000)

/* Registers as CPUID returns them. */
enum { REGISTER_A, REGISTER_B, REGISTER_C, REGISTER_D };

/* One feature of an x86 processor: the word of /proc/cpuinfo, CPUID leaf, subleaf, register and bit, state it needs. */
struct x86_feature {
    const char *word;
    uint32_t leaf, subleaf;
    int reg, bit;
    uint64_t xcr0;
};

static const struct x86_feature x86_features[] = {
    {"sse4_2", 1, 0, REGISTER_C, 20, 0},
    {"avx", 1, 0, REGISTER_C, 28, XCR0_YMM},
    {"fma", 1, 0, REGISTER_C, 12, XCR0_YMM},
    {"f16c", 1, 0, REGISTER_C, 29, XCR0_YMM},
    {"avx2", 7, 0, REGISTER_B, 5, XCR0_YMM},
    {"avx_vnni", 7, 1, REGISTER_A, 4, XCR0_YMM},
    {"avx_vnni_int8", 7, 1, REGISTER_D, 4, XCR0_YMM},
    {"avx_vnni_int16", 7, 1, REGISTER_D, 10, XCR0_YMM},
    {"avx512f", 7, 0, REGISTER_B, 16, XCR0_ZMM},
    {"avx512dq", 7, 0, REGISTER_B, 17, XCR0_ZMM},
    {"avx512bw", 7, 0, REGISTER_B, 30, XCR0_ZMM},
    {"avx512vl", 7, 0, REGISTER_B, 31, XCR0_ZMM},
    {"avx512vbmi", 7, 0, REGISTER_C, 1, XCR0_ZMM},
    {"avx512_vbmi2", 7, 0, REGISTER_C, 6, XCR0_ZMM},
    {"avx512_vnni", 7, 0, REGISTER_C, 11, XCR0_ZMM},
    {"avx512_bf16", 7, 1, REGISTER_A, 5, XCR0_ZMM},
    {"avx512_fp16", 7, 0, REGISTER_D, 23, XCR0_ZMM},
    {"amx_tile", 7, 0, REGISTER_D, 24, XCR0_AMX},
    {"amx_int8", 7, 0, REGISTER_D, 25, XCR0_AMX},
    {"amx_bf16", 7, 0, REGISTER_D, 22, XCR0_AMX},
    {"amx_fp16", 7, 1, REGISTER_A, 21, XCR0_AMX},
};
enum { X86_FEATURES = sizeof x86_features / sizeof x86_features[0] };

/* One feature of an Arm processor: the word of /proc/cpuinfo and its bit in AT_HWCAP (1) or AT_HWCAP2 (2); Linux,
 * Documentation/arch/arm64/elf_hwcaps.rst. */
struct arm_feature {
    const char *word;
    int vector, bit;
};

static const struct arm_feature arm_features[] = {
    {"asimd", 1, 1},    {"fphp", 1, 9}, {"asimdhp", 1, 10}, {"asimddp", 1, 20}, {"asimdfhm", 1, 23},
    {"sve", 1, 22},     {"sve2", 2, 1}, {"i8mm", 2, 13},    {"bf16", 2, 14},    {"svei8mm", 2, 9},
    {"svebf16", 2, 12}, {"sme", 2, 23}, {"sme2", 2, 37},
};
enum { ARM_FEATURES = sizeof arm_features / sizeof arm_features[0] };

static bool has_word(const char *words, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = words; (at = strstr(at, word)) != NULL; at += length)
        if ((at == words || strchr(" \t", at[-1])) && (at[length] == '\0' || strchr(" \t\r\n", at[length])))
            return true;
    return false;
}

static void add_word(struct host *host, const char *word)
{
    size_t length = strlen(host->features);

    snprintf(host->features + length, sizeof host->features - length, "%s%s", length ? " " : "", word);
}

static bool has_all(const char *features, const char *const *words)
{
    for (; *words; words++)
        if (!has_word(features, *words))
            return false;
    return true;
}

/* The levels that the kernels are grouped in follow from the feature words alone. */
static void set_levels(struct host *host)
{
    static const char *const avx2[] = {"avx2", "fma", "f16c", NULL};
    static const char *const avx512[] = {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", NULL};

    host->isa = 1u << ISA_SCALAR;
    if (!has_all(host->features, avx2))
        return;
    host->isa |= 1u << ISA_AVX2;
    if (has_word(host->features, "avx_vnni"))
        host->isa |= 1u << ISA_AVXVNNI;
    if (has_all(host->features, avx512))
        host->isa |= 1u << ISA_AVX512VNNI;
}

void host_features_parse(struct host *host, const char *words)
{
    host->features[0] = '\0';
    for (size_t i = 0; i < X86_FEATURES; i++)
        if (has_word(words, x86_features[i].word))
            add_word(host, x86_features[i].word);
    for (size_t i = 0; i < ARM_FEATURES; i++)
        if (has_word(words, arm_features[i].word))
            add_word(host, arm_features[i].word);
    set_levels(host);
}

#if defined(HOST_IS_X86)

/* False, and zeros, where the processor has no such leaf: reading beyond the last leaf returns another leaf's
 * content. */
static bool read_leaf(uint32_t leaf, uint32_t subleaf, uint32_t registers[4])
{
    uint32_t a = 0, b = 0, c = 0, d = 0;
    bool there = __get_cpuid_count(leaf, subleaf, &a, &b, &c, &d) != 0;

    if (there && leaf == 7 && subleaf > 0) {
        uint32_t last, unused_b, unused_c, unused_d;

        __cpuid_count(7, 0, last, unused_b, unused_c, unused_d);
        there = subleaf <= last;
    }
    registers[REGISTER_A] = there ? a : 0;
    registers[REGISTER_B] = there ? b : 0;
    registers[REGISTER_C] = there ? c : 0;
    registers[REGISTER_D] = there ? d : 0;
    return there;
}

static uint64_t read_xcr0(void)
{
    const uint32_t osxsave = UINT32_C(1) << 27;
    uint32_t registers[4], low, high;

    if (!read_leaf(1, 0, registers) || !(registers[REGISTER_C] & osxsave))
        return 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

void host_features_detect(struct host *host)
{
    uint64_t xcr0 = read_xcr0();

    host->features[0] = '\0';
    for (size_t i = 0; i < X86_FEATURES; i++) {
        const struct x86_feature *feature = &x86_features[i];
        uint32_t registers[4];

        if (read_leaf(feature->leaf, feature->subleaf, registers) && registers[feature->reg] >> feature->bit & 1 &&
            (xcr0 & feature->xcr0) == feature->xcr0)
            add_word(host, feature->word);
    }
    set_levels(host);
}

void host_hypervisor_detect(char *name, size_t capacity)
{
    /* Signatures of CPUID leaf 0x40000000 as the vendors publish them. */
    static const char *const names[][2] = {
        {"KVMKVMKVM", "KVM"},     {"Microsoft Hv", "Hyper-V"},    {"VMwareVMware", "VMware"}, {"XenVMMXenVMM", "Xen"},
        {"TCGTCGTCGTCG", "QEMU"}, {"VBoxVBoxVBox", "VirtualBox"}, {"bhyve bhyve ", "bhyve"},  {"ACRNACRNACRN", "ACRN"},
    };
    const uint32_t hypervisor = UINT32_C(1) << 31;
    uint32_t registers[4], top, signature[3];
    char text[sizeof signature + 1] = "";

    name[0] = '\0';
    if (!read_leaf(1, 0, registers) || !(registers[REGISTER_C] & hypervisor))
        return;
    __cpuid(0x40000000, top, signature[0], signature[1], signature[2]);
    (void)top;
    memcpy(text, signature, sizeof signature);
    for (char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    snprintf(name, capacity, "%s", text[0] ? text : "unnamed");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i][0]) == 0)
            snprintf(name, capacity, "%s", names[i][1]);
}

#else

void host_features_detect(struct host *host)
{
    host->features[0] = '\0';
#if defined(__aarch64__)
    uint64_t vectors[3] = {0, getauxval(AT_HWCAP), getauxval(AT_HWCAP2)};

    for (size_t i = 0; i < ARM_FEATURES; i++)
        if (vectors[arm_features[i].vector] >> arm_features[i].bit & 1)
            add_word(host, arm_features[i].word);
#endif
    set_levels(host);
}

void host_hypervisor_detect(char *name, size_t capacity)
{
    (void)capacity;
    name[0] = '\0';
}

#endif

enum status host_usable_isa(const struct host *host, isa_set *isa, struct error *error)
{
    const char *limit = getenv("POCKETMARK_ISA");
    char has[64] = "";
    enum isa level;

    *isa = host->isa;
    if (!limit || !*limit)
        return STATUS_OK;
    for (int i = 0; i < ISA_COUNT; i++)
        if (host->isa >> i & 1)
            snprintf(has + strlen(has), sizeof has - strlen(has), "%s%s", has[0] ? ", " : "", isa_name((enum isa)i));
    if (!isa_from_name(limit, &level))
        return error_set(error, STATUS_MISUSE, "POCKETMARK_ISA=%.64s: no such level; this processor has %s", limit,
                         has);
    if (!(host->isa >> level & 1))
        return error_set(error, STATUS_MISUSE, "POCKETMARK_ISA=%s: this processor lacks it; it has %s", isa_name(level),
                         has);
    *isa = host->isa & ((2u << level) - 1);
    return STATUS_OK;
}

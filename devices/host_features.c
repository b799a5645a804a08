#include "devices/host_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__aarch64__)
#include <sys/auxv.h>
#elif defined(__riscv)
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* Bits of XCR0 (Intel SDM vol. 1, 13.3; AMD APM vol. 2, 11.5): what the operating system saves, and so allows. */
#define XCR0_YMM UINT64_C(0x6)
#define XCR0_ZMM UINT64_C(0xe6)
#define XCR0_AMX UINT64_C(0x60000)

/* One feature of an x86 processor: the word of /proc/cpuinfo, the word for people, CPUID leaf, subleaf, register and bit, state
 * that the operating system must save. */
struct x86_feature {
    const char *word, *title;
    uint32_t leaf, subleaf;
    int reg, bit;
    uint64_t xcr0;
};

static const struct x86_feature x86_features[] = {
    {"sse4_2", "SSE4.2", 1, 0, REGISTER_C, 20, 0},
    {"avx", "AVX", 1, 0, REGISTER_C, 28, XCR0_YMM},
    {"fma", "FMA", 1, 0, REGISTER_C, 12, XCR0_YMM},
    {"f16c", "F16C", 1, 0, REGISTER_C, 29, XCR0_YMM},
    {"avx2", "AVX2", 7, 0, REGISTER_B, 5, XCR0_YMM},
    {"avx_vnni", "AVX-VNNI", 7, 1, REGISTER_A, 4, XCR0_YMM},
    {"avx_vnni_int8", "AVX-VNNI-INT8", 7, 1, REGISTER_D, 4, XCR0_YMM},
    {"avx_vnni_int16", "AVX-VNNI-INT16", 7, 1, REGISTER_D, 10, XCR0_YMM},
    {"avx512f", "AVX512F", 7, 0, REGISTER_B, 16, XCR0_ZMM},
    {"avx512dq", "AVX512DQ", 7, 0, REGISTER_B, 17, XCR0_ZMM},
    {"avx512bw", "AVX512BW", 7, 0, REGISTER_B, 30, XCR0_ZMM},
    {"avx512vl", "AVX512VL", 7, 0, REGISTER_B, 31, XCR0_ZMM},
    {"avx512vbmi", "AVX512-VBMI", 7, 0, REGISTER_C, 1, XCR0_ZMM},
    {"avx512_vbmi2", "AVX512-VBMI2", 7, 0, REGISTER_C, 6, XCR0_ZMM},
    {"avx512_vnni", "AVX512-VNNI", 7, 0, REGISTER_C, 11, XCR0_ZMM},
    {"avx512_bf16", "AVX512-BF16", 7, 1, REGISTER_A, 5, XCR0_ZMM},
    {"avx512_fp16", "AVX512-FP16", 7, 0, REGISTER_D, 23, XCR0_ZMM},
    {"amx_tile", "AMX-TILE", 7, 0, REGISTER_D, 24, XCR0_AMX},
    {"amx_int8", "AMX-INT8", 7, 0, REGISTER_D, 25, XCR0_AMX},
    {"amx_bf16", "AMX-BF16", 7, 0, REGISTER_D, 22, XCR0_AMX},
    {"amx_fp16", "AMX-FP16", 7, 1, REGISTER_A, 21, XCR0_AMX},
    {"amx_fp8", "AMX-FP8", 0x1e, 1, REGISTER_A, 4, XCR0_AMX},
};
enum { X86_FEATURES = sizeof x86_features / sizeof x86_features[0] };

/* One feature of an Arm processor: the word of /proc/cpuinfo, the word for people, its bit in AT_HWCAP (1) or AT_HWCAP2 (2);
 * Linux, Documentation/arch/arm64/elf_hwcaps.rst. */
struct arm_feature {
    const char *word, *title;
    int vector, bit;
};

static const struct arm_feature arm_features[] = {
    {"asimd", "NEON", 1, 1},       {"fphp", "FP16 scalar", 1, 9},  {"asimdhp", "FP16", 1, 10},
    {"asimddp", "dotprod", 1, 20}, {"asimdfhm", "FP16FML", 1, 23}, {"sve", "SVE", 1, 22},
    {"sve2", "SVE2", 2, 1},        {"i8mm", "i8mm", 2, 13},        {"bf16", "bf16", 2, 14},
    {"svei8mm", "SVE-i8mm", 2, 9}, {"svebf16", "SVE-bf16", 2, 12}, {"sme", "SME", 2, 23},
    {"sme2", "SME2", 2, 37},
};
enum { ARM_FEATURES = sizeof arm_features / sizeof arm_features[0] };

/* One extension of a RISC-V processor: its name in the "isa" line, the word for people, its bit under the key IMA_EXT_0 of
 * riscv_hwprobe, −1 where only the line tells; Linux, Documentation/arch/riscv/hwprobe.rst. */
struct riscv_feature {
    const char *word, *title;
    int bit;
};

static const struct riscv_feature riscv_features[] = {
    {"v", "RVV", 2},
    {"zvfh", "Zvfh", 30},
    {"zvfhmin", "Zvfhmin", 31},
    {"zvfbfmin", "Zvfbfmin", -1},
    {"zvfbfwma", "Zvfbfwma", -1},
};
enum { RISCV_FEATURES = sizeof riscv_features / sizeof riscv_features[0] };

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

/* "rv64imafdcv_zicsr_zvfh": letters up to the first underscore are extensions of one letter, names follow. */
static void parse_riscv(struct host *host, const char *isa)
{
    size_t base = strncmp(isa, "rv64", 4) == 0 || strncmp(isa, "rv32", 4) == 0 ? 4 : 0;
    size_t letters = strcspn(isa, "_ \t\r\n");

    for (size_t i = 0; base && i < RISCV_FEATURES; i++) {
        const char *word = riscv_features[i].word;
        size_t length = strlen(word);
        bool there = length == 1 && memchr(isa + base, *word, letters - base);

        for (const char *at = isa + letters; length > 1 && !there && *at == '_'; at += 1 + strcspn(at + 1, "_ \t\r\n"))
            there = strcspn(at + 1, "_ \t\r\n") == length && strncmp(at + 1, word, length) == 0;
        if (there)
            add_word(host, word);
    }
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
    parse_riscv(host, words + strspn(words, " "));
    host->features_source = "proc/cpuinfo";
    set_levels(host);
}

/* ---- CPUID --------------------------------------------------------------------------------------------------------- */

static bool view_has(const struct cpuid_view *view, const struct x86_feature *feature)
{
    const uint32_t *registers = cpuid_find(view, feature->leaf, feature->subleaf);

    return registers && registers[feature->reg] >> feature->bit & 1 && (view->xcr0 & feature->xcr0) == feature->xcr0;
}

/* The version of AVX10 that every kind of core has, 0: none. Its version stands in leaf 0x24. */
static unsigned avx10_version(const struct cpuid_dump *dump)
{
    static const struct x86_feature avx10 = {"avx10", "AVX10", 7, 1, REGISTER_D, 19, XCR0_ZMM};
    unsigned least = 255;

    for (size_t v = 0; v < dump->count; v++) {
        const uint32_t *registers = cpuid_find(&dump->views[v], 0x24, 0);
        unsigned version = registers && view_has(&dump->views[v], &avx10) ? registers[REGISTER_B] & 255 : 0;

        least = version < least ? version : least;
    }
    return dump->count ? least : 0;
}

void host_features_from_cpuid(struct host *host, const struct cpuid_dump *dump)
{
    unsigned avx10 = avx10_version(dump);
    char word[24];

    host->features[0] = '\0';
    for (size_t i = 0; i < X86_FEATURES; i++) {
        bool everywhere = dump->count > 0;

        for (size_t v = 0; v < dump->count; v++)
            everywhere = everywhere && view_has(&dump->views[v], &x86_features[i]);
        if (everywhere)
            add_word(host, x86_features[i].word);
    }
    if (avx10) {
        snprintf(word, sizeof word, "avx10_%u", avx10);
        add_word(host, word);
    }
    host->amx = has_word(host->features, "amx_tile") ? dump->amx : -1;
    set_levels(host);
}

void host_hypervisor_find(const struct cpuid_dump *dump, char *name, size_t capacity)
{
    /* Signatures of CPUID leaf 0x40000000 as the vendors publish them. */
    static const char *const names[][2] = {
        {"KVMKVMKVM", "KVM"},     {"Microsoft Hv", "Hyper-V"},    {"VMwareVMware", "VMware"}, {"XenVMMXenVMM", "Xen"},
        {"TCGTCGTCGTCG", "QEMU"}, {"VBoxVBoxVBox", "VirtualBox"}, {"bhyve bhyve ", "bhyve"},  {"ACRNACRNACRN", "ACRN"},
    };
    const uint32_t hypervisor = UINT32_C(1) << 31;
    const uint32_t *one = dump->count ? cpuid_find(&dump->views[0], 1, 0) : NULL;
    const uint32_t *signature = dump->count ? cpuid_find(&dump->views[0], 0x40000000, 0) : NULL;
    char text[3 * sizeof *signature + 1] = "";

    name[0] = '\0';
    if (!one || !(one[REGISTER_C] & hypervisor))
        return;
    if (signature)
        memcpy(text, signature + REGISTER_B, sizeof text - 1);
    for (char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    snprintf(name, capacity, "%s", text[0] ? text : "unnamed");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i][0]) == 0)
            snprintf(name, capacity, "%s", names[i][1]);
}

/* ---- the running processor ------------------------------------------------------------------------------------------ */

#if defined(__riscv)
/* Linux, uapi/asm/hwprobe.h: system call 258, key IMA_EXT_0; a key that the kernel does not know comes back as −1. */
static uint64_t riscv_extensions(void)
{
    struct {
        int64_t key;
        uint64_t value;
    } pair = {.key = 4};

    return syscall(258, &pair, 1, 0, NULL, 0) == 0 && pair.key == 4 ? pair.value : 0;
}
#endif

void host_features_detect(struct host *host, struct cpuid_dump *dump)
{
    host->features[0] = '\0';
    host->amx = -1;
#if defined(__aarch64__)
    uint64_t vectors[3] = {0, getauxval(AT_HWCAP), getauxval(AT_HWCAP2)};

    for (size_t i = 0; i < ARM_FEATURES; i++)
        if (vectors[arm_features[i].vector] >> arm_features[i].bit & 1)
            add_word(host, arm_features[i].word);
    host->features_source = "AT_HWCAP";
#elif defined(__riscv)
    uint64_t extensions = riscv_extensions();

    for (size_t i = 0; i < RISCV_FEATURES; i++)
        if (riscv_features[i].bit >= 0 && extensions >> riscv_features[i].bit & 1)
            add_word(host, riscv_features[i].word);
    host->features_source = "riscv_hwprobe";
#endif
    set_levels(host);
    if (!dump->count)
        return;
    host_features_from_cpuid(host, dump);
    host->features_source = "CPUID";
    if (has_word(host->features, "amx_tile"))
        host->amx = dump->amx = cpuid_ask_amx();
}

const char *host_feature_title(const char *word)
{
    static const char *const versions[][2] = {{"avx10_1", "AVX10.1"}, {"avx10_2", "AVX10.2"}};

    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        if (strcmp(versions[i][0], word) == 0)
            return versions[i][1];
    for (size_t i = 0; i < X86_FEATURES; i++)
        if (strcmp(x86_features[i].word, word) == 0)
            return x86_features[i].title;
    for (size_t i = 0; i < ARM_FEATURES; i++)
        if (strcmp(arm_features[i].word, word) == 0)
            return arm_features[i].title;
    for (size_t i = 0; i < RISCV_FEATURES; i++)
        if (strcmp(riscv_features[i].word, word) == 0)
            return riscv_features[i].title;
    return word;
}

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

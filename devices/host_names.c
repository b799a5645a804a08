#include "devices/host_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/tree.h"

/* x86 generations by family and model range. Intel: Linux, arch/x86/include/asm/intel-family.h. AMD: the model
 * ranges of the public processor programming references. libcpuid's own code names fall back on a likeness where it
 * does not know the processor, so they are not used. */
struct generation {
    char vendor; /* 'I'ntel or 'A'MD */
    unsigned family, first_model, last_model;
    const char *name;
};

static const struct generation generations[] = {
    {'I', 6, 0x3c, 0x3c, "Haswell"},         {'I', 6, 0x3f, 0x3f, "Haswell-EP"},
    {'I', 6, 0x45, 0x46, "Haswell"},         {'I', 6, 0x3d, 0x3d, "Broadwell"},
    {'I', 6, 0x47, 0x47, "Broadwell"},       {'I', 6, 0x4f, 0x4f, "Broadwell-EP"},
    {'I', 6, 0x56, 0x56, "Broadwell-DE"},    {'I', 6, 0x4e, 0x4e, "Skylake"},
    {'I', 6, 0x5e, 0x5e, "Skylake"},         {'I', 6, 0x55, 0x55, "Skylake-SP, Cascade Lake or Cooper Lake"},
    {'I', 6, 0x8e, 0x8e, "Kaby Lake"},       {'I', 6, 0x9e, 0x9e, "Kaby Lake or Coffee Lake"},
    {'I', 6, 0xa5, 0xa6, "Comet Lake"},      {'I', 6, 0x7d, 0x7e, "Ice Lake"},
    {'I', 6, 0x6a, 0x6a, "Ice Lake-SP"},     {'I', 6, 0x6c, 0x6c, "Ice Lake-D"},
    {'I', 6, 0x8c, 0x8d, "Tiger Lake"},      {'I', 6, 0xa7, 0xa7, "Rocket Lake"},
    {'I', 6, 0x97, 0x97, "Alder Lake"},      {'I', 6, 0x9a, 0x9a, "Alder Lake"},
    {'I', 6, 0xbe, 0xbe, "Alder Lake-N"},    {'I', 6, 0xb7, 0xb7, "Raptor Lake"},
    {'I', 6, 0xba, 0xba, "Raptor Lake"},     {'I', 6, 0xbf, 0xbf, "Raptor Lake"},
    {'I', 6, 0x8f, 0x8f, "Sapphire Rapids"}, {'I', 6, 0xcf, 0xcf, "Emerald Rapids"},
    {'I', 6, 0xad, 0xae, "Granite Rapids"},  {'I', 6, 0xaf, 0xaf, "Sierra Forest"},
    {'I', 6, 0xaa, 0xaa, "Meteor Lake"},     {'I', 6, 0xac, 0xac, "Meteor Lake"},
    {'I', 6, 0xb5, 0xb5, "Arrow Lake-U"},    {'I', 6, 0xc5, 0xc6, "Arrow Lake"},
    {'I', 6, 0xbd, 0xbd, "Lunar Lake"},      {'I', 6, 0xcc, 0xcc, "Panther Lake"},
    {'A', 0x17, 0x00, 0x07, "Zen"},          {'A', 0x17, 0x08, 0x0f, "Zen+"},
    {'A', 0x17, 0x10, 0x17, "Zen"},          {'A', 0x17, 0x18, 0x1f, "Zen+"},
    {'A', 0x17, 0x30, 0xaf, "Zen 2"},        {'A', 0x19, 0x00, 0x0f, "Zen 3"},
    {'A', 0x19, 0x10, 0x1f, "Zen 4"},        {'A', 0x19, 0x20, 0x3f, "Zen 3"},
    {'A', 0x19, 0x40, 0x4f, "Zen 3+"},       {'A', 0x19, 0x50, 0x5f, "Zen 3"},
    {'A', 0x19, 0x60, 0x7f, "Zen 4"},        {'A', 0x19, 0xa0, 0xaf, "Zen 4"},
    {'A', 0x1a, 0x00, 0x7f, "Zen 5"},
};

/* Arm's own cores by part number (bits 15:4 of MIDR_EL1, in each core's technical reference manual), implementer
 * 0x41. */
struct arm_part {
    unsigned long part;
    const char *name;
};

static const struct arm_part arm_parts[] = {
    {0xd03, "Cortex-A53"},   {0xd04, "Cortex-A35"},  {0xd05, "Cortex-A55"},  {0xd07, "Cortex-A57"},
    {0xd08, "Cortex-A72"},   {0xd09, "Cortex-A73"},  {0xd0a, "Cortex-A75"},  {0xd0b, "Cortex-A76"},
    {0xd0c, "Neoverse-N1"},  {0xd0d, "Cortex-A77"},  {0xd40, "Neoverse-V1"}, {0xd41, "Cortex-A78"},
    {0xd42, "Cortex-A78AE"}, {0xd44, "Cortex-X1"},   {0xd46, "Cortex-A510"}, {0xd47, "Cortex-A710"},
    {0xd48, "Cortex-X2"},    {0xd49, "Neoverse-N2"}, {0xd4d, "Cortex-A715"}, {0xd4e, "Cortex-X3"},
    {0xd4f, "Neoverse-V2"},  {0xd80, "Cortex-A520"}, {0xd81, "Cortex-A720"}, {0xd82, "Cortex-X4"},
};

void host_codename_find(struct host *host)
{
    char vendor = '\0';

    if (strcmp(host->cpu_vendor, "GenuineIntel") == 0)
        vendor = 'I';
    else if (strcmp(host->cpu_vendor, "AuthenticAMD") == 0)
        vendor = 'A';
    host->codename[0] = '\0';
    for (size_t i = 0; i < sizeof generations / sizeof generations[0]; i++) {
        const struct generation *generation = &generations[i];

        if (generation->vendor == vendor && generation->family == host->cpu_family &&
            generation->first_model <= host->cpu_model && host->cpu_model <= generation->last_model)
            snprintf(host->codename, sizeof host->codename, "%s", generation->name);
    }
}

const char *host_arm_part_name(unsigned long part)
{
    for (size_t i = 0; i < sizeof arm_parts / sizeof arm_parts[0]; i++)
        if (arm_parts[i].part == part)
            return arm_parts[i].name;
    return NULL;
}

void host_arm_name_find(struct host *host, const char *cpuinfo)
{
    char value[32];

    if (!tree_find_value(cpuinfo, "CPU implementer", value, sizeof value) || strtoul(value, NULL, 16) != 0x41)
        return;
    snprintf(host->cpu_vendor, sizeof host->cpu_vendor, "ARM");
    for (const char *line = cpuinfo; line && *line; line = tree_next_line(line)) {
        size_t length = strlen(host->cpu_name);
        const char *name;

        if (strncmp(line, "CPU part", 8) != 0 || !tree_find_value(line, "CPU part", value, sizeof value))
            continue;
        name = host_arm_part_name(strtoul(value, NULL, 16));
        if (name && !strstr(host->cpu_name, name))
            snprintf(host->cpu_name + length, sizeof host->cpu_name - length, "%s%s", length ? " + " : "", name);
    }
}

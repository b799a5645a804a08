#include "devices/host_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "devices/tree.h"

/* Value of key="value" in an os-release text; quotes taken off. */
static void os_release_value(const char *text, const char *key, char *value, size_t capacity)
{
    size_t length = strlen(key);

    for (const char *line = text; line && *line; line = tree_next_line(line)) {
        const char *at = line + length + 1;
        size_t count;

        if (strncmp(line, key, length) != 0 || line[length] != '=')
            continue;
        count = strcspn(at, "\r\n");
        if (count >= 2 && (*at == '"' || *at == '\'') && at[count - 1] == *at)
            at++, count -= 2;
        snprintf(value, capacity, "%.*s", (int)count, at);
        return;
    }
}

static void read_os_name(struct host *host, const char *root)
{
    static const char *const paths[] = {"etc/os-release", "usr/lib/os-release"};
    char text[4096];

    for (size_t i = 0; i < 2 && !host->os_name[0]; i++)
        if (tree_read(root, paths[i], text, sizeof text) > 0)
            os_release_value(text, "PRETTY_NAME", host->os_name, sizeof host->os_name);
}

static void read_kernel(struct host *host, const char *root)
{
    struct utsname names;
    char version[256];

    if (!root && uname(&names) == 0) {
        snprintf(host->kernel, sizeof host->kernel, "%.*s", (int)sizeof host->kernel - 1, names.release);
        snprintf(host->machine, sizeof host->machine, "%.*s", (int)sizeof host->machine - 1, names.machine);
        snprintf(host->hostname, sizeof host->hostname, "%.*s", (int)sizeof host->hostname - 1, names.nodename);
        return;
    }
    tree_read_line(root, "proc/sys/kernel/hostname", host->hostname, sizeof host->hostname);
    if (tree_read_line(root, "proc/sys/kernel/osrelease", host->kernel, sizeof host->kernel))
        return;
    /* "Linux version 6.1.0-18-amd64 (…) …" */
    if (tree_read_line(root, "proc/version", version, sizeof version) && strncmp(version, "Linux version ", 14) == 0)
        snprintf(host->kernel, sizeof host->kernel, "%.*s", (int)strcspn(version + 14, " "), version + 14);
}

static void read_huge_page_mode(struct host *host, const char *root)
{
    char line[128], *open, *close;

    if (!tree_read_line(root, "sys/kernel/mm/transparent_hugepage/enabled", line, sizeof line))
        return;
    open = strchr(line, '[');
    close = open ? strchr(open, ']') : NULL;
    if (close)
        snprintf(host->transparent_hugepage, sizeof host->transparent_hugepage, "%.*s", (int)(close - open - 1),
                 open + 1);
}

static unsigned parse_unsigned(const char *text)
{
    uint64_t value;

    return tree_parse_u64(text, &value) && value <= UINT32_MAX ? (unsigned)value : 0;
}

static unsigned find_unsigned(const char *cpuinfo, const char *key)
{
    char value[32];

    return tree_find_value(cpuinfo, key, value, sizeof value) ? parse_unsigned(value) : 0;
}

/* No file of a recorded tree holds what uname -m says; the form of /proc/cpuinfo tells. */
static void infer_machine(struct host *host, const char *cpuinfo, const char *flags)
{
    char value[32];

    if (strstr(flags, " lm "))
        snprintf(host->machine, sizeof host->machine, "x86_64");
    else if (tree_find_value(cpuinfo, "CPU architecture", value, sizeof value) && parse_unsigned(value) >= 8)
        snprintf(host->machine, sizeof host->machine, "aarch64");
    else if (tree_find_value(cpuinfo, "isa", value, sizeof value) && strncmp(value, "rv64", 4) == 0)
        snprintf(host->machine, sizeof host->machine, "riscv64");
}

static void read_processor(struct host *host, const char *cpuinfo, const struct cpuid_dump *dump)
{
    static const char *const name_keys[] = {"model name", "cpu model", "uarch"};
    enum { FLAGS_CAPACITY = 8192 };
    char *flags = calloc(1, FLAGS_CAPACITY);

    for (size_t i = 0; i < 3 && !host->cpu_name[0]; i++)
        tree_find_value(cpuinfo, name_keys[i], host->cpu_name, sizeof host->cpu_name);
    tree_find_value(cpuinfo, "vendor_id", host->cpu_vendor, sizeof host->cpu_vendor);
    if (!host->cpu_name[0])
        host_arm_name_find(host, cpuinfo);
    host->cpu_family = find_unsigned(cpuinfo, "cpu family");
    host->cpu_model = find_unsigned(cpuinfo, "model");
    host->cpu_stepping = find_unsigned(cpuinfo, "stepping");
    if (!flags)
        return;
    flags[0] = flags[1] = ' '; /* so that every word has blanks around it */
    if (!tree_find_value(cpuinfo, "flags", flags + 1, FLAGS_CAPACITY - 2) &&
        !tree_find_value(cpuinfo, "Features", flags + 1, FLAGS_CAPACITY - 2))
        tree_find_value(cpuinfo, "isa", flags + 1, FLAGS_CAPACITY - 2);
    strcat(flags, " ");
    if (!host->live) {
        host_features_parse(host, flags);
        infer_machine(host, cpuinfo, flags);
        if (strstr(flags, " hypervisor "))
            snprintf(host->hypervisor, sizeof host->hypervisor, "unnamed");
    }
    if (!host->live && dump->count) {
        host_features_from_cpuid(host, dump);
        host->features_source = CPUID_PATH;
        host_hypervisor_find(dump, host->hypervisor, sizeof host->hypervisor);
    }
    free(flags);
}

/* What the firmware of well-known virtual machines calls itself: product or vendor. */
static void name_hypervisor(struct host *host, const char *root)
{
    static const char *const names[][2] = {
        {"QEMU", "QEMU"},
        {"KVM", "KVM"},
        {"VMware", "VMware"},
        {"VirtualBox", "VirtualBox"},
        {"innotek", "VirtualBox"},
        {"Xen", "Xen"},
        {"Amazon EC2", "Amazon"},
        {"Google Compute Engine", "Google"},
        {"Parallels", "Parallels"},
        {"BHYVE", "bhyve"},
        {"Virtual Machine", "Hyper-V"},
    };
    char product[128], vendor[128], both[260];

    if (tree_read_line(root, "sys/hypervisor/type", product, sizeof product)) {
        snprintf(host->hypervisor, sizeof host->hypervisor, "%.*s", (int)sizeof host->hypervisor - 1, product);
        return;
    }
    tree_read_line(root, "sys/class/dmi/id/product_name", product, sizeof product);
    tree_read_line(root, "sys/class/dmi/id/sys_vendor", vendor, sizeof vendor);
    snprintf(both, sizeof both, "%s %s", product, vendor);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strstr(both, names[i][0]) && !strstr(product, "metal")) {
            snprintf(host->hypervisor, sizeof host->hypervisor, "%s", names[i][1]);
            return;
        }
}

/* Where hwloc had nothing to read, the blocks of /proc/cpuinfo still tell how many processors there are. */
static void count_processors(struct host *host, const char *cpuinfo)
{
    for (const char *line = cpuinfo; line && *line; line = tree_next_line(line))
        host->logical_cpus += strncmp(line, "processor\t", 10) == 0;
}

/* An emulator that passes the machine's own /proc through shows another processor there than CPUID does; the
 * microcode is then not ours. */
static void read_microcode(struct host *host, const char *cpuinfo)
{
    if (find_unsigned(cpuinfo, "cpu family") == host->cpu_family && find_unsigned(cpuinfo, "model") == host->cpu_model)
        tree_find_value(cpuinfo, "microcode", host->microcode, sizeof host->microcode);
}

void host_system_read(struct host *host, const char *root, const struct cpuid_dump *dump)
{
    int problem;
    char *cpuinfo = tree_read_all(root, "proc/cpuinfo", &problem);

    read_os_name(host, root);
    read_kernel(host, root);
    read_huge_page_mode(host, root);
    tree_read_line(root, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", host->governor, sizeof host->governor);
    if (cpuinfo) {
        if (!host->cpu_vendor[0])
            read_processor(host, cpuinfo, dump);
        read_microcode(host, cpuinfo);
        if (!host->logical_cpus)
            count_processors(host, cpuinfo);
    }
    /* An x86 processor itself says whether it is a guest; firmware names then only add which. */
    if (strcmp(host->hypervisor, "unnamed") == 0 || (host->machine[0] && !strstr(host->machine, "86")))
        name_hypervisor(host, root);
    free(cpuinfo);
}

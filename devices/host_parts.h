/* The pieces that host_read puts together; private to devices/host*.c and their tests. */
#ifndef POCKETMARK_DEVICES_HOST_PARTS_H
#define POCKETMARK_DEVICES_HOST_PARTS_H

#include "devices/host.h"
#include "devices/host_cpuid.h"

/* Sets features, isa and amx from CPUID and what the operating system saves (XCR0): what the cores of all kinds have. */
void host_features_from_cpuid(struct host *host, const struct cpuid_dump *dump);

/* The same from the running processor: CPUID, AT_HWCAP on Arm, riscv_hwprobe on RISC-V. Fills the dump on x86. */
void host_features_detect(struct host *host, struct cpuid_dump *dump);

/* The same from the words of a "flags" or "Features" line of /proc/cpuinfo, or an "isa" line of RISC-V, which name only what
 * the kernel enables. */
void host_features_parse(struct host *host, const char *words);

/* Name of the hypervisor that CPUID tells, empty on bare metal and where CPUID does not exist. */
void host_hypervisor_find(const struct cpuid_dump *dump, char *name, size_t capacity);

/* The running processor's CPUID as the text of a recorded tree; free() it. NULL: no such processor, or no memory. */
char *host_cpuid_text(const struct host *host);

/* Settles kind of every processor and the kinds themselves. On entry cpus[].kind is hwloc's rank (higher = faster) or −1; sets
 * clocks, capacity and part of each from the tree. */
void host_kinds_settle(struct host *host, const char *root, const struct cpuid_dump *dump);

/* Name of Arm's own core by part number, NULL where it is not in the table. */
const char *host_arm_part_name(unsigned long part);

/* Texts of /proc, /sys and os-release: operating system, kernel, governor, huge pages, microcode; of a recorded tree
 * also processor name, vendor, family, model, stepping, features, hypervisor and machine. Counts processors where
 * the topology gave none: call it after that. root NULL: the running machine. dump: of a recorded tree; where it holds
 * something, features come from it. */
void host_system_read(struct host *host, const char *root, const struct cpuid_dump *dump);

/* Sets codename from vendor, family and model; empty where they are not known for sure. */
void host_codename_find(struct host *host);

/* Sets cpu_name and cpu_vendor of a processor with Arm's own cores from /proc/cpuinfo, each kind of core once:
 * "Cortex-A55 + Cortex-A76". Others are left as they are. */
void host_arm_name_find(struct host *host, const char *cpuinfo);

#endif

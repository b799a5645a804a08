/* The pieces that host_read puts together; private to devices/host*.c and their tests. */
#ifndef POCKETMARK_DEVICES_HOST_PARTS_H
#define POCKETMARK_DEVICES_HOST_PARTS_H

#include "devices/host.h"

/* Sets features and isa from the running processor: CPUID and what the operating system enables (XCR0), or HWCAP on
 * Arm. */
void host_features_detect(struct host *host);

/* Sets features and isa from the words of a "flags" or "Features" line of /proc/cpuinfo, which names only what the
 * kernel enables. */
void host_features_parse(struct host *host, const char *words);

/* Name of the hypervisor that the running processor's CPUID tells, empty on bare metal and where CPUID does not
 * exist. */
void host_hypervisor_detect(char *name, size_t capacity);

/* Texts of /proc, /sys and os-release: operating system, kernel, governor, huge pages, microcode; of a recorded tree
 * also processor name, vendor, family, model, stepping, features, hypervisor and machine. Counts processors where
 * the topology gave none: call it after that. root NULL: the running machine. */
void host_system_read(struct host *host, const char *root);

/* Sets codename from vendor, family and model; empty where they are not known for sure. */
void host_codename_find(struct host *host);

/* Sets cpu_name and cpu_vendor of a processor with Arm's own cores from /proc/cpuinfo, each kind of core once:
 * "Cortex-A55 + Cortex-A76". Others are left as they are. */
void host_arm_name_find(struct host *host, const char *cpuinfo);

#endif

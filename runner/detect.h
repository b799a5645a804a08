/* The machine as facts: what the result document's "device" block and the command `detect` show. */
#ifndef POCKETMARK_RUNNER_DETECT_H
#define POCKETMARK_RUNNER_DETECT_H

#include "devices/host.h"
#include "devices/memory.h"
#include "reports/facts.h"

/* Processor, memory, operating system and energy sources: cpu.*, memory.*, os.*, governor, transparent_hugepage,
 * hypervisor, accelerators[], energy_sources[]. What is not known is null with its reason. memory: NULL where it could not be read.
 * root: the folder that energy sources are looked for in, NULL for the running machine; each source is opened and
 * closed. Neither the host name nor any serial number is told. */
void detect_facts(struct facts *facts, const struct host *host, const struct memory *memory, const char *root);

/* The whole device block: device_id, kind, kind_basis, memory_bytes, and all of detect_facts. device_id is "d-" and
 * 16 hexadecimal digits, the same on every run on one installation, and cannot be turned back into what it was made
 * from. A live host with sensors from a root is of kind "emulated". */
void detect_device(struct facts *device, const struct host *host, const struct memory *memory, const char *root);

/* Adds "sources": what told each value, in the shape of the block itself, as sources.PATH; where it holds a text in place of an
 * object or a list, that told all of it. Parts that name a source of their own (energy_sources, accelerators) are left out. */
void detect_sources(struct facts *device, const struct host *host);

#endif

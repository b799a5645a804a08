/* A drawing of the processor: packages, NUMA nodes and third-level caches as boxes, cores of a kind as one line. */
#ifndef POCKETMARK_RUNNER_DETECT_TOPOLOGY_H
#define POCKETMARK_RUNNER_DETECT_TOPOLOGY_H

#include <stdio.h>

#include "devices/host.h"
#include "reports/writer.h"

/* Indented by two columns, within the style's width. Neighbours that are alike are drawn once, with how many there are. Nothing
 * where the processors are not known. */
void detect_topology_print(const struct host *host, const struct writer_style *style, FILE *out);

#endif

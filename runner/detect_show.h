/* The machine as people like to read it. */
#ifndef POCKETMARK_RUNNER_DETECT_SHOW_H
#define POCKETMARK_RUNNER_DETECT_SHOW_H

#include <stdio.h>

#include "devices/host.h"
#include "reports/facts.h"
#include "reports/writer.h"

/* Every fact that has a label, in groups by the beginning of its path: Device, Processor with its drawing, Memory, Accelerators,
 * Energy, Sensors, Software. Values begin at one column; what is unknown is told dimly with its reason. */
void detect_show(const struct facts *facts, const struct host *host, const struct writer_style *style, FILE *out);

#endif

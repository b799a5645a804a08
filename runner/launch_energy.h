/* Energy of a launch: idle before and after, and windows of prefill and decode between. All channels are read at once; the
 * preferred one gives the figures, the others become observations. */
#ifndef POCKETMARK_RUNNER_LAUNCH_ENERGY_H
#define POCKETMARK_RUNNER_LAUNCH_ENERGY_H

#include <stdio.h>

#include "runner/options.h"

enum energy_phase { ENERGY_PREFILL, ENERGY_DECODE, ENERGY_PHASES };

struct launch_energy;

/* Opens the sources and, where there is one, watches the idle machine: before anything else is begun. Tells why figures are
 * missing, until launch_energy_close knows better. NULL: out of memory. */
struct launch_energy *launch_energy_open(const struct options *options, FILE *out);

/* Around the work of one phase, outside the timed region. tokens 0: the window does not count. */
void launch_energy_begin(struct launch_energy *energy);
void launch_energy_end(struct launch_energy *energy, enum energy_phase phase, size_t tokens);

/* Were the windows of a phase too short for the source, and would one within --energy-seconds do? */
bool launch_energy_is_short(struct launch_energy *energy, enum energy_phase phase);

/* Then: repeats `work`, of so many tokens each time, in one long window that replaces the others. Returns what `work` returned. */
enum status launch_energy_lengthen(struct launch_energy *energy, enum energy_phase phase, size_t tokens,
                                   enum status (*work)(void *context, struct error *error), void *context,
                                   struct error *error);

/* After the work is done and given back: watches the idle machine once more and tells figures and observations. `told` false: the
 * launch failed, nothing is told. NULL is fine. */
void launch_energy_close(struct launch_energy *energy, bool told);

#endif

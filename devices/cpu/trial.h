/* Single products outside any model: matmul work, and the kernels' check against float64. */
#ifndef POCKETMARK_DEVICES_CPU_TRIAL_H
#define POCKETMARK_DEVICES_CPU_TRIAL_H

#include "devices/cpu/cpu.h"

/* Packs copies of one synthetic matrix, together beyond the caches where each weight is read once a token, and makes random
 * activations. Replaces an earlier trial. */
enum status cpu_trial_open(struct cpu *cpu, const struct host *host, const struct matmul *matmul, struct error *error);

/* One product with the next copy; out: tokens × rows floats or NULL. Activations are quantised anew, as in a forward pass. */
void cpu_trial_run(struct cpu *cpu, float *out);

/* Chooses how one-token products walk memory, on these copies; see tune.h. */
void cpu_trial_tune(struct cpu *cpu);

enum dtype cpu_trial_type(const struct cpu *cpu); /* of the weights of the open trial */

void cpu_trial_close(struct cpu *cpu);

/* Largest NMSE over the distinct matrices of `model` and 1, 13 and `tokens` tokens, of a few panels each. */
enum status cpu_self_check(struct cpu *cpu, const struct model *model, size_t tokens, double *nmse,
                           struct error *error);

#endif

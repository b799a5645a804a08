/* What the readers of models share: which architectures there are, and what their tensors are. See also model_lay_out. */
#ifndef POCKETMARK_WORKLOADS_LAYOUT_H
#define POCKETMARK_WORKLOADS_LAYOUT_H

#include "workloads/model.h"

/* STATUS_UNSUPPORTED, naming the ones that are known, where `architecture` is not among them. */
enum status layout_check_architecture(const char *architecture, struct error *error);

/* Norms and rotation divisors: one row, stored as f32 in every file. Everything else is a matrix. */
bool layout_is_vector(enum role role);

/* STATUS_FORMAT, naming the first that is not finite and above 0, among the divisors that are in use. */
enum status layout_check_divisors(const struct model *model, struct error *error);

#endif

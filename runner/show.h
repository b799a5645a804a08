/* Facts for people: one line each, label and value. */
#ifndef POCKETMARK_RUNNER_SHOW_H
#define POCKETMARK_RUNNER_SHOW_H

#include <stdio.h>

#include "kernels/base.h"
#include "reports/facts.h"

/* The value with its unit; "unknown: reason" for null. */
void show_value(const struct fact *fact, char *out, size_t size);

/* Prints every fact that has a label, with its unit; null facts show their reason. */
void show_facts(const struct facts *facts, FILE *out);

/* Prints all of them as one JSON object. */
enum status show_json(const struct facts *facts, FILE *out, struct error *error);

#endif

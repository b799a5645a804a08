#include "runner/plan_name.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Lower case, and only what a cell's id may hold. */
static void make_id(char *id)
{
    for (; *id; id++) {
        *id = (char)tolower((unsigned char)*id);
        if (!isalnum((unsigned char)*id) && !strchr("._+-", *id))
            *id = '-';
    }
}

static void append(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void append(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

void plan_name_case(struct plan_case *item, bool many_engines)
{
    const struct subject *subject = item->subject;
    bool output_differs = subject->output_differs;

    if (item->kind == CASE_MATMUL) {
        const struct matmul work = matmul_of(&subject->model, &item->tensor, item->prompt_tokens, 0);
        snprintf(item->id, sizeof item->id, "matmul.%s.%s.m%zu", work.name, dtype_info(work.type)->name, work.tokens);
        snprintf(item->title, sizeof item->title, "%s %s × %zu", work.name, dtype_info(work.type)->name, work.tokens);
    } else {
        snprintf(item->id, sizeof item->id, "%s.%s%s%s.p%zu.n%zu", subject->model.name, subject->format,
                 output_differs ? ".out-" : "", output_differs ? subject->output : "", item->prompt_tokens,
                 item->generated_tokens);
        snprintf(item->title, sizeof item->title, "%s%s %s%s%s", subject->model.name, subject->file ? " (file)" : "",
                 subject->format, output_differs ? "/" : "", output_differs ? subject->output : "");
        if (*item->scenario)
            append(item->title, sizeof item->title, " %s", item->scenario);
        if (item->depth_tokens) {
            append(item->id, sizeof item->id, ".d%zu", item->depth_tokens);
            append(item->title, sizeof item->title, " d%zu", item->depth_tokens);
        }
        if (item->context_tokens != item->depth_tokens + item->prompt_tokens + item->generated_tokens)
            append(item->id, sizeof item->id, ".c%zu", item->context_tokens);
        if (item->kv_type != DTYPE_F16) {
            append(item->id, sizeof item->id, ".kv-%s", dtype_info(item->kv_type)->name);
            append(item->title, sizeof item->title, " kv %s", dtype_info(item->kv_type)->name);
        }
    }
    if (item->no_repack) {
        append(item->id, sizeof item->id, ".no-repack");
        append(item->title, sizeof item->title, " not repacked");
    }
    if (item->threads) {
        append(item->id, sizeof item->id, ".t%zu", item->threads);
        append(item->title, sizeof item->title, " t%zu", item->threads);
    } else if (item->choice) {
        append(item->id, sizeof item->id, ".t%s", item->choice);
        append(item->title, sizeof item->title, " t %s", item->choice);
    }
    if (strcmp(item->engine->name, "cpu") != 0)
        append(item->id, sizeof item->id, ".%s", item->engine->name);
    if (many_engines)
        append(item->title, sizeof item->title, " %s", item->engine->name);
    make_id(item->id);
}

void plan_make_unique(const struct plan *plan, struct plan_case *item)
{
    char base[CELL_ID_MAX];
    unsigned number = 1;

    snprintf(base, sizeof base, "%.*s", CELL_ID_MAX - 8, item->id);
    for (size_t i = 0; i < plan->case_count; i++)
        if (&plan->cases[i] != item && strcmp(plan->cases[i].id, item->id) == 0) {
            snprintf(item->id, sizeof item->id, "%.*s.%u", CELL_ID_MAX - 8, base, ++number);
            i = (size_t)-1;
        }
}

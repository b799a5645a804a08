#include "runner/cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/provenance.h"
#include "workloads/gguf.h"
#include "workloads/matmul.h"

/* Names and shapes of all tensors: equal for the same model whatever its types. */
static void hash_shape(const struct model *model, char hex[DIGEST_HEX])
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    *hex = '\0';
    if (!stream)
        return;
    for (size_t i = 0; i < model->tensor_count; i++)
        fprintf(stream, "%s %zu %zu\n", model->tensors[i].name, model->tensors[i].rows, model->tensors[i].columns);
    if (fclose(stream) == 0)
        digest_bytes(text, size, hex);
    free(text);
}

/* Of the sizes of a model's files and the hashes of their heads. Returns how many files there are. */
static size_t hash_index(const struct weights *weights, char hex[DIGEST_HEX])
{
    char *text = NULL, part[DIGEST_HEX];
    struct gguf_front head;
    size_t size = 0, parts = 0;
    FILE *stream = open_memstream(&text, &size);

    *hex = '\0';
    if (!stream)
        return 0;
    for (; gguf_front(weights, parts, &head); parts++) {
        digest_bytes(head.bytes, head.size, part);
        fprintf(stream, "%zu %s\n", head.file_bytes, part);
    }
    if (fclose(stream) == 0)
        digest_bytes(text, size, hex);
    free(text);
    return parts;
}

/* The two hashes of a model file: of its head, which is quick, and of all of it. */
struct file_hashes {
    char index[DIGEST_HEX], whole[DIGEST_HEX];
    const char *reason; /* why there is no hash of the whole */
};

static enum status hash_file(struct file_hashes *hashes, const struct plan *plan, const struct subject *subject,
                             struct error *error)
{
    size_t parts = hash_index(subject->weights, hashes->index);

    hashes->whole[0] = '\0';
    hashes->reason = parts == 1 ? "not asked for: --hash-model" : "the model lies in several files";
    return plan->hash_model && parts == 1 ? digest_file(subject->request, hashes->whole, error) : STATUS_OK;
}

static void tell_model(struct facts *facts, const struct plan_case *item, const struct file_hashes *hashes)
{
    const struct subject *subject = item->subject;
    char shape[DIGEST_HEX];

    hash_shape(&subject->model, shape);
    facts_text(facts, "name", NULL, subject->model.name);
    facts_text(facts, "architecture", NULL, subject->model.architecture_name);
    facts_text(facts, "quantization", NULL,
               item->kind == CASE_MATMUL ? dtype_info(item->tensor.type)->name : subject->format);
    facts_text(facts, "output_tensor_type", NULL, subject->output);
    facts_text(facts, "weights", NULL, subject->file ? "file" : "synthetic");
    facts_integer(facts, "parameter_count", NULL, (int64_t)model_parameter_count(&subject->model));
    facts_integer(facts, "stored_bytes", NULL, (int64_t)model_stored_bytes(&subject->model));
    facts_text_or_null(facts, "license", NULL, subject->model.license, "the model does not tell");
    if (*shape)
        facts_text(facts, "shape_sha256", NULL, shape);
    if (subject->file) {
        facts_text_or_null(facts, "file_sha256", NULL, hashes->whole, hashes->reason);
        facts_text_or_null(facts, "index_sha256", NULL, hashes->index, "out of memory");
        facts_integer(facts, "file_bytes", NULL, (int64_t)gguf_file_bytes(subject->weights));
    }
}

static void tell_engine(struct facts *facts, const struct plan_case *item, const char *binary)
{
    facts_text(facts, "name", NULL, item->engine->name);
    facts_text(facts, "version", NULL, provenance_version());
    facts_text(facts, "backend", NULL, item->engine->name);
    if (*provenance_commit())
        facts_text(facts, "git_commit", NULL, provenance_commit());
    facts_text(facts, "binary_sha256", NULL, binary);
}

static void tell_parameters(struct facts *facts, const struct plan_case *item)
{
    static const char *const workloads[] = {
        [CASE_LLM] = "llm", [CASE_SUSTAINED] = "sustained", [CASE_MATMUL] = "matmul"};

    facts_text(facts, "workload", NULL, workloads[item->kind]);
    if (item->kind == CASE_MATMUL) {
        const struct matmul work = matmul_of(&item->subject->model, &item->tensor, item->prompt_tokens, 0);
        facts_text(facts, "matrix", NULL, work.name);
        facts_integer(facts, "rows", NULL, (int64_t)work.rows);
        facts_integer(facts, "columns", NULL, (int64_t)work.columns);
        facts_integer(facts, "tokens", NULL, (int64_t)work.tokens);
    } else {
        facts_integer(facts, "prompt_tokens", NULL, (int64_t)item->prompt_tokens);
        facts_integer(facts, "generated_tokens", NULL, (int64_t)item->generated_tokens);
        facts_integer(facts, "depth_tokens", NULL, (int64_t)item->depth_tokens);
        facts_integer(facts, "context_tokens", NULL, (int64_t)item->context_tokens);
        facts_text(facts, "kv_type", NULL, dtype_info(item->kv_type)->name);
        if (*item->scenario)
            facts_text(facts, "scenario", NULL, item->scenario);
    }
    if (item->no_repack)
        facts_text(facts, "repack", NULL, "no");
    if (item->threads)
        facts_integer(facts, "threads", NULL, (int64_t)item->threads);
    else
        facts_text(facts, "threads", NULL, item->choice ? item->choice : "auto");
}

enum status cells_add(struct record *record, const struct plan *plan, const char binary[DIGEST_HEX],
                      struct error *error)
{
    const struct subject *hashed = NULL;
    struct file_hashes hashes = {0};

    for (size_t i = 0; i < plan->case_count; i++) {
        const struct plan_case *item = &plan->cases[i];
        struct cell *cell;

        /* cases of one file stand together */
        if (item->subject->file && item->subject != hashed) {
            enum status status = hash_file(&hashes, plan, item->subject, error);
            if (status)
                return status;
            hashed = item->subject;
        }
        cell = record_add_cell(record, item->id);
        if (!cell)
            return error_set(error, STATUS_MEMORY, "out of memory for %zu cases", plan->case_count);
        snprintf(cell->title, sizeof cell->title, "%s", item->title);
        tell_model(&cell->model, item, &hashes);
        tell_engine(&cell->engine, item, binary);
        tell_parameters(&cell->parameters, item);
    }
    return STATUS_OK;
}

void cells_tell_workload(struct facts *workload, const struct plan *plan)
{
    facts_text(workload, "name", NULL, plan->name);
    facts_text(workload, "version", NULL, plan->version);
    facts_text(workload, "definition_sha256", NULL, plan->definition);
    facts_text(workload, "mode", NULL, plan->standard ? "standard" : "custom");
    facts_integer(workload, "seed", NULL, (int64_t)plan->seed);
}

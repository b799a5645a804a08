#include "workloads/gguf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workloads/gguf_keys.h"
#include "workloads/gguf_parts.h"
#include "workloads/layout.h"

/* Where a tensor of the model lies. */
struct place {
    const unsigned char *bytes;
    const struct gguf_part *part;
};

/* An open file, or several that are one: the places of model->tensors. */
struct gguf_weights {
    struct weights weights;
    struct gguf_parts parts;
    struct place *places;
};

/* ggml_type numbers, for messages alone (ggml.h). */
static const struct {
    uint32_t number;
    const char *name;
} foreign_types[] = {
    {6, "q5_0"},     {7, "q5_1"},    {9, "q8_1"},     {10, "q2_K"},  {11, "q3_K"},  {15, "q8_K"},
    {16, "iq2_xxs"}, {17, "iq2_xs"}, {18, "iq3_xxs"}, {19, "iq1_s"}, {21, "iq3_s"}, {22, "iq2_s"},
    {23, "iq4_xs"},  {24, "i8"},     {25, "i16"},     {26, "i32"},   {27, "i64"},   {28, "f64"},
    {29, "iq1_m"},   {34, "tq1_0"},  {35, "tq2_0"},   {39, "mxfp4"},
};

static enum status refuse_type(const struct tensor *tensor, uint32_t number, struct error *error)
{
    char supported[128] = "";
    size_t used = 0;

    for (int i = 0; i < DTYPE_MODELS && used < sizeof supported; i++)
        used += (size_t)snprintf(supported + used, sizeof supported - used, "%s%s", i ? ", " : "",
                                 dtype_info((enum dtype)i)->name);
    for (size_t i = 0; i < sizeof foreign_types / sizeof *foreign_types; i++)
        if (foreign_types[i].number == number)
            return error_set(error, STATUS_UNSUPPORTED,
                             "tensor '%s' is of type %s, which is not supported; supported: %s", tensor->name,
                             foreign_types[i].name, supported);
    return error_set(error, STATUS_UNSUPPORTED, "tensor '%s' is of unknown type %" PRIu32, tensor->name, number);
}

static enum status judge_type(struct tensor *tensor, uint32_t number, struct error *error)
{
    if (!dtype_from_gguf(number, &tensor->type))
        return refuse_type(tensor, number, error);
    if (tensor->type == DTYPE_F32 || !layout_is_vector(tensor->role))
        return STATUS_OK;
    return error_set(error, STATUS_UNSUPPORTED, "tensor '%s' is of type %s; a vector must be f32", tensor->name,
                     dtype_info(tensor->type)->name);
}

/* Judges one tensor of the file, and finds where it begins. */
static enum status place_tensor(struct tensor *tensor, const struct gguf_part *part, const struct gguf_entry *entry,
                                struct place *place, struct error *error)
{
    const uint64_t *dimensions = entry->dimensions;
    size_t data_bytes = part->size - part->index.data_offset, block;
    uint64_t bytes;
    enum status status = judge_type(tensor, entry->type, error);

    if (status)
        return status;
    if (dimensions[0] != tensor->columns || dimensions[1] != tensor->rows || dimensions[2] != 1 || dimensions[3] != 1)
        return error_set(error, STATUS_FORMAT,
                         "tensor '%s' has %" PRIu64 " rows of %" PRIu64 " elements%s; the keys ask for %zu of %zu",
                         tensor->name, dimensions[1], dimensions[0],
                         dimensions[2] != 1 || dimensions[3] != 1 ? ", many times over" : "", tensor->rows,
                         tensor->columns);
    block = dtype_info(tensor->type)->block_elements;
    if (tensor->columns % block != 0)
        return error_set(error, STATUS_FORMAT,
                         "tensor '%s' has rows of %zu elements, which is no multiple of the %zu of a block of %s",
                         tensor->name, tensor->columns, block, dtype_info(tensor->type)->name);
    bytes = (uint64_t)tensor->rows * dtype_row_bytes(tensor->type, tensor->columns);
    if (entry->offset > data_bytes || bytes > data_bytes - entry->offset)
        return error_set(error, STATUS_FORMAT,
                         "tensor '%s' (%" PRIu64 " bytes at %" PRIu64 ") runs past the end of the data, %zu bytes; is "
                         "the file cut short?",
                         tensor->name, bytes, entry->offset, data_bytes);
    *place = (struct place){part->bytes + part->index.data_offset + (size_t)entry->offset, part};
    return STATUS_OK;
}

static enum status refuse_extras(const struct gguf_part *part, const struct model *model, struct error *error)
{
    for (size_t i = 0; i < part->index.entry_count; i++) {
        struct gguf_text name = part->index.entries[i].name;
        bool known = false;

        for (size_t j = 0; j < model->tensor_count && !known; j++)
            known = strlen(model->tensors[j].name) == name.length &&
                    memcmp(model->tensors[j].name, name.bytes, name.length) == 0;
        if (!known)
            return error_set(error, STATUS_UNSUPPORTED, "tensor '%s' is none of a %s model's", gguf_show(name).text,
                             model->architecture_name);
    }
    return STATUS_OK;
}

/* Every tensor of the model must be in the file, and no other. */
static enum status place_tensors(struct gguf_weights *file, struct model *model, struct error *error)
{
    enum status status = STATUS_OK;
    size_t entry_count = 0;

    file->places = calloc(model->tensor_count, sizeof *file->places);
    if (!file->places)
        return error_set(error, STATUS_MEMORY, "no memory for the places of %zu tensors", model->tensor_count);
    for (size_t i = 0; i < model->tensor_count && !status; i++) {
        const struct gguf_part *part;
        const struct gguf_entry *entry = gguf_parts_entry(&file->parts, model->tensors[i].name, &part);

        status = entry ? place_tensor(&model->tensors[i], part, entry, &file->places[i], error)
                       : error_set(error, STATUS_FORMAT, "tensor '%s' is missing", model->tensors[i].name);
    }
    for (size_t i = 0; i < file->parts.count; i++)
        entry_count += file->parts.items[i].index.entry_count;
    /* Names are unique on both sides: equal counts leave nothing over. */
    for (size_t i = 0; i < file->parts.count && !status && entry_count != model->tensor_count; i++)
        status = refuse_extras(&file->parts.items[i], model, error);
    return status;
}

struct span {
    uintptr_t begin, end;
    const char *name;
};

static int compare_spans(const void *a, const void *b)
{
    const struct span *x = a, *y = b;

    return (x->begin > y->begin) - (x->begin < y->begin);
}

static enum status refuse_overlaps(const struct gguf_weights *file, const struct model *model, struct error *error)
{
    struct span *spans = calloc(model->tensor_count, sizeof *spans);
    enum status status = STATUS_OK;

    if (!spans)
        return error_set(error, STATUS_MEMORY, "no memory for the places of %zu tensors", model->tensor_count);
    for (size_t i = 0; i < model->tensor_count; i++) {
        const struct tensor *tensor = &model->tensors[i];
        size_t bytes = tensor->rows * dtype_row_bytes(tensor->type, tensor->columns);
        uintptr_t begin = (uintptr_t)file->places[i].bytes;
        spans[i] = (struct span){begin, begin + bytes, tensor->name};
    }
    qsort(spans, model->tensor_count, sizeof *spans, compare_spans);
    for (size_t i = 1; i < model->tensor_count && !status; i++)
        if (spans[i].begin < spans[i - 1].end)
            status = error_set(error, STATUS_FORMAT, "tensors '%s' and '%s' overlap", spans[i - 1].name, spans[i].name);
    free(spans);
    return status;
}

static enum status read_divisors(const struct gguf_weights *file, struct model *model, struct error *error)
{
    const struct {
        enum role role;
        float *divisors;
    } lists[] = {
        {ROLE_ROPE_FREQS, model->rope.divisors},
        {ROLE_ROPE_LONG, model->rope.divisors},
        {ROLE_ROPE_SHORT, model->rope.short_divisors},
    };

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const struct tensor *tensor = model_tensor(model, lists[i].role, -1);
        for (size_t j = 0; tensor && j < tensor->columns; j++)
            lists[i].divisors[j] = gguf_float(file->places[tensor - model->tensors].bytes + 4 * j);
    }
    return layout_check_divisors(model, error);
}

static enum status interpret(struct gguf_weights *file, struct model *model, const char *origin, struct error *error)
{
    enum status status = gguf_read_keys(model, &file->parts, origin, error);

    if (!status)
        status = model_lay_out(model, error);
    if (!status)
        status = place_tensors(file, model, error);
    if (!status)
        status = refuse_overlaps(file, model, error);
    return status ? status : read_divisors(file, model, error);
}

static size_t row_bytes(const struct weights *weights, size_t tensor)
{
    return dtype_row_bytes(weights->model->tensors[tensor].type, weights->model->tensors[tensor].columns);
}

static const void *file_view(const struct weights *weights, size_t tensor, size_t first)
{
    const struct gguf_weights *file = (const struct gguf_weights *)weights;

    return file->places[tensor].bytes + first * row_bytes(weights, tensor);
}

static void file_read(const struct weights *weights, size_t tensor, size_t first, size_t count, void *out)
{
    memcpy(out, file_view(weights, tensor, first), count * row_bytes(weights, tensor));
}

/* Only whole pages: the rest of the outer ones may hold rows that are still wanted. */
static void file_release(const struct weights *weights, size_t tensor, size_t first, size_t count)
{
    const struct place *place = &((const struct gguf_weights *)weights)->places[tensor];
    size_t page = (size_t)sysconf(_SC_PAGESIZE),
           begin = (size_t)(place->bytes - place->part->bytes) + first * row_bytes(weights, tensor),
           end = begin + count * row_bytes(weights, tensor);

    begin = (begin + page - 1) / page * page;
    end = end / page * page;
    if (begin < end)
        madvise((void *)(place->part->bytes + begin), end - begin, MADV_DONTNEED);
}

/* The mapping was made for reading once. Where a kernel does not know one of these words, pages come in on first use. */
static void file_retain(const struct weights *weights)
{
    static const int advices[] = {MADV_NORMAL, MADV_HUGEPAGE, MADV_WILLNEED, MADV_POPULATE_READ};
    const struct gguf_parts *parts = &((const struct gguf_weights *)weights)->parts;

    for (size_t i = 0; i < parts->count; i++)
        for (size_t a = 0; a < sizeof advices / sizeof *advices; a++)
            madvise((void *)parts->items[i].bytes, parts->items[i].size, advices[a]);
}

static void file_close(struct weights *weights)
{
    struct gguf_weights *file = (struct gguf_weights *)weights;

    gguf_parts_close(&file->parts);
    free(file->places);
    free(file);
}

static const struct weights_ops file_ops = {"file", file_read, file_view, file_release, file_retain, file_close};
static const struct weights_ops memory_ops = {"file", file_read, file_view, NULL, NULL, file_close};

/* Takes the parts over, and closes them in case of an error. */
static enum status open_parts(struct weights **weights, struct model *model, const struct weights_ops *ops,
                              struct gguf_parts parts, const char *origin, struct error *error)
{
    struct gguf_weights *file = calloc(1, sizeof *file);
    enum status status;

    if (!file) {
        gguf_parts_close(&parts);
        return error_set(error, STATUS_MEMORY, "%s: no memory to open a model", origin);
    }
    *file = (struct gguf_weights){.weights = {ops, model}, .parts = parts};
    status = interpret(file, model, origin, error);
    if (status) {
        file_close(&file->weights);
        model_free(model);
        return error ? error_prefix(error, "%s", origin) : status;
    }
    *weights = &file->weights;
    return STATUS_OK;
}

enum status gguf_open_memory(struct weights **weights, struct model *model, const void *bytes, size_t size,
                             const char *origin, struct error *error)
{
    struct gguf_parts parts;
    enum status status;

    *weights = NULL;
    *model = (struct model){0};
    status = gguf_parts_read(&parts, bytes, size, origin, error);
    return status ? status : open_parts(weights, model, &memory_ops, parts, origin, error);
}

enum status gguf_open(struct weights **weights, struct model *model, const char *path, struct error *error)
{
    struct gguf_parts parts;
    enum status status;

    *weights = NULL;
    *model = (struct model){0};
    status = gguf_parts_open(&parts, path, error);
    return status ? status : open_parts(weights, model, &file_ops, parts, path, error);
}

size_t gguf_file_bytes(const struct weights *weights)
{
    const struct gguf_weights *file = (const struct gguf_weights *)weights;
    size_t bytes = 0;

    for (size_t i = 0; i < file->parts.count; i++)
        bytes += file->parts.items[i].size;
    return bytes;
}

enum status gguf_drop_cache(const struct weights *weights, double *kept_ratio, struct error *error)
{
    return gguf_parts_drop_cache(&((const struct gguf_weights *)weights)->parts, kept_ratio, error);
}

bool gguf_front(const struct weights *weights, size_t part, struct gguf_front *head)
{
    const struct gguf_weights *file = (const struct gguf_weights *)weights;
    const struct gguf_part *own;

    if (part >= file->parts.count)
        return false;
    own = &file->parts.items[part];
    *head = (struct gguf_front){own->bytes, own->index.data_offset, own->size};
    return true;
}

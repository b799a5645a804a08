#include "workloads/gguf.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workloads/gguf_index.h"
#include "workloads/gguf_keys.h"
#include "workloads/layout.h"

/* An open file: where each of model->tensors begins in it. */
struct gguf_weights {
    struct weights weights;
    const unsigned char *bytes;
    size_t size;
    size_t *offsets;
};

/* ggml_type numbers, for messages alone (ggml.h). */
static const struct {
    uint32_t number;
    const char *name;
} foreign_types[] = {
    {3, "q4_1"},    {6, "q5_0"},   {7, "q5_1"},   {9, "q8_1"},     {10, "q2_K"},   {11, "q3_K"},    {12, "q4_K"},
    {13, "q5_K"},   {14, "q6_K"},  {15, "q8_K"},  {16, "iq2_xxs"}, {17, "iq2_xs"}, {18, "iq3_xxs"}, {19, "iq1_s"},
    {20, "iq4_nl"}, {21, "iq3_s"}, {22, "iq2_s"}, {23, "iq4_xs"},  {24, "i8"},     {25, "i16"},     {26, "i32"},
    {27, "i64"},    {28, "f64"},   {29, "iq1_m"}, {30, "bf16"},    {34, "tq1_0"},  {35, "tq2_0"},   {39, "mxfp4"},
};

static enum status judge_type(struct tensor *tensor, uint32_t number, struct error *error)
{
    const char *name = "";

    if (dtype_from_gguf(number, &tensor->type)) {
        if (tensor->type == DTYPE_F32 || !layout_is_vector(tensor->role))
            return STATUS_OK;
        return error_set(error, STATUS_UNSUPPORTED, "tensor '%s' is of type %s; a vector must be f32", tensor->name,
                         dtype_info(tensor->type)->name);
    }
    for (size_t i = 0; i < sizeof foreign_types / sizeof *foreign_types; i++)
        if (foreign_types[i].number == number)
            name = foreign_types[i].name;
    if (*name)
        return error_set(error, STATUS_UNSUPPORTED,
                         "tensor '%s' is of type %s, which is not supported; supported: f32, f16, q8_0, q4_0",
                         tensor->name, name);
    return error_set(error, STATUS_UNSUPPORTED, "tensor '%s' is of unknown type %" PRIu32, tensor->name, number);
}

/* Judges one tensor of the file, and finds where it begins. */
static enum status place_tensor(struct tensor *tensor, const struct gguf_index *index, const struct gguf_entry *entry,
                                size_t file_bytes, size_t *offset, struct error *error)
{
    const uint64_t *dimensions = entry->dimensions;
    size_t data_bytes = file_bytes - index->data_offset, block;
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
    *offset = index->data_offset + (size_t)entry->offset;
    return STATUS_OK;
}

/* Every tensor of the model must be in the file, and no other. */
static enum status place_tensors(struct gguf_weights *file, struct model *model, const struct gguf_index *index,
                                 struct error *error)
{
    bool *used = calloc(index->entry_count + 1, sizeof *used);
    enum status status = STATUS_OK;

    file->offsets = calloc(model->tensor_count, sizeof *file->offsets);
    if (!used || !file->offsets) {
        status = error_set(error, STATUS_MEMORY, "no memory for the places of %zu tensors", model->tensor_count);
        goto out;
    }
    for (size_t i = 0; i < model->tensor_count && !status; i++) {
        const struct gguf_entry *entry = gguf_index_entry(index, model->tensors[i].name);
        if (!entry) {
            status = error_set(error, STATUS_FORMAT, "tensor '%s' is missing", model->tensors[i].name);
            goto out;
        }
        used[entry - index->entries] = true;
        status = place_tensor(&model->tensors[i], index, entry, file->size, &file->offsets[i], error);
    }
    for (size_t i = 0; i < index->entry_count && !status; i++)
        if (!used[i])
            status = error_set(error, STATUS_UNSUPPORTED, "tensor '%s' is none of a %s model's",
                               gguf_show(index->entries[i].name).text, model->architecture);
out:
    free(used);
    return status;
}

struct span {
    size_t begin, end;
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
        spans[i] = (struct span){file->offsets[i], file->offsets[i] + bytes, tensor->name};
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
    const struct tensor *divisors = model_tensor(model, ROLE_ROPE_FREQS, -1);

    if (!divisors)
        return STATUS_OK;
    for (size_t i = 0; i < divisors->columns; i++)
        model->rope_divisors[i] = gguf_float(file->bytes + file->offsets[divisors - model->tensors] + 4 * i);
    return layout_check_divisors(model, error);
}

static enum status interpret(struct gguf_weights *file, struct model *model, const char *origin, struct error *error)
{
    struct gguf_index index;
    enum status status = gguf_index_read(&index, file->bytes, file->size, error);

    if (status)
        return status;
    status = gguf_read_keys(model, &index, origin, error);
    if (!status)
        status = model_lay_out(model, error);
    if (!status)
        status = place_tensors(file, model, &index, error);
    if (!status)
        status = refuse_overlaps(file, model, error);
    if (!status)
        status = read_divisors(file, model, error);
    gguf_index_free(&index);
    return status;
}

static size_t row_bytes(const struct weights *weights, size_t tensor)
{
    return dtype_row_bytes(weights->model->tensors[tensor].type, weights->model->tensors[tensor].columns);
}

static const void *file_view(const struct weights *weights, size_t tensor, size_t first)
{
    const struct gguf_weights *file = (const struct gguf_weights *)weights;

    return file->bytes + file->offsets[tensor] + first * row_bytes(weights, tensor);
}

static void file_read(const struct weights *weights, size_t tensor, size_t first, size_t count, void *out)
{
    memcpy(out, file_view(weights, tensor, first), count * row_bytes(weights, tensor));
}

/* Only whole pages: the rest of the outer ones may hold rows that are still wanted. */
static void file_release(const struct weights *weights, size_t tensor, size_t first, size_t count)
{
    const struct gguf_weights *file = (const struct gguf_weights *)weights;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), begin = file->offsets[tensor] + first * row_bytes(weights, tensor),
           end = begin + count * row_bytes(weights, tensor);

    begin = (begin + page - 1) / page * page;
    end = end / page * page;
    if (begin < end)
        madvise((void *)(file->bytes + begin), end - begin, MADV_DONTNEED);
}

static void memory_close(struct weights *weights)
{
    struct gguf_weights *file = (struct gguf_weights *)weights;

    free(file->offsets);
    free(file);
}

static void file_close(struct weights *weights)
{
    struct gguf_weights *file = (struct gguf_weights *)weights;

    munmap((void *)file->bytes, file->size);
    memory_close(weights);
}

static const struct weights_ops file_ops = {"file", file_read, file_view, file_release, file_close};
static const struct weights_ops memory_ops = {"file", file_read, file_view, NULL, memory_close};

/* Texts of errors are not yet prefixed. */
static enum status open_bytes(struct weights **weights, struct model *model, const void *bytes, size_t size,
                              const char *origin, struct error *error)
{
    struct gguf_weights *file = calloc(1, sizeof *file);
    enum status status;

    if (!file)
        return error_set(error, STATUS_MEMORY, "no memory to open a model");
    file->weights = (struct weights){&memory_ops, model};
    file->bytes = bytes;
    file->size = size;
    status = interpret(file, model, origin, error);
    if (status) {
        memory_close(&file->weights);
        model_free(model);
        return status;
    }
    *weights = &file->weights;
    return STATUS_OK;
}

enum status gguf_open_memory(struct weights **weights, struct model *model, const void *bytes, size_t size,
                             const char *origin, struct error *error)
{
    enum status status;

    *weights = NULL;
    *model = (struct model){0};
    status = open_bytes(weights, model, bytes, size, origin, error);
    if (status && error)
        error_prefix(error, "%s", origin);
    return status;
}

/* A read-only mapping of a regular, non-empty file. */
static enum status map_file(const char *path, void **bytes, size_t *size, struct error *error)
{
    /* Without O_NONBLOCK a named pipe would wait for its writer. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum status status = STATUS_OK;
    struct stat about;

    if (file < 0)
        return error_set(error, STATUS_IO, "cannot open: %s", strerror(errno));
    if (fstat(file, &about) < 0)
        status = error_set(error, STATUS_IO, "cannot look at it: %s", strerror(errno));
    else if (!S_ISREG(about.st_mode))
        status = error_set(error, STATUS_IO, "is %s; give the path of a GGUF file",
                           S_ISDIR(about.st_mode) ? "a folder" : "not a regular file");
    else if (about.st_size == 0)
        status = error_set(error, STATUS_FORMAT, "is empty");
    else if ((uint64_t)about.st_size > SIZE_MAX)
        status = error_set(error, STATUS_UNSUPPORTED, "is too large for this machine's addresses");
    if (status)
        goto out;
    *size = (size_t)about.st_size;
    *bytes = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, file, 0);
    if (*bytes == MAP_FAILED)
        status = error_set(error, STATUS_IO, "cannot map %zu bytes: %s", *size, strerror(errno));
    else
        madvise(*bytes, *size, MADV_SEQUENTIAL);
out:
    close(file);
    return status;
}

enum status gguf_open(struct weights **weights, struct model *model, const char *path, struct error *error)
{
    void *bytes = NULL;
    size_t size = 0;
    enum status status;

    *weights = NULL;
    *model = (struct model){0};
    status = map_file(path, &bytes, &size, error);
    if (!status) {
        status = open_bytes(weights, model, bytes, size, path, error);
        if (status)
            munmap(bytes, size);
        else
            (*weights)->ops = &file_ops;
    }
    if (status && error)
        error_prefix(error, "%s", path);
    return status;
}

size_t gguf_file_bytes(const struct weights *weights)
{
    return ((const struct gguf_weights *)weights)->size;
}

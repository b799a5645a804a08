#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/gguf_expect.h"
#include "workloads/gguf_parts.h"

enum { PARTS = 3 };

/* A file split in three, as plans to bend, in a folder of its own. */
struct split {
    struct plan whole, parts[PARTS];
    char folder[128];
};

static void set_u16(struct plan *plan, const char *key, uint16_t value)
{
    plan_set(plan, key, V_U16, &value, sizeof value);
}

/* The first part has the model's keys; the tensors are dealt out in turn. */
static void cut(struct split *split)
{
    plan_llama(&split->whole, &tiny);
    for (size_t i = 0; i < PARTS; i++) {
        struct plan *part = &split->parts[i];
        *part = split->whole;
        part->tensor_count = 0;
        if (i > 0)
            part->pair_count = 0;
        for (size_t t = i; t < split->whole.tensor_count; t += PARTS)
            part->tensors[part->tensor_count++] = split->whole.tensors[t];
        set_u16(part, "split.no", (uint16_t)i);
        set_u16(part, "split.count", PARTS);
        plan_set(part, "split.tensors.count", V_I32, &(int32_t){(int32_t)split->whole.tensor_count}, 4);
        plan_place(part);
    }
}

static void path_of(const struct split *split, size_t part, char *path, size_t size)
{
    snprintf(path, size, "%s/tiny-%05zu-of-%05d.gguf", split->folder, part + 1, PARTS);
}

static void write_part(const struct split *split, size_t part)
{
    char path[192];
    size_t size;
    unsigned char *bytes = plan_write(&split->parts[part], &size);
    FILE *file;

    path_of(split, part, path, sizeof path);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    free(bytes);
}

static void write_parts(const struct split *split)
{
    for (size_t i = 0; i < PARTS; i++)
        write_part(split, i);
}

static int make_folder(void **state)
{
    static struct split split;
    const char *temporary = getenv("TMPDIR");

    snprintf(split.folder, sizeof split.folder, "%s/pocketmark-split-XXXXXX", temporary ? temporary : P_tmpdir);
    *state = &split;
    return mkdtemp(split.folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    struct split *split = *state;
    char path[192];

    for (size_t i = 0; i < PARTS; i++) {
        path_of(split, i, path, sizeof path);
        unlink(path);
    }
    return rmdir(split->folder);
}

/* Every part has a head, in order: the magic number first, and no data. */
static void expect_heads(const struct split *split, const struct weights *weights)
{
    struct gguf_front head;
    struct stat about;
    char path[192];

    for (size_t part = 0; part < PARTS; part++) {
        path_of(split, part, path, sizeof path);
        assert_int_equal(stat(path, &about), 0);
        assert_true(gguf_front(weights, part, &head));
        assert_int_equal(head.file_bytes, about.st_size);
        assert_true(head.size > 24 && head.size <= head.file_bytes);
        assert_memory_equal(head.bytes, "GGUF", 4);
    }
    assert_false(gguf_front(weights, PARTS, &head));
}

static void opens_from_any_part(void **state)
{
    static unsigned char rows[1 << 16];
    struct split *split = *state;
    char path[192];

    cut(split);
    write_parts(split);
    for (size_t p = 0; p < PARTS; p++) {
        struct weights *weights;
        struct model model;
        struct error error = {0};
        size_t bytes = 0;

        path_of(split, p, path, sizeof path);
        if (gguf_open(&weights, &model, path, &error))
            fail_msg("%s", error.text);
        assert_int_equal(model.tensor_count, split->whole.tensor_count);
        for (size_t i = 0; i < model.tensor_count; i++) {
            const struct tensor *tensor = &model.tensors[i];
            size_t size = tensor->rows * dtype_row_bytes(tensor->type, tensor->columns);
            struct plan_tensor *planned = NULL;

            for (size_t part = 0; part < PARTS && !planned; part++)
                planned = plan_tensor(&split->parts[part], tensor->name);
            assert_non_null(planned);
            weights->ops->read(weights, i, 0, tensor->rows, rows);
            for (size_t j = 0; j < size; j++)
                assert_int_equal(rows[j], plan_byte(&split->whole, planned, j));
            weights->ops->release(weights, i, 0, tensor->rows);
            assert_memory_equal(rows, weights->ops->view(weights, i, 0), size);
        }
        for (size_t part = 0; part < PARTS; part++) {
            struct stat about;
            path_of(split, part, path, sizeof path);
            assert_int_equal(stat(path, &about), 0);
            bytes += (size_t)about.st_size;
        }
        assert_int_equal(gguf_file_bytes(weights), bytes);
        expect_heads(split, weights);
        weights_close(weights);
        model_free(&model);
    }
}

static void expect_split(const struct split *split, size_t named, enum status wanted, const char *says,
                         const char *about)
{
    struct weights *weights;
    struct model model;
    struct error error = {0};
    char path[192];
    enum status status;

    path_of(split, named, path, sizeof path);
    status = gguf_open(&weights, &model, path, &error);
    if (status != wanted || !strstr(error.text, says) || !strstr(error.text, about))
        fail_msg("status %d, wanted %d; \"%s\" should say \"%s\" about %s", status, wanted, error.text, says, about);
    assert_null(weights);
    assert_null(model.tensors);
}

static void names_the_missing_part(void **state)
{
    struct split *split = *state;
    char path[192];

    cut(split);
    for (size_t missing = 0; missing < PARTS; missing++) {
        write_parts(split);
        path_of(split, missing, path, sizeof path);
        assert_int_equal(unlink(path), 0);
        expect_split(split, (missing + 1) % PARTS, STATUS_IO, "cannot open", path);
    }
}

static void refuses_parts_that_disagree(void **state)
{
    static const struct {
        size_t part, named;
        const char *key;
        uint16_t value;
        const char *says, *about;
    } changes[] = {
        {1, 0, "split.no", 2, "key 'split.no': is 2, but the file's name asks for 1", "-00002-of-"},
        {2, 2, "split.no", 0, "key 'split.no': is 0, but the file's name asks for 2", "-00003-of-"},
        {1, 0, "split.count", 4, "key 'split.count': is 4, but the other parts ask for 3", "-00002-of-"},
        {0, 0, "split.count", 4, "must end in -00001-of-00004.gguf", "-00001-of-"},
        {2, 0, "split.tensors.count", 9, "key 'split.tensors.count': is 9, but the other parts", "-00003-of-"},
        {1, 1, "split.tensors.count", 9, "key 'split.tensors.count'", "-of-"},
    };
    struct split *split = *state;

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        cut(split);
        set_u16(&split->parts[changes[i].part], changes[i].key, changes[i].value);
        write_parts(split);
        expect_split(split, changes[i].named, STATUS_FORMAT, changes[i].says, changes[i].about);
    }
    cut(split);
    set_u16(&split->parts[0], "split.count", 2000);
    write_parts(split);
    expect_split(split, 0, STATUS_UNSUPPORTED, "'split.count': is 2000; at most 1024", "-00001-of-");
    cut(split);
    plan_drop_pair(&split->parts[1], "split.no");
    write_parts(split);
    expect_split(split, 0, STATUS_FORMAT, "key 'split.no' is missing", "-00002-of-");
    cut(split);
    plan_set_text(&split->parts[1], "split.count", "three");
    write_parts(split);
    expect_split(split, 0, STATUS_FORMAT, "key 'split.count': is of type string", "-00002-of-");
}

static void refuses_wrong_tensors(void **state)
{
    struct split *split = *state;
    struct plan_tensor *tensor;

    cut(split);
    split->parts[2].tensor_count--;
    write_parts(split);
    expect_split(split, 1, STATUS_FORMAT, "'split.tensors.count': is 22, but the 3 parts hold 21 tensors",
                 "-00002-of-");
    cut(split);
    tensor = &split->parts[1].tensors[0];
    memcpy(tensor->name, split->parts[0].tensors[0].name, sizeof tensor->name);
    write_parts(split);
    expect_split(split, 0, STATUS_FORMAT, "'token_embd.weight' is there twice, in parts 1 and 2", "-00001-of-");
    cut(split);
    snprintf(split->parts[1].tensors[0].name, sizeof tensor->name, "mystery.weight");
    write_parts(split);
    expect_split(split, 0, STATUS_FORMAT, "is missing", "-00001-of-");
    cut(split);
    split->parts[1].tensors[1].offset = 1 << 20;
    write_parts(split);
    expect_split(split, 0, STATUS_FORMAT, "runs past the end", "-of-");
}

static void wants_the_name_of_a_part(void **state)
{
    struct split *split = *state;
    struct weights *weights;
    struct model model;
    struct error error = {0};
    char path[192], other[192];

    cut(split);
    write_parts(split);
    path_of(split, 0, path, sizeof path);
    snprintf(other, sizeof other, "%s/renamed.gguf", split->folder);
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(gguf_open(&weights, &model, other, &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "the model lies in 3 files, whose names must end in -00001-of-00003.gguf"));
    unlink(other);
}

/* Whether the system gives the pages up is its own affair; the weights are the same afterwards. */
static void is_whole_after_leaving_the_page_cache(void **state)
{
    struct split *split = *state;
    struct weights *weights;
    struct model model;
    struct error error = {0};
    char path[192];
    double kept_ratio = -1;
    size_t size;
    unsigned char *bytes;

    cut(split);
    write_parts(split);
    path_of(split, 1, path, sizeof path);
    assert_int_equal(gguf_open(&weights, &model, path, &error), STATUS_OK);
    assert_int_equal(gguf_drop_cache(weights, &kept_ratio, &error), STATUS_OK);
    assert_true(kept_ratio >= 0 && kept_ratio <= 1);
    expect_heads(split, weights);
    path_of(split, 2, path, sizeof path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(gguf_drop_cache(weights, &kept_ratio, &error), STATUS_IO);
    assert_non_null(strstr(error.text, path));
    weights_close(weights);
    model_free(&model);
    bytes = plan_write(&split->whole, &size);
    assert_int_equal(gguf_open_memory(&weights, &model, bytes, size, "memory", &error), STATUS_OK);
    assert_int_equal(gguf_drop_cache(weights, &kept_ratio, &error), STATUS_UNSUPPORTED);
    weights_close(weights);
    model_free(&model);
    free(bytes);
}

static void stems_lose_their_marks(void **state)
{
    static const struct {
        const char *name;
        size_t length;
    } stems[] = {
        {"tiny.gguf", 4},
        {"tiny", 4},
        {"tiny-00001-of-00003.gguf", 4},
        {"tiny-00001-of-0003.gguf", 18},
        {"tiny-0000x-of-00003.gguf", 19},
        {"-00001-of-00003.gguf", 15},
        {".gguf", 5},
        {"", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++)
        assert_int_equal(gguf_stem_length(stems[i].name), stems[i].length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_from_any_part),
        cmocka_unit_test(names_the_missing_part),
        cmocka_unit_test(refuses_parts_that_disagree),
        cmocka_unit_test(refuses_wrong_tensors),
        cmocka_unit_test(wants_the_name_of_a_part),
        cmocka_unit_test(stems_lose_their_marks),
        cmocka_unit_test(is_whole_after_leaving_the_page_cache),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

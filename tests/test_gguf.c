#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/gguf_expect.h"

static void reads_a_good_file(void **state)
{
    static struct plan plan;
    struct weights *weights;
    struct model model;
    size_t size;
    unsigned char *bytes;

    (void)state;
    plan_llama(&plan, &tiny);
    bytes = plan_write(&plan, &size);
    assert_int_equal(gguf_open_memory(&weights, &model, bytes, size, "test.gguf", NULL), STATUS_OK);
    assert_string_equal(model.name, "tiny-test");
    assert_string_equal(model.architecture_name, "llama");
    assert_string_equal(model.license, "");
    assert_string_equal(model.source, "");
    assert_int_equal(model.vocabulary, 40);
    assert_int_equal(model.hidden, 32);
    assert_int_equal(model.layers, 2);
    assert_int_equal(model.heads, 4);
    assert_int_equal(model.kv_heads, 2);
    assert_int_equal(model.head_size, 8);
    assert_int_equal(model.feed_forward, 64);
    assert_int_equal(model.context_tokens, 512);
    assert_int_equal(model.rope.dimensions, 8);
    assert_true(model.norm_epsilon == (double)1e-5f);
    assert_true(model.rope.base == 500000);
    assert_false(model.tied);
    assert_int_equal(model.rope.scaling, ROPE_LLAMA3);
    for (size_t i = 0; i < MODEL_HEAD_SIZE_MAX / 2; i++)
        assert_true(model.rope.divisors[i] == (i < 4 ? 2 : 1));
    assert_int_equal(model.tensor_count, 1 + 2 * 9 + 3);
    assert_int_equal(model_tensor(&model, ROLE_TOKEN_EMBEDDING, -1)->type, DTYPE_Q8_0);
    assert_int_equal(model_tensor(&model, ROLE_QUERY, 0)->type, DTYPE_Q4_0);
    assert_int_equal(model_tensor(&model, ROLE_KEY, 1)->type, DTYPE_F16);
    assert_int_equal(model_tensor(&model, ROLE_VALUE, 1)->type, DTYPE_F32);
    assert_ptr_equal(weights->model, &model);
    assert_string_equal(weights->ops->name, "file");
    assert_int_equal(gguf_file_bytes(weights), size);
    weights_close(weights);
    model_free(&model);
    free(bytes);
}

/* Compares all rows of all tensors, read in uneven pieces and viewed, with what the plan wrote. */
static void compare_weights(const struct weights *weights, struct plan *plan)
{
    unsigned char rows[64 * 256];

    for (size_t i = 0; i < weights->model->tensor_count; i++) {
        const struct tensor *tensor = &weights->model->tensors[i];
        const struct plan_tensor *planned = plan_tensor(plan, tensor->name);
        size_t row_bytes = dtype_row_bytes(tensor->type, tensor->columns);

        assert_non_null(planned);
        assert_int_equal(row_bytes * tensor->rows, plan_bytes(planned));
        for (size_t first = 0, count; first < tensor->rows; first += count) {
            count = first % 5 + 1 < tensor->rows - first ? first % 5 + 1 : tensor->rows - first;
            weights->ops->read(weights, i, first, count, rows);
            assert_memory_equal(rows, weights->ops->view(weights, i, first), count * row_bytes);
            for (size_t j = 0; j < count * row_bytes; j++)
                assert_int_equal(rows[j], plan_byte(plan, planned, first * row_bytes + j));
        }
    }
}

static void gives_the_rows_as_stored(void **state)
{
    static struct plan plan;
    struct weights *weights;
    struct model model;
    size_t size;
    unsigned char *bytes;

    (void)state;
    plan_llama(&plan, &tiny);
    bytes = plan_write(&plan, &size);
    assert_int_equal(gguf_open_memory(&weights, &model, bytes, size, "test.gguf", NULL), STATUS_OK);
    compare_weights(weights, &plan);
    weights_close(weights);
    model_free(&model);
    free(bytes);
}

static void takes_any_width(void **state)
{
    static struct plan plan;
    static const uint32_t unsigned_types[] = {V_U8, V_I8, V_U16, V_I16, V_U32, V_I32, V_U64, V_I64};
    static const size_t widths[] = {1, 1, 2, 2, 4, 4, 8, 8};
    uint64_t two = 2, negative = UINT64_MAX, huge = UINT64_MAX;
    double epsilon = 1e-6;

    (void)state;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        plan_llama(&plan, &tiny);
        plan_set(&plan, "llama.block_count", unsigned_types[i], &two, widths[i]);
        expect(&plan, STATUS_OK, NULL);
        if (i % 2 == 0)
            continue;
        plan_set(&plan, "llama.block_count", unsigned_types[i], &negative, widths[i]);
        expect(&plan, STATUS_FORMAT, "'llama.block_count': is negative");
    }
    plan_llama(&plan, &tiny);
    plan_set(&plan, "llama.block_count", V_U64, &huge, 8);
    expect(&plan, STATUS_FORMAT, "'llama.block_count': 18446744073709551615 is too large");
    plan_llama(&plan, &tiny);
    plan_set(&plan, "llama.attention.layer_norm_rms_epsilon", V_F64, &epsilon, 8);
    expect(&plan, STATUS_OK, NULL);
}

static void opens(const struct plan *plan, const char *origin, struct model *model)
{
    struct weights *weights;
    struct error error = {0};
    size_t size;
    unsigned char *bytes = plan_write(plan, &size);

    if (gguf_open_memory(&weights, model, bytes, size, origin, &error))
        fail_msg("%s", error.text);
    weights_close(weights);
    free(bytes);
}

static void fills_in_what_is_left_out(void **state)
{
    static struct plan plan;
    struct plan_shape shape = tiny;
    struct model model;

    (void)state;
    shape.kv_heads = shape.heads;
    shape.tied = 1;
    shape.rope_scaled = 0;
    plan_llama(&plan, &shape);
    plan_drop_pair(&plan, "llama.vocab_size");
    plan_drop_pair(&plan, "llama.attention.head_count_kv");
    plan_drop_pair(&plan, "llama.attention.key_length");
    plan_drop_pair(&plan, "llama.attention.value_length");
    plan_drop_pair(&plan, "llama.rope.dimension_count");
    plan_drop_pair(&plan, "llama.rope.freq_base");
    opens(&plan, "test.gguf", &model);
    assert_int_equal(model.vocabulary, 40);
    assert_int_equal(model.kv_heads, 4);
    assert_int_equal(model.head_size, 8);
    assert_int_equal(model.rope.dimensions, 8);
    assert_true(model.rope.base == 10000);
    assert_true(model.tied);
    assert_int_equal(model.rope.scaling, ROPE_PLAIN);
    assert_true(model.rope.divisors[0] == 1);
    assert_ptr_equal(model_output(&model), model_tensor(&model, ROLE_TOKEN_EMBEDDING, -1));
    model_free(&model);

    plan_set_u32(&plan, "llama.attention.head_count", 5);
    expect(&plan, STATUS_FORMAT, "'llama.attention.key_length' is missing, and the hidden size, 32");
    plan_llama(&plan, &tiny);
    plan_set_tokens(&plan, 20);
    expect(&plan, STATUS_FORMAT, "'tokenizer.ggml.tokens': must be an array of 40");
}

static void names_the_model(void **state)
{
    static struct plan plan;
    static const struct {
        const char *title, *origin, *name;
    } cases[] = {
        {"Llama 3.2 1B Instruct", "x.gguf", "llama-3.2-1b-instruct"},
        {"Meta/Llama_3", "x.gguf", "meta-llama_3"},
        {NULL, "models/Tiny-Llama.Q4_0.gguf", "tiny-llama.q4_0"},
        {"", "models/plain", "plain"},
        {"\xc3\xa9l\xc3\xa9", "a/b.gguf", "b"},
        {NULL, "models/", "model"},
        {"a title that is very much longer than the sixty-three characters of a name", "a/b.gguf", "b"},
    };
    struct model model;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        plan_llama(&plan, &tiny);
        plan_drop_pair(&plan, "general.name");
        if (cases[i].title)
            plan_set_text(&plan, "general.name", cases[i].title);
        plan_set_text(&plan, "general.license", "mit");
        opens(&plan, cases[i].origin, &model);
        assert_string_equal(model.name, cases[i].name);
        assert_string_equal(model.license, "mit");
        model_free(&model);
    }
}

static void wants_whole_blocks(void **state)
{
    static struct plan plan;
    struct plan_shape shape = tiny;

    (void)state;
    shape.feed_forward = 48;
    plan_llama(&plan, &shape);
    expect(&plan, STATUS_FORMAT, "'blk.0.ffn_down.weight' has rows of 48 elements");
    shape.matrices = T_F16;
    plan_llama(&plan, &shape);
    expect(&plan, STATUS_OK, NULL);
}

static void survives_every_cut(void **state)
{
    static struct plan plan;
    struct plan_shape shape = tiny;
    struct weights *weights;
    struct model model;
    size_t size;
    unsigned char *whole;

    (void)state;
    shape.layers = 1;
    plan_llama(&plan, &shape);
    whole = plan_write(&plan, &size);
    for (size_t length = 0; length < size; length++) {
        unsigned char *cut = malloc(length + !length);
        assert_non_null(cut);
        memcpy(cut, whole, length);
        if (gguf_open_memory(&weights, &model, cut, length, "cut.gguf", NULL) == STATUS_OK)
            fail_msg("a file of %zu bytes passes when cut to %zu", size, length);
        free(cut);
    }
    free(whole);
}

static void survives_every_flip(void **state)
{
    static struct plan plan;
    static const unsigned char masks[] = {0x01, 0x80, 0xff};
    struct plan_shape shape = tiny;
    struct weights *weights;
    struct model model;
    size_t size, head_bytes;
    unsigned char *bytes;

    (void)state;
    shape.layers = 1;
    plan_llama(&plan, &shape);
    free(plan_write_head(&plan, &head_bytes));
    bytes = plan_write(&plan, &size);
    for (size_t i = 0; i < head_bytes; i++)
        for (size_t j = 0; j < sizeof masks; j++) {
            bytes[i] ^= masks[j];
            if (gguf_open_memory(&weights, &model, bytes, size, "flip.gguf", NULL) == STATUS_OK) {
                for (size_t t = 0; t < model.tensor_count; t++)
                    assert_memory_equal(weights->ops->view(weights, t, model.tensors[t].rows - 1),
                                        weights->ops->view(weights, t, model.tensors[t].rows - 1),
                                        dtype_row_bytes(model.tensors[t].type, model.tensors[t].columns));
                weights_close(weights);
                model_free(&model);
            }
            bytes[i] ^= masks[j];
        }
    free(bytes);
}

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void expect_path(const char *path, enum status wanted, const char *says)
{
    struct weights *weights = NULL;
    struct model model;
    struct error error = {0};

    assert_int_equal(gguf_open(&weights, &model, path, &error), wanted);
    assert_null(weights);
    assert_memory_equal(error.text, path, strlen(path));
    if (!strstr(error.text, says))
        fail_msg("\"%s\" should say \"%s\"", error.text, says);
}

static void maps_files(const char *folder)
{
    static struct plan plan;
    struct plan_shape shape = tiny;
    char path[256];
    struct weights *weights;
    struct model model;
    size_t size;
    unsigned char *bytes;

    shape.hidden = 256;
    shape.head_size = 64;
    plan_llama(&plan, &shape);
    bytes = plan_write(&plan, &size);
    snprintf(path, sizeof path, "%s/good.gguf", folder);
    write_file(path, bytes, size);
    assert_int_equal(gguf_open(&weights, &model, path, NULL), STATUS_OK);
    unlink(path);
    assert_int_equal(gguf_file_bytes(weights), size);
    compare_weights(weights, &plan);
    for (size_t i = 0; i < model.tensor_count; i++)
        for (size_t first = 0; first < model.tensors[i].rows; first += 3)
            weights->ops->release(weights, i, first, model.tensors[i].rows - first);
    compare_weights(weights, &plan);
    weights_close(weights);
    model_free(&model);
    free(bytes);
}

static void opens_only_files(void **state)
{
    const char *temporary = getenv("TMPDIR");
    char folder[128], path[256];

    (void)state;
    snprintf(folder, sizeof folder, "%s/pocketmark-gguf-XXXXXX", temporary ? temporary : P_tmpdir);
    assert_non_null(mkdtemp(folder));
    maps_files(folder);
    expect_path(folder, STATUS_IO, "is a folder");
    snprintf(path, sizeof path, "%s/none.gguf", folder);
    expect_path(path, STATUS_IO, strerror(ENOENT));
    write_file(path, "", 0);
    expect_path(path, STATUS_FORMAT, "is empty");
    write_file(path, "GGU", 3);
    expect_path(path, STATUS_FORMAT, "not a GGUF file");
    write_file(path, "GGUF\3", 5);
    expect_path(path, STATUS_FORMAT, "cut short");
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_path(path, STATUS_IO, "not a regular file");
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_good_file),  cmocka_unit_test(gives_the_rows_as_stored),
        cmocka_unit_test(takes_any_width),    cmocka_unit_test(fills_in_what_is_left_out),
        cmocka_unit_test(names_the_model),    cmocka_unit_test(wants_whole_blocks),
        cmocka_unit_test(survives_every_cut), cmocka_unit_test(survives_every_flip),
        cmocka_unit_test(opens_only_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "workloads/model.h"

/* A model of two layers: 64·32·2 + 2·(2·32·32 + 2·16·32 + 3·96·32 + 2·32) + 32 parameters. */
static const char tiny[] = "{\"name\": \"tiny\", \"architecture\": \"llama\", \"license\": \"\", \"source\": \"made "
                           "up\", \"inexact\": false,\n"
                           "\"parameter_count\": 28832, \"vocab_size\": 64, \"hidden_size\": 32,\n"
                           "\"num_hidden_layers\": 2, \"num_attention_heads\": 4, \"num_key_value_heads\": 2,\n"
                           "\"head_dim\": 8, \"intermediate_size\": 96, \"max_position_embeddings\": 256,\n"
                           "\"rms_norm_eps\": 1e-5, \"tie_word_embeddings\": false, \"rope_theta\": 10000,\n"
                           "\"rope_dimension_count\": 8, \"rope_scaling\": null}\n";

/* The tiny description with the first `old` replaced. */
static void replace(char *text, size_t size, const char *old, const char *new)
{
    const char *place = strstr(tiny, old);

    assert_non_null(place);
    snprintf(text, size, "%.*s%s%s", (int)(place - tiny), tiny, new, place + strlen(old));
}

struct expected {
    const char *name;
    enum role role;
    int layer;
    size_t rows, columns;
};

static void lays_out_every_tensor(void **state)
{
    static const struct expected tensors[] = {
        {"token_embd.weight", ROLE_TOKEN_EMBEDDING, -1, 64, 32},
        {"blk.0.attn_norm.weight", ROLE_ATTENTION_NORM, 0, 1, 32},
        {"blk.0.attn_q.weight", ROLE_QUERY, 0, 32, 32},
        {"blk.0.attn_k.weight", ROLE_KEY, 0, 16, 32},
        {"blk.0.attn_v.weight", ROLE_VALUE, 0, 16, 32},
        {"blk.0.attn_output.weight", ROLE_ATTENTION_OUTPUT, 0, 32, 32},
        {"blk.0.ffn_norm.weight", ROLE_FFN_NORM, 0, 1, 32},
        {"blk.0.ffn_gate.weight", ROLE_GATE, 0, 96, 32},
        {"blk.0.ffn_up.weight", ROLE_UP, 0, 96, 32},
        {"blk.0.ffn_down.weight", ROLE_DOWN, 0, 32, 96},
        {"blk.1.attn_norm.weight", ROLE_ATTENTION_NORM, 1, 1, 32},
    };
    struct model model;

    (void)state;
    assert_int_equal(model_parse(&model, tiny, strlen(tiny), "tiny.json", NULL), STATUS_OK);
    assert_int_equal(model.tensor_count, 1 + 2 * 9 + 2);
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) {
        assert_string_equal(model.tensors[i].name, tensors[i].name);
        assert_int_equal(model.tensors[i].role, tensors[i].role);
        assert_int_equal(model.tensors[i].layer, tensors[i].layer);
        assert_int_equal(model.tensors[i].rows, tensors[i].rows);
        assert_int_equal(model.tensors[i].columns, tensors[i].columns);
        assert_ptr_equal(model_tensor(&model, tensors[i].role, tensors[i].layer), &model.tensors[i]);
    }
    assert_string_equal(model.tensors[19].name, "output_norm.weight");
    assert_string_equal(model.tensors[20].name, "output.weight");
    assert_ptr_equal(model_output(&model), &model.tensors[20]);
    assert_null(model_tensor(&model, ROLE_QUERY, 2));
    assert_null(model_tensor(&model, ROLE_QUERY, -1));
    assert_null(model_tensor(&model, ROLE_ROPE_FREQS, -1));
    model_free(&model);
}

static void sets_types(void **state)
{
    char text[2048];
    struct model model;
    struct error error = {0};

    (void)state;
    assert_int_equal(model_parse(&model, tiny, strlen(tiny), "tiny.json", NULL), STATUS_OK);
    assert_int_equal(model_set_types(&model, DTYPE_Q4_0, DTYPE_Q8_0, NULL), STATUS_OK);
    assert_int_equal(model_tensor(&model, ROLE_TOKEN_EMBEDDING, -1)->type, DTYPE_Q4_0);
    assert_int_equal(model_tensor(&model, ROLE_DOWN, 1)->type, DTYPE_Q4_0);
    assert_int_equal(model_tensor(&model, ROLE_OUTPUT, -1)->type, DTYPE_Q8_0);
    assert_int_equal(model_tensor(&model, ROLE_FFN_NORM, 1)->type, DTYPE_F32);
    assert_int_equal(model_tensor(&model, ROLE_OUTPUT_NORM, -1)->type, DTYPE_F32);
    /* 26624 elements of q4_0, 2048 of q8_0, 160 of f32 */
    assert_int_equal(model_stored_bytes(&model), 26624 / 32 * 18 + 2048 / 32 * 34 + 160 * 4);
    model_free(&model);

    replace(text, sizeof text, "\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true");
    memcpy(strstr(text, "28832"), "26784", 5);
    assert_int_equal(model_parse(&model, text, strlen(text), "tiny.json", NULL), STATUS_OK);
    assert_true(model.tied);
    assert_null(model_tensor(&model, ROLE_OUTPUT, -1));
    assert_int_equal(model_set_types(&model, DTYPE_Q4_0, DTYPE_F16, NULL), STATUS_OK);
    assert_int_equal(model_output(&model)->type, DTYPE_F16);
    assert_int_equal(model_output(&model)->role, ROLE_TOKEN_EMBEDDING);
    model_free(&model);

    replace(text, sizeof text, "\"intermediate_size\": 96", "\"intermediate_size\": 80");
    memcpy(strstr(text, "28832"), "25760", 5);
    assert_int_equal(model_parse(&model, text, strlen(text), "tiny.json", NULL), STATUS_OK);
    assert_int_equal(model_set_types(&model, DTYPE_Q8_0, DTYPE_Q8_0, &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "'blk.0.ffn_down.weight' of tiny has rows of 80 elements"));
    assert_int_equal(model_set_types(&model, DTYPE_F16, DTYPE_F16, &error), STATUS_OK);
    model_free(&model);
}

/* Shapes: model cards and configurations named in each file's "source". Bytes and counts: tensor lists of GGUF files. */
static void describes_the_models(void **state)
{
    static const struct {
        const char *name;
        uint64_t parameters, q8_0_bytes, f16_bytes;
        size_t tensors;
        float factor; /* of the lowest frequency */
    } models[] = {
        {"llama-3.1-8b", 8030261248, 8532934912, 16061055232, 292, 8},
        {"llama-3.2-1b", 1235814400, 1313251456, 2471764096, 147, 32},
        {"llama-3.2-3b", 3212749824, 3414061312, 6425850112, 255, 32},
        {"mistral-7b-v0.3", 7248023552, 7701807104, 14496579584, 291, 1},
        {"tinyllama-1.1b", 1100048384, 1169072128, 2200281088, 201, 1},
    };
    struct model model;
    struct error error = {0};

    (void)state;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        if (model_load(&model, models[i].name, &error))
            fail_msg("%s", error.text);
        assert_string_equal(model.name, models[i].name);
        assert_true(strlen(model.license) > 0 && strlen(model.source) > 0);
        assert_int_equal(model_parameter_count(&model), models[i].parameters);
        assert_int_equal(model.tensor_count, models[i].tensors);
        assert_int_equal(model_set_types(&model, DTYPE_Q8_0, DTYPE_Q8_0, NULL), STATUS_OK);
        assert_int_equal(model_stored_bytes(&model), models[i].q8_0_bytes);
        assert_int_equal(model_set_types(&model, DTYPE_F16, DTYPE_F16, NULL), STATUS_OK);
        assert_int_equal(model_stored_bytes(&model), models[i].f16_bytes);
        assert_true(model.rope.divisors[0] == 1);
        assert_true(model.rope.divisors[model.rope.dimensions / 2 - 1] == models[i].factor);
        assert_int_equal(model.rope.scaling == ROPE_LLAMA3, models[i].factor > 1);
        model_free(&model);
    }
}

struct seen {
    char last[64];
    size_t count;
};

static void see(const char *name, void *context)
{
    struct seen *seen = context;

    assert_true(strcmp(seen->last, name) < 0);
    snprintf(seen->last, sizeof seen->last, "%s", name);
    seen->count++;
}

static void lists_the_models(void **state)
{
    struct seen seen = {0};

    (void)state;
    assert_int_equal(model_list(see, &seen, NULL), STATUS_OK);
    assert_true(seen.count >= 41);
}

static void refuses_unknown_names(void **state)
{
    static const struct {
        const char *name, *says;
    } names[] = {
        {"llama-3.2-1", "did you mean 'llama-3.2-1b'?"},
        {"Llama-3.1-8B", "did you mean 'llama-3.1-8b'?"},
        {"tinylama-1.1b", "did you mean 'tinyllama-1.1b'?"},
        {"mistral", "did you mean 'mistral-7b-v0.3'?"},
        {"zzzzzzzz", "there is no model 'zzzzzzzz'; 'pocketmark list models'"},
        {"", "there is no model ''"},
        {"../models/llama-3.2-1b", "there is no model '../models/llama-3.2-1b'"},
        {"./llama-3.2-1b", "there is no model"},
    };
    struct model model;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct error error = {0};
        assert_int_equal(model_load(&model, names[i].name, &error), STATUS_MISUSE);
        if (!strstr(error.text, names[i].says))
            fail_msg("\"%s\" should say \"%s\"", error.text, names[i].says);
        assert_null(model.tensors);
    }
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void reads_a_folder_of_descriptions(void **state)
{
    const char *temporary = getenv("TMPDIR");
    char folder[128], models[160], path[192];
    struct seen seen = {0};
    struct model model;
    struct error error = {0};

    (void)state;
    snprintf(folder, sizeof folder, "%s/pocketmark-model-XXXXXX", temporary ? temporary : P_tmpdir);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(setenv("POCKETMARK_DATA", folder, 1), 0);
    snprintf(models, sizeof models, "%s/models", folder);
    assert_string_equal(model_directory(), models);
    assert_int_equal(model_load(&model, "tiny", &error), STATUS_IO);
    assert_non_null(strstr(error.text, models));
    assert_int_equal(model_list(see, &seen, &error), STATUS_IO);

    assert_int_equal(mkdir(models, 0700), 0);
    assert_int_equal(model_load(&model, "tiny", &error), STATUS_MISUSE);
    snprintf(path, sizeof path, "%s/tiny.json", models);
    write_text(path, tiny);
    assert_int_equal(model_load(&model, "tiny", &error), STATUS_OK);
    model_free(&model);
    unlink(path);
    snprintf(path, sizeof path, "%s/other.json", models);
    write_text(path, tiny);
    assert_int_equal(model_load(&model, "other", &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "other.json: key 'name': is 'tiny'"));
    assert_null(model.tensors);
    write_text(path, "{");
    assert_int_equal(model_load(&model, "other", &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "other.json: not valid JSON"));
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(model_load(&model, "other", &error), STATUS_IO);
    assert_non_null(strstr(error.text, path));
    rmdir(path);
    rmdir(models);
    rmdir(folder);
    assert_int_equal(setenv("POCKETMARK_DATA", "workloads", 1), 0);
}

/* The descriptions among the sources, not those of an installed program. */
static int use_sources(void **state)
{
    (void)state;
    return setenv("POCKETMARK_DATA", "workloads", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lays_out_every_tensor), cmocka_unit_test(sets_types),
        cmocka_unit_test(describes_the_models),  cmocka_unit_test(lists_the_models),
        cmocka_unit_test(refuses_unknown_names), cmocka_unit_test(reads_a_folder_of_descriptions),
    };

    return cmocka_run_group_tests(tests, use_sources, NULL);
}

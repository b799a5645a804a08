#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

#define SCALING(type, factor, low, high, original)                                                                     \
    "{\"rope_type\": " type ", \"factor\": " factor ", \"low_freq_factor\": " low ", \"high_freq_factor\": " high      \
    ", \"original_max_position_embeddings\": " original "}"

/* The tiny description with the first `old` replaced. */
static void replace(char *text, size_t size, const char *old, const char *new)
{
    const char *place = strstr(tiny, old);

    assert_non_null(place);
    snprintf(text, size, "%.*s%s%s", (int)(place - tiny), tiny, new, place + strlen(old));
}

static void expect(const char *text, size_t length, enum status wanted, const char *says)
{
    struct model model;
    struct error error = {0};
    enum status status = model_parse(&model, text, length, "tiny.json", &error);

    if (status != wanted || (says && !strstr(error.text, says)))
        fail_msg("status %d, wanted %d; \"%s\" should say \"%s\"", status, wanted, error.text, says ? says : "");
    if (status) {
        assert_null(model.tensors);
        assert_memory_equal(error.text, "tiny.json: ", 11);
    }
    model_free(&model);
}

static void parses_a_description(void **state)
{
    struct model model;

    (void)state;
    assert_int_equal(model_parse(&model, tiny, strlen(tiny), "tiny.json", NULL), STATUS_OK);
    assert_string_equal(model.name, "tiny");
    assert_string_equal(model.architecture_name, "llama");
    assert_string_equal(model.license, "");
    assert_string_equal(model.source, "made up");
    assert_false(model.inexact);
    assert_int_equal(model.vocabulary, 64);
    assert_int_equal(model.hidden, 32);
    assert_int_equal(model.layers, 2);
    assert_int_equal(model.heads, 4);
    assert_int_equal(model.kv_heads, 2);
    assert_int_equal(model.head_size, 8);
    assert_int_equal(model.feed_forward, 96);
    assert_int_equal(model.context_tokens, 256);
    assert_true(model.norm_epsilon == 1e-5);
    assert_true(model.rope.base == 10000);
    assert_int_equal(model.rope.dimensions, 8);
    assert_false(model.tied);
    assert_int_equal(model.rope.scaling, ROPE_PLAIN);
    assert_true(model.rope.divisors[0] == 1 && model.rope.divisors[MODEL_HEAD_SIZE_MAX / 2 - 1] == 1);
    assert_int_equal(model_parameter_count(&model), 28832);
    assert_int_equal(model_stored_bytes(&model), 4 * 28832);
    model_free(&model);
    assert_null(model.tensors);
}

static void refuses_bad_values(void **state)
{
    static const struct {
        const char *old, *new;
        enum status status;
        const char *says;
    } changes[] = {
        {"\"name\": \"tiny\", ", "", STATUS_FORMAT, "key 'name' is missing"},
        {"\"hidden_size\": 32,", "", STATUS_FORMAT, "key 'hidden_size' is missing"},
        {", \"rope_scaling\": null", "", STATUS_FORMAT, "key 'rope_scaling' is missing"},
        {"\"license\": \"\", ", "", STATUS_FORMAT, "key 'license' is missing"},
        {"\"hidden_size\"", "\"hiden_size\"", STATUS_FORMAT, "unknown key 'hiden_size'; did you mean 'hidden_size'?"},
        {"\"hidden_size\"", "\"Hidden_Size\"", STATUS_FORMAT, "unknown key 'Hidden_Size'"},
        {"{", "{\"bos_token_id\": 1, ", STATUS_FORMAT, "unknown key 'bos_token_id'"},
        {"{", "{\"\": 1, ", STATUS_FORMAT, "unknown key ''"},
        {"{", "{\"name\": \"tiny\", ", STATUS_FORMAT, "key 'name' is there twice"},
        {"\"tiny\"", "7", STATUS_FORMAT, "key 'name': must be a string"},
        {"\"tiny\"", "\"\"", STATUS_FORMAT, "key 'name': must not be empty"},
        {"\"tiny\"", "\"../tiny\"", STATUS_FORMAT, "key 'name': may hold only"},
        {"\"tiny\"", "\"Tiny\"", STATUS_FORMAT, "key 'name': may hold only"},
        {"\"tiny\"", "\"a-name-that-is-far-longer-than-the-sixty-three-characters-it-may-have\"", STATUS_FORMAT,
         "key 'name': longer than 63"},
        {"\"made up\"", "\"line\\nbreak\"", STATUS_FORMAT, "key 'source': may hold only printable ASCII"},
        {"\"made up\"", "\"\\u0000\"", STATUS_FORMAT, "holds a zero byte"},
        {"\"llama\"", "\"lama\"", STATUS_UNSUPPORTED, "architecture 'lama' is not supported; supported: llama"},
        {"\"hidden_size\": 32", "\"hidden_size\": \"32\"", STATUS_FORMAT, "key 'hidden_size': must be a number"},
        {"\"hidden_size\": 32", "\"hidden_size\": null", STATUS_FORMAT, "key 'hidden_size': must be a number"},
        {"\"hidden_size\": 32", "\"hidden_size\": [32]", STATUS_FORMAT, "key 'hidden_size': must be a number"},
        {"\"hidden_size\": 32", "\"hidden_size\": true", STATUS_FORMAT, "key 'hidden_size': must be a number"},
        {"\"hidden_size\": 32", "\"hidden_size\": 32.5", STATUS_FORMAT, "key 'hidden_size': is 32.5; must be a whole"},
        {"\"hidden_size\": 32", "\"hidden_size\": -32", STATUS_FORMAT, "key 'hidden_size': is -32"},
        {"\"hidden_size\": 32", "\"hidden_size\": 0", STATUS_FORMAT, "key 'hidden_size': is 0"},
        {"\"hidden_size\": 32", "\"hidden_size\": 1e999", STATUS_FORMAT, "key 'hidden_size': is inf"},
        {"\"hidden_size\": 32", "\"hidden_size\": 1e9", STATUS_FORMAT, "the hidden size is 1000000000"},
        {"\"hidden_size\": 32", "\"hidden_size\": NaN", STATUS_FORMAT, "not valid JSON"},
        {"\"hidden_size\": 32", "\"hidden_size\": 33", STATUS_FORMAT, "key 'parameter_count': is 28832"},
        {"\"parameter_count\": 28832", "\"parameter_count\": 28833", STATUS_FORMAT, "other keys make 28832"},
        {"\"parameter_count\": 28832", "\"parameter_count\": 28832.5", STATUS_FORMAT, "key 'parameter_count'"},
        {"\"num_hidden_layers\": 2", "\"num_hidden_layers\": 513", STATUS_FORMAT, "number of layers is 513"},
        {"\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3", STATUS_FORMAT, "4 heads cannot be shared"},
        {"\"num_key_value_heads\": 2", "\"num_key_value_heads\": 8", STATUS_FORMAT, "4 heads cannot be shared"},
        {"\"head_dim\": 8", "\"head_dim\": 9", STATUS_FORMAT, "the head size is 9; it must be even"},
        {"\"head_dim\": 8", "\"head_dim\": 514", STATUS_FORMAT, "the head size is 514"},
        {"\"rope_dimension_count\": 8", "\"rope_dimension_count\": 10", STATUS_FORMAT, "rotated dimensions is 10"},
        {"\"rope_dimension_count\": 8", "\"rope_dimension_count\": 5", STATUS_FORMAT, "rotated dimensions is 5"},
        {"\"rms_norm_eps\": 1e-5", "\"rms_norm_eps\": 0", STATUS_FORMAT, "key 'rms_norm_eps': is 0"},
        {"\"rms_norm_eps\": 1e-5", "\"rms_norm_eps\": 1", STATUS_FORMAT, "norm epsilon is 1"},
        {"\"rope_theta\": 10000", "\"rope_theta\": 1", STATUS_FORMAT, "rope base is 1"},
        {"\"tie_word_embeddings\": false", "\"tie_word_embeddings\": 0", STATUS_FORMAT, "must be true or false"},
        {"\"rope_scaling\": null", "\"rope_scaling\": {}", STATUS_FORMAT,
         "key 'rope_scaling': key 'rope_type' is missing"},
        {"\"rope_scaling\": null", "\"rope_scaling\": false", STATUS_FORMAT, "must be null or an object"},
        {"null", SCALING("\"dynamic\"", "8", "1", "4", "64"), STATUS_UNSUPPORTED,
         "key 'rope_scaling': rope_type 'dynamic' is not supported; supported: llama3, linear"},
        {"null", SCALING("\"yarn\"", "8", "1", "4", "64"), STATUS_FORMAT,
         "key 'low_freq_factor' is not for rope_type yarn, only for llama3"},
        {"null", SCALING("\"llama3\"", "8", "4", "4", "64"), STATUS_FORMAT, "low_freq_factor 4 is not below"},
        {"null", SCALING("\"llama3\"", "0.5", "1", "4", "64"), STATUS_FORMAT,
         "key 'rope_scaling': key 'factor': is 0.5"},
        {"null", SCALING("\"llama3\"", "8", "0", "4", "64"), STATUS_FORMAT, "key 'low_freq_factor'"},
        {"null", SCALING("\"llama3\"", "8", "1", "4", "64.5"), STATUS_FORMAT, "'original_max_position_embeddings'"},
        {"null", SCALING("\"llama3\"", "8", "1", "4", "64"), STATUS_OK, NULL},
        {"{", "[{", STATUS_FORMAT, "not valid JSON"},
        {"null}", "null", STATUS_FORMAT, "not valid JSON"},
        {"null}", "null} x", STATUS_FORMAT, "not valid JSON"},
        {"null}", "null}{}", STATUS_FORMAT, "not valid JSON"},
        {"null}", "null} \n\t ", STATUS_OK, NULL},
    };
    char text[2048];

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        replace(text, sizeof text, changes[i].old, changes[i].new);
        expect(text, strlen(text), changes[i].status, changes[i].says);
    }
}

static void refuses_bad_texts(void **state)
{
    char *large = malloc(100000), with_zero[sizeof tiny];

    (void)state;
    expect("", 0, STATUS_FORMAT, "not valid JSON");
    expect("null", 4, STATUS_FORMAT, "must be a JSON object");
    expect("[]", 2, STATUS_FORMAT, "must be a JSON object");
    expect("{}", 2, STATUS_FORMAT, "key 'name' is missing");
    expect(tiny, sizeof tiny, STATUS_FORMAT, "zero byte");
    memcpy(with_zero, tiny, sizeof tiny);
    with_zero[20] = '\0';
    expect(with_zero, sizeof tiny - 1, STATUS_FORMAT, "zero byte");
    assert_non_null(large);
    memset(large, ' ', 100000);
    memcpy(large, tiny, sizeof tiny - 1);
    expect(large, 100000, STATUS_FORMAT, "longer than 65536 bytes");
    memset(large, '[', 60000);
    expect(large, 60000, STATUS_FORMAT, "not valid JSON");
    free(large);
}

static void survives_every_cut(void **state)
{
    (void)state;
    for (size_t length = 0; length < strlen(tiny) - 1; length++) {
        char *cut = malloc(length + !length);
        assert_non_null(cut);
        memcpy(cut, tiny, length);
        expect(cut, length, STATUS_FORMAT, NULL);
        free(cut);
    }
}

/* Against the formula in double precision, which single precision must come close to. */
static void scales_rotations(void **state)
{
    struct model model;

    (void)state;
    assert_int_equal(model_load(&model, "llama-3.2-1b", NULL), STATUS_OK);
    for (int i = 0; i < 32; i++) {
        double wavelength = 2 * acos(-1) * pow(500000, i / 32.0), smooth = (8192 / wavelength - 1) / 3;
        double want = wavelength < 2048 ? 1 : wavelength > 8192 ? 32 : 1 / ((1 - smooth) / 32 + smooth);
        assert_true(fabs((double)model.rope.divisors[i] - want) <= 2e-6 * want);
    }
    assert_true(model.rope.divisors[32] == 1);
    model_free(&model);
}

/* What other architectures ask for besides, in place of rope_scaling. 28832 parameters: see below. */
struct variant {
    const char *architecture;
    unsigned parameters;
    const char *keys; /* from rope_scaling on */
};

static const struct variant variants[] = {
    {"llama", 28832, "\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 4}"},
    /* two norms more a layer: 4·32 */
    {"gemma2", 28960,
     "\"rope_scaling\": null, \"sliding_window\": 64, \"query_pre_attn_scalar\": 16, \"attn_logit_softcapping\": 50, "
     "\"final_logit_softcapping\": 30"},
    /* and two norms of a head: 4·8 */
    {"gemma3", 28992,
     "\"rope_scaling\": null, \"sliding_window\": 64, \"query_pre_attn_scalar\": 16, \"rope_local_base_freq\": 10000"},
    {"phi3", 28832,
     "\"rope_scaling\": {\"rope_type\": \"longrope\", \"original_max_position_embeddings\": 64, "
     "\"attention_factor\": 1.19, \"long_factor\": [1, 2, 4, 8], \"short_factor\": [1, 1, 1, 1.5]}"},
    /* biases of 32 + 16 + 16 a layer */
    {"qwen2", 28960, "\"rope_scaling\": null"},
    {"qwen3", 28864, "\"rope_scaling\": null"},
    {"granite", 28832,
     "\"rope_scaling\": null, \"embedding_multiplier\": 12, \"residual_multiplier\": 0.22, "
     "\"attention_multiplier\": 0.0078125, \"logits_scaling\": 16"},
    /* norms of 32 + 16 of queries and keys, as many others as llama */
    {"olmo2", 28928, "\"rope_scaling\": null"},
    {"smollm3", 28832, "\"rope_scaling\": null, \"no_rope_layer_interval\": 2"},
    {"mistral3", 28832,
     "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 16, \"original_max_position_embeddings\": 64, "
     "\"beta_fast\": 32, \"beta_slow\": 1, \"mscale\": 1, \"mscale_all_dim\": 1}, \"temperature_scale\": 0.1"},
    /* the second layer lacks keys and values (2·16·32) and the norm of keys */
    {"afm", 27832, "\"rope_scaling\": null, \"num_kv_shared_layers\": 1"},
};

enum { VARIANT_COUNT = sizeof variants / sizeof *variants };

static void write_variant(char *text, size_t size, const struct variant *variant)
{
    const char *end = strstr(tiny, "\"rope_scaling\"");
    char *place;
    char count[8];

    snprintf(count, sizeof count, "%u", variant->parameters);
    snprintf(text, size, "%.*s%s}", (int)(end - tiny), tiny, variant->keys);
    memcpy(strstr(text, "28832"), count, 5);
    place = strstr(text, "\"llama\"");
    memmove(place + strlen(variant->architecture) + 2, place + 7, strlen(place + 7) + 1);
    place[0] = place[strlen(variant->architecture) + 1] = '"';
    memcpy(place + 1, variant->architecture, strlen(variant->architecture));
}

static void parse_variant(const char *architecture, struct model *model)
{
    struct error error = {0};
    char text[2048];

    for (size_t i = 0; i < VARIANT_COUNT; i++)
        if (strcmp(variants[i].architecture, architecture) == 0)
            write_variant(text, sizeof text, &variants[i]);
    if (model_parse(model, text, strlen(text), "tiny.json", &error))
        fail_msg("%s", error.text);
}

static void reads_every_architecture(void **state)
{
    struct model model;

    (void)state;
    for (size_t i = 0; i < VARIANT_COUNT; i++) {
        parse_variant(variants[i].architecture, &model);
        assert_string_equal(model.architecture->name, variants[i].architecture);
        assert_int_equal(model_parameter_count(&model), variants[i].parameters);
        model_free(&model);
    }
}

static void reads_scales_and_windows(void **state)
{
    struct model model;

    (void)state;
    parse_variant("gemma2", &model);
    assert_true(model.embedding_scale == sqrt(32) && model.attention_scale == 0.25);
    assert_true(model.attention_softcap == 50 && model.logit_softcap == 30);
    assert_int_equal(model.window, 64);
    assert_true(model_layer(&model, 0).window == 64 && model_layer(&model, 1).window == 0);
    model_free(&model);
    parse_variant("gemma3", &model);
    assert_true(model.local_rope_base == 10000 && model.global_period == 6 && model.global_offset == 5);
    model_free(&model);
    parse_variant("granite", &model);
    assert_true(model.embedding_scale == 12 && model.residual_scale == 0.22 && model.logit_divisor == 16);
    assert_true(model.attention_scale == 0.0078125);
    model_free(&model);
    parse_variant("smollm3", &model);
    assert_true(model_layer(&model, 0).rotated && !model_layer(&model, 1).rotated);
    model_free(&model);
    parse_variant("mistral3", &model);
    assert_true(model.rope.scaling == ROPE_YARN && model.rope.factor == 16 && model.rope.magnitude == 1);
    assert_true(model.temperature_scale == 0.1 && model.rope.original_context_tokens == 64);
    model_free(&model);
    parse_variant("afm", &model);
    assert_int_equal(model.kv_shared_from, 1);
    assert_null(model_tensor(&model, ROLE_KEY, 1));
    assert_null(model_tensor(&model, ROLE_KEY_NORM, 1));
    assert_non_null(model_tensor(&model, ROLE_QUERY_NORM, 1));
    model_free(&model);
    parse_variant("phi3", &model);
    assert_true(model.rope.scaling == ROPE_LONGROPE && model.rope.magnitude == 1.19);
    assert_true(model.rope.divisors[3] == 8 && model.rope.short_divisors[3] == 1.5f && model.rope.divisors[4] == 1);
    model_free(&model);
}

/* Each key of a variant left out, and each given to every architecture that has none of it. */
static void keys_belong_to_architectures(void **state)
{
    static const struct {
        const char *key, *among;
    } keys[] = {
        {"sliding_window", "gemma2 gemma3"},  {"query_pre_attn_scalar", "gemma2 gemma3"},
        {"attn_logit_softcapping", "gemma2"}, {"final_logit_softcapping", "gemma2"},
        {"rope_local_base_freq", "gemma3"},   {"embedding_multiplier", "granite"},
        {"residual_multiplier", "granite"},   {"attention_multiplier", "granite"},
        {"logits_scaling", "granite"},        {"no_rope_layer_interval", "smollm3"},
        {"temperature_scale", "mistral3"},    {"num_kv_shared_layers", "afm"},
    };
    char text[2048], wanted[128], *place;

    (void)state;
    for (size_t i = 0; i < VARIANT_COUNT; i++)
        for (size_t j = 0; j < sizeof keys / sizeof *keys; j++) {
            bool has = strstr(keys[j].among, variants[i].architecture);

            write_variant(text, sizeof text, &variants[i]);
            place = strstr(text, keys[j].key);
            assert_true(has == (place != NULL));
            if (has) {
                place[0] = 'X';
                snprintf(wanted, sizeof wanted, "unknown key 'X%s'", keys[j].key + 1);
            } else {
                snprintf(text + strlen(text) - 1, sizeof text - strlen(text), ", \"%s\": 2}", keys[j].key);
                snprintf(wanted, sizeof wanted, "key '%s' is not for architecture %s, only for %s", keys[j].key,
                         variants[i].architecture, keys[j].among);
            }
            expect(text, strlen(text), STATUS_FORMAT, wanted);
        }
}

static void refuses_bad_variants(void **state)
{
    static const struct {
        const char *architecture, *old, *new, *says;
        enum status status;
    } changes[] = {
        {"gemma2", "\"sliding_window\": 64, ", "", "key 'sliding_window' is missing", STATUS_FORMAT},
        {"gemma2", "\"sliding_window\": 64", "\"sliding_window\": 0", "key 'sliding_window': is 0", STATUS_FORMAT},
        {"gemma2", "softcapping\": 50", "softcapping\": 0", "key 'attn_logit_softcapping': is 0", STATUS_FORMAT},
        {"gemma3", "scalar\": 16", "scalar\": -16", "key 'query_pre_attn_scalar': is -16", STATUS_FORMAT},
        {"gemma3", "base_freq\": 10000", "base_freq\": 1", "rope base of local layers is 1", STATUS_FORMAT},
        {"granite", "0.22", "null", "key 'residual_multiplier': must be a number", STATUS_FORMAT},
        {"smollm3", "interval\": 2", "interval\": 0", "key 'no_rope_layer_interval': is 0", STATUS_FORMAT},
        {"afm", "layers\": 1", "layers\": 2", "key 'num_kv_shared_layers': is 2; the model has 2 layers",
         STATUS_FORMAT},
        {"mistral3", "\"factor\": 16, ", "", "key 'rope_scaling': key 'factor' is missing", STATUS_FORMAT},
        {"mistral3", "\"beta_slow\": 1, ", "", "key 'beta_slow' is missing", STATUS_FORMAT},
        {"mistral3", "\"beta_slow\": 1", "\"beta_slow\": 32", "0 < slow < fast", STATUS_FORMAT},
        {"mistral3", "yarn", "linear", "is not for rope_type linear", STATUS_FORMAT},
        {"mistral3", "embeddings\": 64", "embeddings\": 0", "'original_max_position_embeddings': is 0", STATUS_FORMAT},
        {"phi3", "[1, 2, 4, 8]", "[1, 2, 4]", "long_factor has 3 numbers and short_factor 4", STATUS_FORMAT},
        {"phi3", "[1, 2, 4, 8]", "[1, 2, 4, 0]", "key 'long_factor': element 3 is 0", STATUS_FORMAT},
        {"phi3", "[1, 2, 4, 8]", "[1, 2, \"4\", 8]", "key 'long_factor': element 2", STATUS_FORMAT},
        {"phi3", "[1, 2, 4, 8]", "[1, 2, 1e999, 8]", "key 'long_factor': element 2 is inf", STATUS_FORMAT},
        {"phi3", "[1, 2, 4, 8]", "8", "key 'long_factor': must be a list", STATUS_FORMAT},
        {"phi3", "\"attention_factor\": 1.19, ", "", "key 'attention_factor' is missing", STATUS_FORMAT},
        {"phi3", "\"phi3\"", "\"llama\"", "longrope divisors is not supported in architecture llama",
         STATUS_UNSUPPORTED},
        {"llama", "\"factor\": 4", "\"factor\": 0.5", "key 'factor': is 0.5", STATUS_FORMAT},
        {"llama", "\"inexact\": false,", "", "key 'inexact' is missing", STATUS_FORMAT},
        {"llama", "\"inexact\": false", "\"inexact\": \"no\"", "key 'inexact': must be true or false", STATUS_FORMAT},
        {"qwen3", "\"qwen3\"", "\"qwen35\"", "architecture 'qwen35' is not supported", STATUS_UNSUPPORTED},
    };
    char text[2048], bent[2048];

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const char *place;

        for (size_t j = 0; j < VARIANT_COUNT; j++)
            if (strcmp(variants[j].architecture, changes[i].architecture) == 0)
                write_variant(text, sizeof text, &variants[j]);
        place = strstr(text, changes[i].old);
        assert_non_null(place);
        snprintf(bent, sizeof bent, "%.*s%s%s", (int)(place - text), text, changes[i].new,
                 place + strlen(changes[i].old));
        expect(bent, strlen(bent), changes[i].status, changes[i].says);
    }
}

static void survives_long_lists(void **state)
{
    char text[4096], *place;
    size_t used;

    (void)state;
    write_variant(text, sizeof text, &variants[3]);
    place = strstr(text, "[1, 2");
    used = (size_t)(place - text);
    used += (size_t)snprintf(text + used, sizeof text - used, "[1");
    for (size_t i = 0; i < 300; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, ", 1");
    snprintf(text + used, sizeof text - used, "], \"short_factor\": [1, 1, 1, 1]}}");
    expect(text, strlen(text), STATUS_FORMAT, "key 'long_factor': longer than 256 numbers");
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
        cmocka_unit_test(parses_a_description),     cmocka_unit_test(refuses_bad_values),
        cmocka_unit_test(refuses_bad_texts),        cmocka_unit_test(survives_every_cut),
        cmocka_unit_test(scales_rotations),         cmocka_unit_test(reads_every_architecture),
        cmocka_unit_test(reads_scales_and_windows), cmocka_unit_test(keys_belong_to_architectures),
        cmocka_unit_test(refuses_bad_variants),     cmocka_unit_test(survives_long_lists),
    };

    return cmocka_run_group_tests(tests, use_sources, NULL);
}

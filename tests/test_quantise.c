#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "workloads/model.h"

/* As in a file: every tensor begins at a multiple of 32. */
static uint64_t padded_bytes(const struct model *model)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < model->tensor_count; i++) {
        const struct tensor *tensor = &model->tensors[i];
        bytes += (tensor->rows * dtype_row_bytes(tensor->type, tensor->columns) + 31) / 32 * 32;
    }
    return bytes;
}

static void load(struct model *model, const char *name)
{
    struct error error = {0};

    if (model_load(model, name, &error))
        fail_msg("%s", error.text);
}

static uint64_t quantise(struct model *model, const char *quantisation, const enum dtype *output)
{
    struct error error = {0};

    if (model_quantise(model, quantisation, output, &error))
        fail_msg("%s", error.text);
    return padded_bytes(model);
}

static void expect_bytes(const char *name, const char *what, uint64_t got, uint64_t want)
{
    if (got != want)
        fail_msg("%s: %s takes %llu bytes, wanted %llu", name, what, (unsigned long long)got, (unsigned long long)want);
}

/* Parameters as published, and bytes of all tensors in files of llama.cpp's quantiser. In gemma-3-1b's, whose width is
 * no multiple of 256, the mix falls back to types that do not exist here: its bytes are left out. */
static void every_model_has_its_bytes(void **state)
{
    static const struct {
        const char *name;
        uint64_t parameters, q4_0, q8_0, q4_k_m;
    } models[] = {
        {"afm-3b", UINT64_C(3111368064), UINT64_C(1832080896), UINT64_C(3306542592), UINT64_C(1932781056)},
        {"falcon3-10b", UINT64_C(10305653760), UINT64_C(5901594624), UINT64_C(10950488064), UINT64_C(6282768384)},
        {"falcon3-1b", UINT64_C(1669408768), UINT64_C(1008508928), UINT64_C(1773969408), UINT64_C(1052303360)},
        {"falcon3-3b", UINT64_C(3227655168), UINT64_C(1919840256), UINT64_C(3429789696), UINT64_C(2000941056)},
        {"falcon3-7b", UINT64_C(7455550464), UINT64_C(4298158080), UINT64_C(7922036736), UINT64_C(4564979712)},
        {"gemma-2-2b", UINT64_C(2614341888), UINT64_C(1623462912), UINT64_C(2778448896), UINT64_C(1702536192)},
        {"gemma-2-9b", UINT64_C(9241705984), UINT64_C(5437085696), UINT64_C(9821091840), UINT64_C(5755000832)},
        {"gemma-3-12b", UINT64_C(11765788416), UINT64_C(6880410624), UINT64_C(12503399424), UINT64_C(7294024704)},
        {"gemma-3-1b", UINT64_C(999885952), UINT64_C(713892352), UINT64_C(1062773248), 0},
        {"gemma-3-4b", UINT64_C(3880099328), UINT64_C(2356836352), UINT64_C(4123686912), UINT64_C(2483218432)},
        {"granite-3.3-2b", UINT64_C(2533539840), UINT64_C(1451642368), UINT64_C(2692373376), UINT64_C(1543556608)},
        {"granite-3.3-8b", UINT64_C(8170864640), UINT64_C(4649163744), UINT64_C(8682518272), UINT64_C(4941126624)},
        {"granite-4.1-3b", UINT64_C(3402836480), UINT64_C(1981040640), UINT64_C(3616122880), UINT64_C(2095933440)},
        {"llama-3.1-8b", UINT64_C(8030261248), UINT64_C(4653375744), UINT64_C(8532934912), UINT64_C(4912898304)},
        {"llama-3.2-1b", UINT64_C(1235814400), UINT64_C(763097216), UINT64_C(1313251456), UINT64_C(799862912)},
        {"llama-3.2-3b", UINT64_C(3212749824), UINT64_C(1909352704), UINT64_C(3414061312), UINT64_C(2011539712)},
        {"ministral-3-14b", UINT64_C(13506073600), UINT64_C(7771607040), UINT64_C(14351421440), UINT64_C(8231178240)},
        {"ministral-3-3b", UINT64_C(3429006336), UINT64_C(2033184768), UINT64_C(3643797504), UINT64_C(2138615808)},
        {"ministral-3-8b", UINT64_C(8489553920), UINT64_C(4914757632), UINT64_C(9020981248), UINT64_C(5190500352)},
        {"ministral-8b-2410", UINT64_C(8019808256), UINT64_C(4650582016), UINT64_C(8521924608), UINT64_C(4903616512)},
        {"mistral-7b-v0.3", UINT64_C(7248023552), UINT64_C(4112531456), UINT64_C(7701807104), UINT64_C(4372054016)},
        {"mistral-nemo-12b", UINT64_C(12247782400), UINT64_C(7063818240), UINT64_C(13014487040), UINT64_C(7469322240)},
        {"olmo-2-13b", UINT64_C(13716198400), UINT64_C(7850659840), UINT64_C(14575882240), UINT64_C(8350781440)},
        {"olmo-2-1b", UINT64_C(1484916736), UINT64_C(888709120), UINT64_C(1578115072), UINT64_C(931962880)},
        {"olmo-2-7b", UINT64_C(7298617344), UINT64_C(4213260288), UINT64_C(7756333056), UINT64_C(4468457472)},
        {"phi-3-medium", UINT64_C(13960238080), UINT64_C(7896384000), UINT64_C(14833971200), UINT64_C(8566080000)},
        {"phi-3.5-mini", UINT64_C(3821079552), UINT64_C(2175438720), UINT64_C(4060483968), UINT64_C(2392493952)},
        {"phi-4", UINT64_C(14659507200), UINT64_C(8379863040), UINT64_C(15576944640), UINT64_C(9049559040)},
        {"phi-4-mini", UINT64_C(3836021760), UINT64_C(2316899712), UINT64_C(4076360064), UINT64_C(2483623296)},
        {"qwen2.5-1.5b", UINT64_C(1543714304), UINT64_C(929004032), UINT64_C(1640622080), UINT64_C(980097536)},
        {"qwen2.5-14b", UINT64_C(14770033664), UINT64_C(8511758336), UINT64_C(15695630336), UINT64_C(8982142976)},
        {"qwen2.5-3b", UINT64_C(3085938688), UINT64_C(1816893440), UINT64_C(3279519744), UINT64_C(1923946496)},
        {"qwen2.5-7b", UINT64_C(7615616512), UINT64_C(4425437184), UINT64_C(8092571648), UINT64_C(4677120000)},
        {"qwen3-0.6b", UINT64_C(596049920), UINT64_C(375614464), UINT64_C(633495552), UINT64_C(390753280)},
        {"qwen3-1.7b", UINT64_C(1720574976), UINT64_C(1048471552), UINT64_C(1828474880), UINT64_C(1101457408)},
        {"qwen3-14b", UINT64_C(14768307200), UINT64_C(8509189120), UINT64_C(15692574720), UINT64_C(8995793920)},
        {"qwen3-4b", UINT64_C(4022468096), UINT64_C(2363590144), UINT64_C(4274448384), UINT64_C(2491323904)},
        {"qwen3-8b", UINT64_C(8190735360), UINT64_C(4768792576), UINT64_C(8703561728), UINT64_C(5021827072)},
        {"smollm2-1.7b", UINT64_C(1711376384), UINT64_C(988946432), UINT64_C(1818632192), UINT64_C(1053827072)},
        {"smollm3-3b", UINT64_C(3075098624), UINT64_C(1797976064), UINT64_C(3267731456), UINT64_C(1907462144)},
        {"tinyllama-1.1b", UINT64_C(1100048384), UINT64_C(635990016), UINT64_C(1169072128), UINT64_C(667078656)},
    };
    const enum dtype q6_k = DTYPE_Q6_K;
    struct model model;

    (void)state;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        const char *name = models[i].name;
        load(&model, name);
        expect_bytes(name, "parameters", model_parameter_count(&model), models[i].parameters);
        expect_bytes(name, "q4_0", quantise(&model, "q4_0", &q6_k), models[i].q4_0);
        expect_bytes(name, "q8_0", quantise(&model, "q8_0", NULL), models[i].q8_0);
        if (models[i].q4_k_m)
            expect_bytes(name, "q4_k_m", quantise(&model, "q4_k_m", NULL), models[i].q4_k_m);
        model_free(&model);
    }
}

static size_t count(const struct model *model, enum role role, enum dtype type)
{
    size_t found = 0;

    for (size_t i = 0; i < model->tensor_count; i++)
        found += model->tensors[i].role == role && model->tensors[i].type == type;
    return found;
}

/* 16 layers: 0 and 1, 14 and 15, and 4, 7, 10, 13 between. */
static void the_mix_favours_some_layers(void **state)
{
    static const bool favoured[16] = {1, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 1, 1};
    struct model model;

    (void)state;
    load(&model, "llama-3.2-1b");
    quantise(&model, "Q4_K_M", NULL);
    for (int i = 0; i < 16; i++) {
        enum dtype type = favoured[i] ? DTYPE_Q6_K : DTYPE_Q4_K;
        assert_int_equal(model_tensor(&model, ROLE_DOWN, i)->type, type);
        assert_int_equal(model_tensor(&model, ROLE_VALUE, i)->type, type);
        assert_int_equal(model_tensor(&model, ROLE_QUERY, i)->type, DTYPE_Q4_K);
        assert_int_equal(model_tensor(&model, ROLE_ATTENTION_NORM, i)->type, DTYPE_F32);
    }
    assert_int_equal(model_output(&model)->type, DTYPE_Q6_K);
    assert_int_equal(model_tensor(&model, ROLE_ROPE_FREQS, -1)->type, DTYPE_F32);
    model_free(&model);
    load(&model, "phi-4");
    quantise(&model, "q4_k_m", NULL);
    assert_int_equal(count(&model, ROLE_QKV, DTYPE_Q5_K), 40);
    assert_int_equal(count(&model, ROLE_GATE_UP, DTYPE_Q4_K), 40);
    assert_int_equal(model_tensor(&model, ROLE_TOKEN_EMBEDDING, -1)->type, DTYPE_Q4_K);
    model_free(&model);
}

static void the_output_may_be_asked_for(void **state)
{
    const enum dtype f16 = DTYPE_F16, q6_k = DTYPE_Q6_K;
    struct model model;

    (void)state;
    load(&model, "qwen3-4b");
    quantise(&model, "q4_k_m", &f16);
    assert_int_equal(model_output(&model)->type, DTYPE_F16);
    quantise(&model, "bf16", NULL);
    assert_int_equal(model_output(&model)->type, DTYPE_BF16);
    quantise(&model, "iq4_nl", &q6_k);
    assert_int_equal(model_tensor(&model, ROLE_UP, 3)->type, DTYPE_IQ4_NL);
    assert_int_equal(model_output(&model)->type, DTYPE_Q6_K);
    model_free(&model);
}

/* 1152 = 4.5 · 256: only the matrices with rows of 1024 and 6912 = 27 · 256 may have the larger blocks. */
static void narrow_rows_fall_back(void **state)
{
    struct model model;
    struct error error = {0};

    (void)state;
    load(&model, "gemma-3-1b");
    quantise(&model, "q4_k_m", NULL);
    assert_int_equal(count(&model, ROLE_QUERY, DTYPE_Q4_1), 26);
    assert_int_equal(count(&model, ROLE_VALUE, DTYPE_Q8_0) + count(&model, ROLE_VALUE, DTYPE_Q4_1), 26);
    assert_int_equal(count(&model, ROLE_ATTENTION_OUTPUT, DTYPE_Q4_K), 26);
    assert_int_equal(count(&model, ROLE_DOWN, DTYPE_Q4_K) + count(&model, ROLE_DOWN, DTYPE_Q6_K), 26);
    assert_int_equal(model_output(&model)->type, DTYPE_Q8_0);
    assert_int_equal(model_quantise(&model, "q4_k", NULL, &error), STATUS_FORMAT);
    assert_non_null(strstr(error.text, "'token_embd.weight' of gemma-3-1b has rows of 1152 elements"));
    model_free(&model);
}

static void refuses_unknown_words(void **state)
{
    static const struct {
        const char *word, *says;
    } words[] = {
        {"q4_k_n", "did you mean 'q4_k_m'?"},
        {"q4-0", "did you mean 'q4_0'?"},
        {"int8", "no model is stored in it: choose q8_0"},
        {"", "there is no quantisation ''"},
        {"zzzz", "there is no quantisation 'zzzz'"},
    };
    struct model model;

    (void)state;
    load(&model, "llama-3.2-1b");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct error error = {0};
        assert_int_equal(model_quantise(&model, words[i].word, NULL, &error), STATUS_MISUSE);
        if (!strstr(error.text, words[i].says))
            fail_msg("\"%s\" should say \"%s\"", error.text, words[i].says);
    }
    model_free(&model);
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
        cmocka_unit_test(every_model_has_its_bytes),   cmocka_unit_test(the_mix_favours_some_layers),
        cmocka_unit_test(the_output_may_be_asked_for), cmocka_unit_test(narrow_rows_fall_back),
        cmocka_unit_test(refuses_unknown_words),
    };

    return cmocka_run_group_tests(tests, use_sources, NULL);
}

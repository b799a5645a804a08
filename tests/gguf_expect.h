/* A small model to bend, and the check of what the reader makes of it. */
#ifndef POCKETMARK_TESTS_GGUF_EXPECT_H
#define POCKETMARK_TESTS_GGUF_EXPECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/gguf_builder.h"
#include "workloads/gguf.h"

static const struct plan_shape tiny = {.vocabulary = 40,
                                       .hidden = 32,
                                       .layers = 2,
                                       .heads = 4,
                                       .kv_heads = 2,
                                       .head_size = 8,
                                       .feed_forward = 64,
                                       .rope_scaled = 1,
                                       .matrices = T_Q4_0};

/* Opens the planned file; an error must be of that status and its text must hold `says`. */
static inline void expect(const struct plan *plan, enum status wanted, const char *says)
{
    struct error error = {0};
    struct weights *weights = NULL;
    struct model model;
    size_t size;
    unsigned char *bytes = plan_write(plan, &size);
    enum status status = gguf_open_memory(&weights, &model, bytes, size, "test.gguf", &error);

    if (status != wanted || (says && !strstr(error.text, says)))
        fail_msg("status %d, wanted %d; \"%s\" should say \"%s\"", status, wanted, error.text, says ? says : "");
    if (status) {
        assert_null(weights);
        assert_null(model.tensors);
        assert_int_equal(error.status, status);
        assert_memory_equal(error.text, "test.gguf: ", 11);
    } else {
        weights_close(weights);
    }
    model_free(&model);
    free(bytes);
}

#endif

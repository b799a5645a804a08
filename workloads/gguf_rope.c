#include <math.h>
#include <string.h>

#include "workloads/gguf_keys.h"
#include "workloads/layout.h"

/* What rope.scaling.* says; 0 and empty: left out. */
struct scaling {
    char kind[32];
    double factor, attention_factor, log_multiplier;
    bool has_multiplier;
};

static enum status read_real(const struct model *model, const struct gguf_parts *parts, const char *name, double *value,
                             struct error *error)
{
    const struct gguf_pair *pair = gguf_model_pair(model, parts, name);

    return pair ? gguf_pair_real(pair, value, error) : STATUS_OK;
}

static enum status read_size(const struct model *model, const struct gguf_parts *parts, const char *name, size_t *value,
                             struct error *error)
{
    const struct gguf_pair *pair = gguf_model_pair(model, parts, name);

    return pair ? gguf_pair_size(pair, value, error) : STATUS_OK;
}

static enum status read_scaling(struct scaling *scaling, struct model *model, const struct gguf_parts *parts,
                                struct error *error)
{
    const struct gguf_pair *kind = gguf_model_pair(model, parts, "rope.scaling.type");
    const struct {
        const char *name;
        double *value;
    } reals[] = {
        {"rope.scale_linear", &scaling->factor}, /* the older word, which the newer one overrules */
        {"rope.scaling.factor", &scaling->factor},
        {"rope.scaling.attn_factor", &scaling->attention_factor},
        {"rope.scaling.yarn_log_multiplier", &scaling->log_multiplier},
        {"rope.scaling.yarn_beta_fast", &model->rope.yarn_beta_fast},
        {"rope.scaling.yarn_beta_slow", &model->rope.yarn_beta_slow},
    };
    enum status status = kind ? gguf_pair_text(kind, scaling->kind, sizeof scaling->kind, error) : STATUS_OK;

    for (size_t i = 0; i < sizeof reals / sizeof *reals && !status; i++)
        status = read_real(model, parts, reals[i].name, reals[i].value, error);
    if (status)
        return status;
    if (*scaling->kind && !layout_is_among(scaling->kind, "none linear yarn longrope"))
        return error_set(error, STATUS_UNSUPPORTED,
                         "key '%s': '%s' is not supported; supported: none, linear, yarn, longrope, and llama3 by way "
                         "of tensor rope_freqs.weight",
                         gguf_show(kind->key).text, gguf_show(kind->text).text);
    /* Some files write 0 for "not scaled". */
    scaling->factor = scaling->factor == 0 ? 1 : scaling->factor;
    scaling->attention_factor = scaling->attention_factor == 0 ? 1 : scaling->attention_factor;
    scaling->has_multiplier = gguf_model_pair(model, parts, "rope.scaling.yarn_log_multiplier");
    model->rope.original_context_tokens = model->context_tokens;
    return read_size(model, parts, "rope.scaling.original_context_length", &model->rope.original_context_tokens, error);
}

static bool has_tensor(const struct model *model, const struct gguf_parts *parts, enum role role, const char *name)
{
    const struct gguf_part *part;

    return layout_has_role(layout_architecture(model->architecture_name), role) && gguf_parts_entry(parts, name, &part);
}

/* Divisors among the tensors overrule the type, which most writers leave out beside them. An absent type means linear.
 * */
static enum status choose_scaling(struct model *model, const struct scaling *scaling, const struct gguf_parts *parts,
                                  struct error *error)
{
    bool longrope = has_tensor(model, parts, ROLE_ROPE_LONG, "rope_factors_long.weight") ||
                    has_tensor(model, parts, ROLE_ROPE_SHORT, "rope_factors_short.weight");
    bool llama3 = has_tensor(model, parts, ROLE_ROPE_FREQS, "rope_freqs.weight");
    const char *kind = scaling->kind;

    if (longrope && !layout_is_among(*kind ? kind : "longrope", "longrope none"))
        return error_set(error, STATUS_FORMAT,
                         "key '%s.rope.scaling.type': is '%s', but tensor 'rope_factors_long.weight' or "
                         "'rope_factors_short.weight' asks for longrope",
                         model->architecture_name, kind);
    if (!longrope && strcmp(kind, "longrope") == 0)
        return error_set(error, STATUS_FORMAT,
                         "key '%s.rope.scaling.type': is 'longrope', but tensor 'rope_factors_long.weight' is missing",
                         model->architecture_name);
    if ((longrope || llama3) && scaling->factor != 1 && strcmp(kind, "none") != 0)
        return error_set(
            error, STATUS_UNSUPPORTED, "key '%s.rope.scaling.factor': %g beside tensor '%s' is not supported",
            model->architecture_name, scaling->factor, longrope ? "rope_factors_long.weight" : "rope_freqs.weight");
    if (longrope)
        model->rope.scaling = ROPE_LONGROPE;
    else if (llama3)
        model->rope.scaling = ROPE_LLAMA3;
    else if (strcmp(kind, "yarn") == 0)
        model->rope.scaling = ROPE_YARN;
    else if (scaling->factor != 1 && strcmp(kind, "none") != 0)
        model->rope.scaling = ROPE_LINEAR;
    return STATUS_OK;
}

/* Yarn multiplies by 1 + 0.1·ln(factor) (arXiv 2309.00071, section 3.4), and a multiplier m of the file divides by 1 +
 * 0.1·m·ln(factor), as DeepSeek's mscale_all_dim does. Mistral 3's is 1 for all its models, so that nothing is left. */
static double yarn_magnitude(const struct model *model, const struct scaling *scaling)
{
    double stretch = scaling->factor > 1 ? 0.1 * log(scaling->factor) : 0, multiplier = scaling->log_multiplier;

    if (!scaling->has_multiplier && strcmp(model->architecture_name, "mistral3") == 0)
        multiplier = 1;
    return scaling->attention_factor * (1 + stretch) / (1 + multiplier * stretch);
}

enum status gguf_read_rope(struct model *model, const struct gguf_parts *parts, struct error *error)
{
    struct rope *rope = &model->rope;
    struct scaling scaling = {0};
    size_t local_dimensions;
    enum status status;

    rope->dimensions = model->head_size;
    status = read_size(model, parts, "rope.dimension_count", &rope->dimensions, error);
    local_dimensions = rope->dimensions;
    if (!status)
        status = read_size(model, parts, "rope.dimension_count_swa", &local_dimensions, error);
    if (!status && local_dimensions != rope->dimensions)
        status = error_set(error, STATUS_UNSUPPORTED,
                           "key '%s.rope.dimension_count_swa': %zu beside %zu of global layers is not supported",
                           model->architecture_name, local_dimensions, rope->dimensions);
    if (!status)
        status = read_scaling(&scaling, model, parts, error);
    if (!status)
        status = choose_scaling(model, &scaling, parts, error);
    if (status)
        return status;
    rope->factor = rope->scaling == ROPE_LINEAR || rope->scaling == ROPE_YARN ? scaling.factor : 1;
    if (rope->scaling == ROPE_YARN)
        rope->magnitude = yarn_magnitude(model, &scaling);
    else if (rope->scaling == ROPE_LONGROPE)
        rope->magnitude = scaling.attention_factor;
    else if (scaling.attention_factor != 1)
        return error_set(error, STATUS_UNSUPPORTED,
                         "key '%s.rope.scaling.attn_factor': %g is not supported without yarn or longrope",
                         model->architecture_name, scaling.attention_factor);
    if (rope->scaling != ROPE_YARN && rope->scaling != ROPE_LONGROPE && model->temperature_scale == 0)
        rope->original_context_tokens = 0;
    return STATUS_OK;
}

void gguf_write_rope(struct gguf_head *head, const struct model *model)
{
    const struct rope *rope = &model->rope;
    const char *prefix = model->architecture_name;
    struct scaling scaling = {.factor = rope->factor, .attention_factor = 1};
    double attention_factor = rope->magnitude;

    gguf_put_count_pair(head, prefix, "rope.dimension_count", (uint32_t)rope->dimensions);
    if (rope->original_context_tokens)
        gguf_put_count_pair(head, prefix, "rope.scaling.original_context_length",
                            (uint32_t)rope->original_context_tokens);
    if (rope->scaling == ROPE_LINEAR || rope->scaling == ROPE_YARN) {
        gguf_put_text_pair(head, prefix, "rope.scaling.type", rope->scaling == ROPE_YARN ? "yarn" : "linear");
        gguf_put_real_pair(head, prefix, "rope.scaling.factor", rope->factor);
    }
    if (rope->scaling == ROPE_YARN) {
        gguf_put_real_pair(head, prefix, "rope.scaling.yarn_beta_fast", rope->yarn_beta_fast);
        gguf_put_real_pair(head, prefix, "rope.scaling.yarn_beta_slow", rope->yarn_beta_slow);
        if (strcmp(prefix, "mistral3") == 0)
            gguf_put_real_pair(head, prefix, "rope.scaling.yarn_log_multiplier", 1);
        attention_factor /= yarn_magnitude(model, &scaling);
    }
    if (fabs(attention_factor - 1) > 1e-9)
        gguf_put_real_pair(head, prefix, "rope.scaling.attn_factor", attention_factor);
}

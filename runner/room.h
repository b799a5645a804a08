/* Does the work fit in memory? Asked before anything is allocated. */
#ifndef POCKETMARK_RUNNER_ROOM_H
#define POCKETMARK_RUNNER_ROOM_H

#include "devices/engine.h"
#include "devices/memory.h"

struct room {
    struct footprint footprint;
    uint64_t predicted_bytes; /* footprint + what the process holds already */
    bool known;               /* false: the engine cannot predict, and nothing is refused */
};

/* runtime_bytes: anonymous memory of the process before the load. */
struct room room_predict(const struct engine_ops *engine, const struct model *model,
                         const struct engine_options *options, const struct host *host, uint64_t runtime_bytes);

/* STATUS_MEMORY with both numbers and what binds, where the prediction is over the usable memory. */
enum status room_check(const struct room *room, const struct memory *memory, struct error *error);

/* Appends to the text of such an error what would fit instead: a file that is not repacked (`file`: the model lies in one), the
 * same model in a smaller format, else the largest described model. Nothing is appended where nothing fits. */
void room_suggest(const struct engine_ops *engine, const struct model *model, const struct engine_options *options,
                  const struct host *host, const struct memory *memory, uint64_t runtime_bytes, bool file,
                  struct error *error);

#endif

/* NVIDIA graphics processors, through their management library (https://docs.nvidia.com/deploy/nvml-api), which is looked for when
 * the program runs. POCKETMARK_NVML names another file of it. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/energy.h"

enum { NVML_SUCCESS = 0, NVML_NO_PERMISSION = 4, GPUS_MAX = 16 };

static const char library[] = "libnvidia-ml.so.1";

static const double joules_per_millijoule = 1e-3, watts_per_milliwatt = 1e-3;
/* The counter steps about ten times a second (https://ml.energy, "Measuring GPU energy"). */
static const double refresh_seconds = 0.1;

struct nvml {
    void *library;
    int (*shutdown)(void);
    const char *(*describe)(int result);
    int (*energy)(void *device, unsigned long long *millijoules); /* since the driver was loaded; Volta and later */
    int (*power)(void *device, unsigned *milliwatts);
    void *devices[GPUS_MAX];
    bool counts[GPUS_MAX]; /* has the energy counter; else power */
    unsigned long long first_mj[GPUS_MAX], last_mj[GPUS_MAX];
};

/* POSIX lets dlsym's result be a function; ISO C has no word for it. */
static bool find_symbol(void *handle, const char *name, void *function)
{
    void *address = dlsym(handle, name);

    memcpy(function, &address, sizeof address);
    return address != NULL;
}

static enum status refuse(const struct nvml *nvml, const char *what, int result, struct error *error)
{
    return error_set(error, STATUS_IO, "%s: %s: %s", library, what, nvml->describe(result));
}

static enum status nvml_read(void *state, size_t channel, double *value, struct error *error)
{
    struct nvml *nvml = state;
    unsigned long long now_mj, before_mj = nvml->last_mj[channel];
    unsigned milliwatts;
    int result;

    if (!nvml->counts[channel]) {
        result = nvml->power(nvml->devices[channel], &milliwatts);
        *value = result == NVML_SUCCESS ? milliwatts * watts_per_milliwatt : 0;
        return result == NVML_SUCCESS ? STATUS_OK : refuse(nvml, "power", result, error);
    }
    result = nvml->energy(nvml->devices[channel], &now_mj);
    if (result != NVML_SUCCESS)
        return refuse(nvml, "energy", result, error);
    nvml->last_mj[channel] = now_mj;
    if (now_mj < before_mj) {
        nvml->first_mj[channel] = now_mj - (before_mj - nvml->first_mj[channel]);
        return error_set(error, STATUS_IO, "%s: the energy counter was set back; measure again", library);
    }
    *value = (double)(now_mj - nvml->first_mj[channel]) * joules_per_millijoule;
    return STATUS_OK;
}

static void nvml_close(void *state)
{
    struct nvml *nvml = state;

    if (nvml->shutdown)
        nvml->shutdown();
    dlclose(nvml->library);
    free(nvml);
}

static void add_gpu(struct nvml *nvml, unsigned index, void *device, struct energy_found *found)
{
    struct energy_channel channel = {.scope = SCOPE_DEVICE, .refresh_seconds = refresh_seconds};
    size_t at = found->count;
    unsigned milliwatts;

    nvml->counts[at] = nvml->energy && nvml->energy(device, &nvml->first_mj[at]) == NVML_SUCCESS;
    if (!nvml->counts[at] && (!nvml->power || nvml->power(device, &milliwatts) != NVML_SUCCESS))
        return;
    nvml->devices[at] = device;
    nvml->last_mj[at] = nvml->first_mj[at];
    channel.power = !nvml->counts[at];
    channel.step_joules = channel.power ? 0 : joules_per_millijoule;
    snprintf(channel.name, sizeof channel.name, "nvml-%u", index);
    found->channels[found->count++] = channel;
}

static enum status find_gpus(struct nvml *nvml, struct energy_found *found, struct error *error)
{
    int (*init)(void), (*stop)(void), (*count_of)(unsigned *), (*handle_of)(unsigned, void **);
    unsigned count = 0;
    int result;

    if (!find_symbol(nvml->library, "nvmlInit_v2", &init) || !find_symbol(nvml->library, "nvmlShutdown", &stop) ||
        !find_symbol(nvml->library, "nvmlErrorString", &nvml->describe) ||
        !find_symbol(nvml->library, "nvmlDeviceGetCount_v2", &count_of) ||
        !find_symbol(nvml->library, "nvmlDeviceGetHandleByIndex_v2", &handle_of))
        return error_set(error, STATUS_IO, "%s: too old, or not NVML", library);
    find_symbol(nvml->library, "nvmlDeviceGetTotalEnergyConsumption", &nvml->energy);
    find_symbol(nvml->library, "nvmlDeviceGetPowerUsage", &nvml->power);
    result = init();
    found->forbidden = result == NVML_NO_PERMISSION;
    if (result != NVML_SUCCESS)
        return refuse(nvml, "is the driver loaded?", result, error);
    nvml->shutdown = stop;
    result = count_of(&count);
    if (result != NVML_SUCCESS)
        return refuse(nvml, "devices", result, error);
    for (unsigned i = 0; i < count && found->count < GPUS_MAX; i++) {
        void *device;
        result = handle_of(i, &device);
        found->forbidden |= result == NVML_NO_PERMISSION;
        if (result == NVML_SUCCESS)
            add_gpu(nvml, i, device, found);
    }
    if (found->count)
        return STATUS_OK;
    if (result != NVML_SUCCESS)
        return refuse(nvml, "device", result, error);
    return error_set(error, STATUS_UNSUPPORTED, "%s finds no GPU that tells power or energy", library);
}

static enum status nvml_open(void **state, const struct energy_setting *setting, struct energy_found *found,
                             struct error *error)
{
    const char *file = getenv("POCKETMARK_NVML");
    struct nvml *nvml;
    void *handle;
    enum status status;

    if (setting->recorded)
        return error_set(error, STATUS_UNSUPPORTED, "not asked: a library cannot be recorded");
    handle = dlopen(file ? file : library, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return error_set(error, STATUS_UNSUPPORTED, "no %s", library);
    nvml = calloc(1, sizeof *nvml);
    if (!nvml) {
        dlclose(handle);
        return error_set(error, STATUS_MEMORY, "no memory for the GPUs' counters");
    }
    nvml->library = handle;
    status = find_gpus(nvml, found, error);
    if (status)
        nvml_close(nvml);
    else
        *state = nvml;
    return status;
}

extern const struct energy_ops energy_nvml;
const struct energy_ops energy_nvml = {
    .name = "nvml",
    .summary = "NVIDIA graphics processors; libnvidia-ml.so.1",
    .rank = 70,
    .scope = SCOPE_DEVICE,
    .open = nvml_open,
    .read = nvml_read,
    .close = nvml_close,
};
